#include "adapters/clamd/daemon.hpp"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include "adapters/clamd/connection.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/process.hpp"
#include "base/retry.hpp"
#include "base/try.hpp"

namespace hoist::clamd {
namespace {

namespace fs = std::filesystem;

constexpr auto stop_patience = std::chrono::seconds{5};
constexpr auto healthy_after = std::chrono::seconds{30};
constexpr auto silence_max = std::chrono::minutes{10};          // however busy: with its signatures, say
constexpr auto engine_bytes_max = std::int64_t{2'000'000'000};  // ClamAV takes no larger file
constexpr auto look_every = std::chrono::milliseconds{200};

constexpr auto loaders =
    std::to_array<char const*>({"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"});

// The EICAR test file by its bytes in hexadecimal, so that this file is not itself one.
constexpr auto test_database = std::string_view{
    "Eicar-Test-Signature:0:*:58354f2150254041505b345c505a58353428505e2937434329377d2445494341522d"
    "5354414e444152442d414e544956495255532d544553542d46494c452124482b482a\n"};

bool has_signatures(fs::path const& folder) {
  auto error = std::error_code{};
  for (auto const* name : {"main.cvd", "main.cld", "daily.cvd", "daily.cld"})
    if (fs::exists(folder / name, error)) return true;
  return false;
}

std::unexpected<Error> cannot_start(std::string cause) {
  return fail(Error{Code::unavailable, "The virus scanner cannot be started."}.with_cause(std::move(cause)));
}

Result<void> write_file(fs::path const& path, std::string_view text) {
  auto file = std::ofstream{path, std::ios::binary | std::ios::trunc};
  file << text;
  file.close();
  if (!file) return cannot_start("cannot write " + path.string());
  return {};
}

Result<void> make_folder(fs::path const& path) {
  auto error = std::error_code{};
  fs::create_directories(path, error);
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (error) return cannot_start(path.string() + ": " + error.message());
  return {};
}

// Debian confines /usr/sbin/clamd by path to its own folders. Started through the loader it is not
// that path; it stays a process of our user, reading a stream and its signatures.
std::vector<std::string> command_for(DaemonOptions const& options) {
  auto command = std::vector<std::string>{options.program, "-c", options.folder + "/clamd.conf"};
  auto enabled = std::string{};
  std::ifstream{"/sys/module/apparmor/parameters/enabled"} >> enabled;
  for (auto const* loader : loaders)
    if (enabled == "Y" && fs::exists(loader)) {
      command.insert(command.begin(), loader);
      break;
    }
  return command;
}

// Processor time of a process so far in clock ticks: proc(5), the 14th and 15th field of stat.
std::uint64_t ticks_of(int pid) {
  auto file = std::ifstream{fmt::format("/proc/{}/stat", pid)};
  auto line = std::string{};
  std::getline(file, line);
  auto rest = std::istringstream{line.substr(std::min(line.rfind(')') + 1, line.size()))};
  auto word = std::string{};
  for (auto field = 3; field < 14; ++field) rest >> word;
  auto user = std::uint64_t{0};
  auto system = std::uint64_t{0};
  rest >> user >> system;
  return user + system;
}

// Tells a scanner that is frozen from one that is busy with its signatures: that one does not answer
// either, but uses the processor.
class Pulse {
 public:
  explicit Pulse(std::chrono::milliseconds frozen_after) : frozen_after_{frozen_after} {}

  // True when it has to be replaced.
  bool is_lost(bool answered, std::uint64_t ticks) {
    auto const now = std::chrono::steady_clock::now();
    if (answered) heard_at_ = now;
    if (answered || ticks != ticks_) moved_at_ = now;
    ticks_ = ticks;
    return now - moved_at_ > frozen_after_ || now - heard_at_ > silence_max;
  }

 private:
  std::chrono::milliseconds frozen_after_;
  std::uint64_t ticks_ = 0;
  std::chrono::steady_clock::time_point heard_at_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point moved_at_ = heard_at_;
};

bool answers(std::string const& socket, std::chrono::milliseconds patience) {
  auto const asking = std::function<Async<>()>{[&] { return ping(socket, deadline_in(patience)); }};
  return run_to_end<void>(asking).has_value();
}

}  // namespace

FileRights box_of(DaemonOptions const& options) {
  auto rights = FileRights{};
  rights.read = {"/usr",           "/lib",         "/lib64",          "/etc/ld.so.cache",
                 "/etc/localtime", "/dev/urandom", options.signatures};
  rights.write = {options.folder, "/dev/null"};
  rights.run = {options.program};
  rights.run.insert(rights.run.end(), loaders.begin(), loaders.end());
  return rights;
}

std::string configuration(DaemonOptions const& options, std::string const& database) {
  auto text = fmt::format("LocalSocket {0}/clamd.sock\nTemporaryDirectory {0}/tmp\nLogFile {0}/clamd.log\n",
                          options.folder);
  text += fmt::format("DatabaseDirectory {}\n", database);
  auto const file_max = std::min(options.file_bytes_max, engine_bytes_max);
  // A container and what is in it count together towards MaxScanSize.
  text += fmt::format("StreamMaxLength {0}\nMaxFileSize {0}\nMaxScanSize {1}\n", file_max,
                      std::min(4 * file_max, engine_bytes_max));
  text +=
      "LocalSocketMode 600\n"
      "FixStaleSocket yes\n"
      "Foreground yes\n"
      "LogFileMaxSize 5M\n"
      "LogTime yes\n"
      "MaxThreads 4\n"
      "MaxQueue 32\n"
      "ReadTimeout 60\n"
      "CommandReadTimeout 30\n"
      "MaxScanTime 100000\n"
      "MaxRecursion 17\n"
      "MaxFiles 10000\n"
      // What is over a limit is reported instead of called OK.
      "AlertExceedsMax yes\n"
      // What cannot be opened is reported instead of called OK.
      "AlertEncrypted yes\n"
      // A clean answer is about these bytes and today's signatures, never from memory.
      "DisableCache yes\n"
      // Decodes every picture for a handful of signatures.
      "ScanImageFuzzyHash no\n"
      // Twice the memory while signatures are read again.
      "ConcurrentDatabaseReload no\n"
      "SelfCheck 3600\n";
  return text;
}

struct Daemon::State {
  DaemonOptions options;
  bool test_signatures_only = false;
  std::atomic<int> pid{0};
  Mutex mutex;
  Condition stopping;
  bool stop HOIST_GUARDED_BY(mutex) = false;
  std::thread watcher;

