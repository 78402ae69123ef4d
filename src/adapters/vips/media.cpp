#include "adapters/vips/media.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <mutex>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "adapters/vips/pdf.hpp"
#include "adapters/vips/slugs.hpp"
#include "adapters/vips/sniff.hpp"
#include "adapters/vips/wire.hpp"
#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/pool.hpp"
#include "base/process.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_{number} {}
  Descriptor(Descriptor&& other) noexcept : number_{std::exchange(other.number_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

struct Child {
  Process process;
  Descriptor socket;
  int jobs = 0;
};

std::unexpected<Error> away(std::string cause) {
  return fail(Error{Code::unavailable, "Files cannot be inspected now."}.with_cause(std::move(cause)));
}

Result<Child> start_child(std::vector<std::string> command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return away("socketpair");
  auto ours = Descriptor{ends[0]};
  auto started = [&] {
    auto const theirs = Descriptor{ends[1]};  // closed here, so that the child's end is its own
    return Process::start({.command = std::move(command), .in = theirs.number()});
  }();
  if (!started) return std::unexpected{started.error()};
  auto child = Child{.process = std::move(*started), .socket = std::move(ours)};
  auto const hello = receive_frame(child.socket.number(), deadline_in(limits::start_wall_max));
  if (!hello) return away("a media child did not start: " + hello.error().to_string());
  auto const* const ready = hello->if_contains("ready");
  if (ready == nullptr || !ready->is_bool() || !ready->as_bool())
    return away("a media child refused to start: " + json::serialize(*hello));
  return child;
}

// What the child has used so far, plus the limit, so that each file gets the same.
void limit_cpu(pid_t child) {
  auto clock = clockid_t{};
  auto used = timespec{};
  if (::clock_getcpuclockid(child, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return;
  auto const seconds = static_cast<rlim_t>(used.tv_sec) + limits::cpu_s_max;
  auto const limit = rlimit{seconds, RLIM_INFINITY};
  ::prlimit(child, RLIMIT_CPU, &limit, nullptr);
}

// The caller's time is up, which says nothing about the file.
Error too_late() {
  return Error{Code::timeout, "Inspecting the file took too long."};
}

Error how_it_died(Child& child, Error const& seen) {
  if (seen.code() == Code::timeout) return refusal(slug::decoder_limit, {}, {}, "wall time");
  auto const status = child.process.wait(std::chrono::seconds{2});
  if (status && WIFSIGNALED(*status)) {
    auto const number = WTERMSIG(*status);
    auto const limited = number == SIGXCPU || number == SIGKILL;
    return refusal(limited ? slug::decoder_limit : slug::decoder_crashed, {}, {},
                   fmt::format("signal {}", number));
  }
  return refusal(slug::decoder_crashed, {}, {},
                 status ? fmt::format("exit {}", WEXITSTATUS(*status)) : seen.to_string());
}

// A read-only view with its own offset: what is scanned next to it cannot be changed through it.
Result<Descriptor> reopen(int file) {
  auto view = Descriptor{::open(fmt::format("/proc/self/fd/{}", file).c_str(), O_RDONLY | O_CLOEXEC)};
  if (view.number() < 0) return away(std::string{"reopen: "} + std::strerror(errno));
  return view;
}

class SandboxedMedia final : public Media {
 public:
  SandboxedMedia(MediaOptions options, Metrics& metrics)
      : options_{std::move(options)},
        crashes_{
            metrics.counter("hoist_media_children_lost_total", "Media children that crashed or were killed")},
        pool_{{.name = "media", .threads = options_.children, .queue_max = 256}} {}

  // Starts the first child, so that a broken sandbox is known at boot.
  // On the pool, because a child dies with the thread that started it.
  Result<void> prove() {
    auto proof = std::promise<Result<void>>{};
    auto const posted = pool_.try_post([&] {
      auto child = start_child(options_.child_command);
      if (child) give_back(std::move(*child));
      proof.set_value(child ? Result<void>{} : Result<void>{std::unexpected{child.error()}});
    });
    HOIST_ASSERT(posted);
    return proof.get_future().get();
  }

  Async<MediaReport> inspect(MediaRequest request, Deadline deadline) override {
    auto work = std::move_only_function<Result<MediaReport>()>{
        [this, request = std::move(request), deadline] { return inspect_now(request, deadline); }};
    co_return co_await run_blocking<MediaReport>(pool_, std::move(work));
  }

 private:
  Result<MediaReport> inspect_now(MediaRequest const& request, Deadline deadline) {
    if (request.size > limits::input_bytes_max)
      return fail(refusal(slug::decoder_limit, {}, {}, "file over the input limit"));
    TRY(auto const file, reopen(request.file));
    auto const declared =
        is_utf8(request.declared_type) ? canonical_type(request.declared_type) : std::string{};
    TRY(auto report,
        decode({.file = file.number(), .size = request.size, .declared_type = declared}, deadline));
    if (report.content_type != "application/pdf") return report;
    return add_first_page(std::move(report), file.number(), deadline);
  }

  Result<MediaReport> decode(Job const& job, Deadline deadline) {
    if (std::chrono::steady_clock::now() >= deadline) return fail(too_late());
    TRY(auto child, take());
    limit_cpu(child.process.pid());
    auto const limit = std::min(deadline, deadline_in(options_.wall_max));
    auto const sent = send_job(child.socket.number(), job, limit);
    auto report = sent ? receive_report(child.socket.number(), job, limit)
                       : Result<MediaReport>{std::unexpected{sent.error()}};
    auto const answered =
        report || (report.error().code() == Code::invalid && report.error().slug() != slug::decoder_crashed);
    if (answered) {
      give_back(std::move(child));
      return report;
    }
    crashes_.add();
    if (report.error().code() == Code::timeout && limit == deadline) return fail(too_late());
    auto error =
        report.error().slug() == slug::decoder_crashed ? report.error() : how_it_died(child, report.error());
    log::warn("a media child was lost", {{"slug", std::string{error.slug()}}, {"cause", error.cause()}});
    return fail(std::move(error));  // the child's destructor kills it
  }

  Result<MediaReport> add_first_page(MediaReport report, int file, Deadline deadline) {
    auto const tools = PdfTools{.child_command = options_.child_command, .wall_max = options_.wall_max};
    auto const pages = pdf_pages(tools, file, deadline);
    if (!pages && pages.error().code() == Code::conflict) return report;  // locked: stored without a picture
    if (!pages) return fail(pages.error());
    report.pages = *pages;
    TRY(auto const picture, pdf_first_page(tools, file, deadline));
    auto const memory = Descriptor{::memfd_create("page", MFD_CLOEXEC)};
    if (::write(memory.number(), picture.data(), picture.size()) != static_cast<ssize_t>(picture.size()))
      return away("memfd");
    TRY(auto page, decode({.file = memory.number(),
                           .size = static_cast<std::int64_t>(picture.size()),
                           .declared_type = "image/png"},
                          deadline));
    report.thumbnails = std::move(page.thumbnails);
    return report;
  }

  Result<Child> take() {
    {
      auto const lock = std::lock_guard{mutex_};
      if (!idle_.empty()) {
        auto child = std::move(idle_.back());
        idle_.pop_back();
        return child;
      }
    }
    return start_child(options_.child_command);
  }

  void give_back(Child child) {
    if (++child.jobs > options_.jobs_per_child_max) return;
    auto const lock = std::lock_guard{mutex_};
    idle_.push_back(std::move(child));
  }

  MediaOptions options_;
  Counter crashes_;
  std::mutex mutex_;
  std::vector<Child> idle_;
  Pool pool_;  // last: its threads use the rest
};

}  // namespace

Result<std::unique_ptr<Media>> open_media(MediaOptions options, Metrics& metrics) {
  auto media = std::make_unique<SandboxedMedia>(std::move(options), metrics);
  CHECK(media->prove());
  return std::unique_ptr<Media>{std::move(media)};
}

}  // namespace hoist::vips
