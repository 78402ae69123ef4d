#include "tasks/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/json.hpp"
#include "base/process.hpp"
#include "base/try.hpp"

namespace hoist::tasks {
namespace {

constexpr std::size_t complaint_bytes_max = 300;
constexpr auto look_interval = std::chrono::milliseconds{20};

std::string input_for(Delivery const& delivery) {
  auto input = json::object{{"effect_key", delivery.id.str()},
                            {"task_id", delivery.id.str()},
                            {"tenant", delivery.tenant.str()},
                            {"group", delivery.group},
                            {"sequence", delivery.sequence},
                            {"attempt", delivery.attempt},
                            {"accepted_at", to_rfc3339(delivery.accepted_at)}};
  if (auto const body = parse_json(delivery.body); body && body->is_object())
    for (auto const& member : body->get_object()) input[member.key()] = member.value();
  return json::serialize(input) + "\n";
}

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const count = ::write(to, bytes.data(), bytes.size());
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::lseek(to, 0, SEEK_SET) == 0;
}

// Waits a moment for more, keeps the beginning and lets the rest go by, so that the program never
// waits for a reader. False at the end.
bool read_some(int from, std::string& complaint) {
  auto waiting = pollfd{from, POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(look_interval.count())) == 0) return true;
  auto buffer = std::array<char, 65'536>{};
  auto const count = ::read(from, buffer.data(), buffer.size());
  if (count <= 0) return false;
  auto const room = complaint_bytes_max - std::min(complaint.size(), complaint_bytes_max);
  complaint.append(buffer.data(), std::min(static_cast<std::size_t>(count), room));
  return true;
}

std::string first_line(std::string_view text) {
  auto line = std::string{};
  for (auto const c : text.substr(0, text.find('\n'))) line += c >= 0x20 && c < 0x7F ? c : ' ';
  return line.empty() ? line : ": " + line;
}

Outcome judge(int status, std::string_view complaint) {
  auto const said = first_line(complaint);
  if (WIFSIGNALED(status))
    return Outcome::failure(fmt::format("The program was ended by signal {}{}", WTERMSIG(status), said));
  auto const code = WEXITSTATUS(status);
  if (code == 0) return Outcome::success();
  if (code == command_exit_permanent)
    return Outcome::refused(fmt::format("The program refused it for good (exit code {}){}", code, said));
  return Outcome::failure(fmt::format("The program failed with exit code {}{}", code, said));
}

Result<Outcome> run_program(CommandOptions const& options, std::string const& input, Deadline deadline,
                            std::atomic<bool> const& ending) {
  auto const in = Fd{::memfd_create("task", MFD_CLOEXEC)};
  if (!in.open() || !write_all(in.number(), input))
    return Outcome::failure("The task could not be handed over");
  auto ends = std::array<int, 2>{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Outcome::failure("The program could not be started");
  auto const from = Fd{ends[0]};
  auto to = Fd{ends[1]};
  auto process_options = ProcessOptions{};
  process_options.command = options.command;
  process_options.in = in.number();
  process_options.err = to.number();
  process_options.whole_tree = true;
  auto process = Process::start(std::move(process_options));
  to.reset();
  if (!process) return Outcome::failure("The program could not be started");
  auto complaint = std::string{};
  auto open = true;
  while (true) {
    open = open && read_some(from.number(), complaint);
    auto const status = process->wait(open ? std::chrono::milliseconds{0} : look_interval);
    // A program that it started may still hold the other end: that one is not waited for.
    if (status && open) (void)read_some(from.number(), complaint);
    if (status) return judge(*status, complaint);
    if (ending) return Outcome::failure("The server was stopped");
    if (std::chrono::steady_clock::now() >= deadline)
      return Outcome::failure(
          fmt::format("The program ran longer than {} ms and was ended", options.timeout.count()));
  }
}

class Command final : public Handler {
 public:
  Command(CommandOptions options, CommandThreads& threads)
      : options_{std::move(options)}, threads_{threads} {}

  asio::awaitable<Outcome> run(Delivery delivery, Deadline deadline) override {
    auto const limit = std::min(deadline, deadline_in(options_.timeout));
    auto work = std::move_only_function<Result<Outcome>()>{
        [options = options_, input = input_for(delivery), limit, &ending = threads_.ending()] {
          return run_program(options, input, limit, ending);
        }};
    auto outcome = co_await run_blocking<Outcome>(threads_.pool(), std::move(work));
    co_return outcome ? *std::move(outcome) : Outcome::failure(outcome.error().detail());
  }

 private:
  CommandOptions options_;
  CommandThreads& threads_;
};

}  // namespace

Result<void> check_command(std::vector<std::string> const& command) {
  if (command.empty() || !command[0].starts_with('/'))
    return fail(Code::invalid, "The command for tasks must begin with the full path of a program.");
  return {};
}

CommandThreads::CommandThreads(std::size_t count) : pool_{{.name = "commands", .threads = count}} {}

CommandThreads::~CommandThreads() {
  ending_ = true;  // before the pool waits for its threads
}

Result<MakeHandler> make_command(CommandOptions options, CommandThreads& threads) {
  CHECK(check_command(options.command));
  return MakeHandler{
      [options = std::move(options), &threads] { return std::make_unique<Command>(options, threads); }};
}

}  // namespace hoist::tasks