  [[nodiscard]] std::string socket() const { return options.folder + "/clamd.sock"; }

  // True when it is time to stop.
  bool pause(std::chrono::milliseconds delay) {
    auto const end = std::chrono::steady_clock::now() + delay;
    auto const lock = Lock{mutex};
    while (!stop)
      if (!stopping.wait_until(mutex, end)) return stop;
    return true;
  }

  void end(Process& process) {
    process.signal(SIGTERM);
    process.signal(SIGCONT);  // a stopped process cannot take the signal
    if (!process.wait(stop_patience)) process.signal(SIGKILL);
  }

  // Until it ends by itself or has to be replaced (false), or we stop (true).
  bool watch(Process& process) {
    auto pulse = Pulse{options.frozen_after};
    auto const ask_every = options.frozen_after / 5;
    auto ask_at = std::chrono::steady_clock::now() + ask_every;
    while (!pause(std::min(look_every, ask_every))) {
      if (process.wait(std::chrono::milliseconds{0})) return false;
      if (std::chrono::steady_clock::now() < ask_at) continue;
      if (pulse.is_lost(answers(socket(), ask_every), ticks_of(process.pid()))) {
        log::warn("the virus scanner does not answer any more and is replaced",
                  {{"pid", std::to_string(process.pid())}});
        process.signal(SIGKILL);
        return false;
      }
      ask_at = std::chrono::steady_clock::now() + ask_every;
    }
    end(process);
    return true;
  }

  void run() {
    auto const pauses = Backoff{.first = options.backoff_min, .longest = options.backoff_max};
    auto failures = 0;
    while (true) {
      auto const started_at = std::chrono::steady_clock::now();
      auto process =
          Process::start({.command = command_for(options), .isolated = true, .files = box_of(options)});
      if (process) {
        pid = process->pid();
        auto const stopped = watch(*process);
        pid = 0;
        if (stopped) return;
      }
      if (std::chrono::steady_clock::now() - started_at > healthy_after) failures = 0;
      auto const delay = std::chrono::duration_cast<std::chrono::milliseconds>(pauses.after(++failures));
      log::warn("the virus scanner ended and is started again; see its log",
                {{"log", options.folder + "/clamd.log"}, {"in_ms", std::to_string(delay.count())}});
      if (pause(delay)) return;
    }
  }
};

Daemon::Daemon(std::unique_ptr<State> state) : state_{std::move(state)} {}

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonOptions options) {
  auto error = std::error_code{};
  options.folder = fs::absolute(options.folder, error).string();
  if (!fs::exists(options.program, error)) return cannot_start(options.program + " is not installed");
  auto const folder = fs::path{options.folder};
  if ((folder / "clamd.sock").string().size() >= sizeof(sockaddr_un::sun_path))
    return cannot_start("the path of the data folder is too long for a socket: " + options.folder);
  CHECK(make_folder(folder));
  fs::remove_all(folder / "tmp", error);  // leftovers of a clamd that was killed
  CHECK(make_folder(folder / "tmp"));
  TRY(auto const box, Landlock::make({}));
  if (!box.available())
    log::warn("the virus scanner is not boxed: this kernel has no Landlock, so it can read what we can");
  auto state = std::make_unique<State>();
  state->test_signatures_only = !has_signatures(options.signatures);
  auto database = fs::path{options.signatures};
  if (state->test_signatures_only) {
    database = folder / "db";
    CHECK(make_folder(database));
    CHECK(write_file(database / "test.ndb", test_database));
    log::warn("NO VIRUS SIGNATURES: only the EICAR test file is recognised; run tools/clamav-signatures.sh",
              {{"looked_in", options.signatures}});
  }
  CHECK(write_file(folder / "clamd.conf", configuration(options, database.string())));
  state->options = std::move(options);
  state->watcher = std::thread{[state = state.get()] { state->run(); }};
  return std::unique_ptr<Daemon>{new Daemon{std::move(state)}};
}

Daemon::~Daemon() {
  {
    auto const lock = Lock{state_->mutex};
    state_->stop = true;
  }
  state_->stopping.notify_all();
  state_->watcher.join();
}

std::string Daemon::socket() const {
  return state_->socket();
}

bool Daemon::test_signatures_only() const {
  return state_->test_signatures_only;
}

int Daemon::pid() const {
  return state_->pid;
}

bool Daemon::wait_until_it_answers(std::chrono::milliseconds patience) const {
  auto const deadline = std::chrono::steady_clock::now() + patience;
  while (!answers(socket(), std::chrono::seconds{1})) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    state_->pause(std::chrono::milliseconds{20});
  }
  return true;
}

}  // namespace hoist::clamd
