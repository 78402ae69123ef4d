#include "adapters/vips/media.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utility>

#include "adapters/vips/memory.hpp"
#include "adapters/vips/pdf.hpp"
#include "adapters/vips/slugs.hpp"
#include "adapters/vips/sniff.hpp"
#include "adapters/vips/wire.hpp"
#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/fd.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/process.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

struct Child {
  Process process;
  Fd socket;
  int jobs = 0;
};

std::unexpected<Error> away(std::string cause) {
  return fail(Error{Code::unavailable, "Files cannot be inspected now."}.with_cause(std::move(cause)));
}

Result<Child> start_child(std::vector<std::string> command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return away("socketpair");
  auto ours = Fd{ends[0]};
  auto started = [&] {
    auto const theirs = Fd{ends[1]};  // closed here, so that the child's end is its own
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

// Until the child has something to say. Errors: timeout; too_large: it takes too much memory.
Result<void> await_reply(Child const& child, Deadline limit) {
  auto watched = pollfd{.fd = child.socket.number(), .events = POLLIN, .revents = 0};
  while (std::chrono::steady_clock::now() < limit) {
    auto const ready = ::poll(&watched, 1, static_cast<int>(limits::memory_look_every.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return away(std::string{"poll: "} + std::strerror(errno));
    if (resident_bytes(child.process.pid()) > limits::memory_bytes_max) return fail(Code::too_large);
  }
  return fail(Code::timeout);
}

// The limit of the clock, which a machine with much to do reaches with any file.
Error ran_late() {
  return Error{Code::timeout}.with_slug(slug::decoder_limit).with_cause("wall time");
}

Error how_it_died(Child& child, Error const& seen) {
  if (seen.slug() == slug::decoder_crashed) return seen;
  if (seen.code() == Code::timeout) return ran_late();
  // What it kept of files before this one may have been what was too much.
  if (seen.code() == Code::too_large)
    return lost(child.jobs > 0 ? slug::decoder_crashed : slug::decoder_limit, "memory");
  auto const status = child.process.wait(std::chrono::seconds{2});
  if (status && WIFSIGNALED(*status))
    return lost(WTERMSIG(*status) == SIGXCPU ? slug::decoder_limit : slug::decoder_crashed,
                fmt::format("signal {}", WTERMSIG(*status)));
  return lost(slug::decoder_crashed,
              status ? fmt::format("exit {}", WEXITSTATUS(*status)) : seen.to_string());
}

MediaReport without_picture(std::string_view type, std::string_view reason, bool late = false) {
  auto report = MediaReport{.content_type = std::string{type.empty() ? "application/octet-stream" : type}};
  report.preview = unavailable(reason, late);
  return report;
}

// A read-only view with its own offset: what is scanned next to it cannot be changed through it.
Result<Fd> reopen(int file) {
  auto view = Fd{::open(fmt::format("/proc/self/fd/{}", file).c_str(), O_RDONLY | O_CLOEXEC)};
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
        [this, request = std::move(request), deadline]() -> Result<MediaReport> {
          auto report = inspect_now(request, deadline);
          auto const failed = !report && report.error().code() == Code::unavailable;
          if (failed && descriptors_are_short())
            return fail(Error{report.error()}.with_slug(out_of_descriptors));
          return report;
        }};
    co_return co_await run_blocking<MediaReport>(pool_, std::move(work));
  }

 private:
  Result<MediaReport> inspect_now(MediaRequest const& request, Deadline deadline) {
    TRY(auto const file, reopen(request.file));
    auto job = Job{.file = file.number(), .size = request.size};
    if (is_utf8(request.declared_type)) job.declared_type = canonical_type(request.declared_type);
    TRY(auto report, look(std::move(job), deadline));
    auto const missing = report.thumbnails.empty() && report.preview.reason.empty();
    if (missing && report.content_type != "application/pdf")
      return without_picture(report.content_type, slug::decoder_crashed);
    if (missing) CHECK(add_first_page(report, file.number(), deadline));
    return report;
  }

  // Everything, or what can be said without the picture. A crash counts when a fresh child repeats it:
  // what a child keeps of the files before is not this file's fault.
  Result<MediaReport> look(Job job, Deadline deadline) {
    auto const limit = std::min(deadline, deadline_in(options_.wall_max));
    auto report = decode(take(), job, limit);
    if (!report && report.error().slug() == slug::decoder_crashed) report = decode(start(), job, limit);
    if (std::chrono::steady_clock::now() >= deadline) return fail(too_late());
    if (report || !is_lost(report.error())) return report;
    auto const reason = report.error().slug();
    auto const late = report.error().code() == Code::timeout;
    for (auto const depth : {Depth::header, Depth::type}) {
      job.depth = depth;
      auto known = decode(start(), job, std::min(deadline, deadline_in(limits::header_wall_max)));
      if (!known && is_lost(known.error())) continue;
      if (known) known->preview = unavailable(reason, late);
      return known;
    }
    return without_picture(job.declared_type, reason, late);
  }

  // Errors: lost() with what became of the child.
  Result<MediaReport> decode(Result<Child> child, Job const& job, Deadline limit) {
    if (!child) return std::unexpected{child.error()};
    if (std::chrono::steady_clock::now() >= limit) {
      give_back(std::move(*child));
      return fail(ran_late());
    }
    limit_cpu(child->process.pid());
    auto const socket = child->socket.number();
    auto report = [&]() -> Result<MediaReport> {
      CHECK(send_job(socket, job, limit));
      CHECK(await_reply(*child, limit));
      return receive_report(socket, job, limit);
    }();
    if (report || report.error().slug() == slug::type_mismatch) {
      give_back(std::move(*child));
      return report;
    }
    crashes_.add();
    auto error = how_it_died(*child, report.error());
    log::warn("a media child was lost", {{"slug", std::string{error.slug()}}, {"cause", error.cause()}});
    return fail(std::move(error));  // the child's destructor kills it
  }

  // Errors: timeout, unavailable; what is about the document goes into the report.
  Result<void> add_first_page(MediaReport& report, int file, Deadline deadline) {
    auto const until =
        deadline_in(std::min<std::chrono::milliseconds>(options_.wall_max, limits::pdf_wall_max));
    auto const tools = PdfTools{.child_command = options_.child_command, .until = until};
    auto const picture = [&]() -> Result<std::string> {
      TRY(report.pages, pdf_pages(tools, file, deadline));
      return pdf_first_page(tools, file, deadline);
    }();
    if (!picture && picture.error().code() != Code::invalid) return std::unexpected{picture.error()};
    if (!picture) {
      log::info("a document is not shown", {{"cause", picture.error().cause()}});
      report.preview = unavailable(picture.error().slug());
      return {};
    }
    auto const memory = Fd{::memfd_create("page", MFD_CLOEXEC)};
    if (::write(memory.number(), picture->data(), picture->size()) != static_cast<ssize_t>(picture->size()))
      return away("memfd");
    auto const size = static_cast<std::int64_t>(picture->size());
    TRY(auto page, look({.file = memory.number(), .size = size, .declared_type = "image/png"}, deadline));
    report.thumbnails = std::move(page.thumbnails);
    report.preview = std::move(page.preview);
    return {};
  }

  Result<Child> start() { return start_child(options_.child_command); }

  Result<Child> take() {
    {
      auto const lock = Lock{mutex_};
      if (!idle_.empty()) {
        auto child = std::move(idle_.back());
        idle_.pop_back();
        return child;
      }
    }
    return start();
  }

  void give_back(Child child) {
    if (++child.jobs > options_.jobs_per_child_max) return;
    if (resident_bytes(child.process.pid()) > limits::idle_bytes_max) return;
    auto const lock = Lock{mutex_};
    idle_.push_back(std::move(child));
  }

  MediaOptions options_;
  Counter crashes_;
  Mutex mutex_;
  std::vector<Child> idle_ HOIST_GUARDED_BY(mutex_);
  Pool pool_;  // last: its threads use the rest
};

}  // namespace

Result<std::unique_ptr<Media>> open_media(MediaOptions options, Metrics& metrics) {
  auto media = std::make_unique<SandboxedMedia>(std::move(options), metrics);
  CHECK(media->prove());
  return std::unique_ptr<Media>{std::move(media)};
}

}  // namespace hoist::vips
