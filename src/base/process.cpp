#include "base/process.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "base/try.hpp"

namespace hoist {
namespace {

struct Plan {
  char* const* arguments;
  int wanted[3];
  bool isolated;
  Landlock const* box;
};

// Between fork and exec of a program with threads only async-signal-safe calls are allowed.
[[noreturn]] void become(Plan const& plan, pid_t parent) {
  // Ctrl-C at the terminal is for the server, which then ends its children in its own order.
  ::setsid();
  if (plan.isolated) {
    ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  }
  // After the above, because a change of credentials forgets it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  int high[3];
  for (int i = 0; i < 3; ++i) {
    auto const from =
        plan.wanted[i] >= 0 ? plan.wanted[i] : ::open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
    high[i] = ::fcntl(from, F_DUPFD, 10);  // out of the way of 0, 1 and 2
    if (high[i] < 0) ::_exit(127);
  }
  for (int i = 0; i < 3; ++i)
    if (::dup2(high[i], i) < 0) ::_exit(127);
  if (plan.box != nullptr && !plan.box->enter()) ::_exit(127);
  ::syscall(SYS_close_range, 3, ~0U, 0);
  auto mask = sigset_t{};
  ::sigemptyset(&mask);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  char* const environment[] = {nullptr};
  ::execve(plan.arguments[0], plan.arguments, environment);
  ::_exit(127);
}

// Sends SIGKILL to each child of this process. False: they cannot be told.
bool kill_children() {
  auto const list = ::open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
  if (list < 0) return false;
  char text[4096];
  auto pid = pid_t{0};
  for (auto count = ::read(list, text, sizeof text); count > 0; count = ::read(list, text, sizeof text))
    for (auto const c : std::string_view{text, static_cast<std::size_t>(count)})
      if (c >= '0' && c <= '9') {
        pid = pid * 10 + (c - '0');
      } else {
        if (pid > 0) ::kill(pid, SIGKILL);
        pid = 0;
      }
  ::close(list);
  return true;
}

// A process that dies here leaves its children to us, so after each death there may be new ones.
void kill_tree(pid_t program) {
  ::kill(-program, SIGKILL);
  while (kill_children())
    if (::waitpid(-1, nullptr, 0) < 0 && errno == ECHILD) return;
}

[[noreturn]] void end_as(int status) {
  if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
  auto const none = rlimit{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  auto mask = sigset_t{};
  ::sigfillset(&mask);
  ::sigdelset(&mask, WTERMSIG(status));
  ::signal(WTERMSIG(status), SIG_DFL);
  ::kill(::getpid(), WTERMSIG(status));
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::_exit(127);
}

// Runs the program, and ends when it ends or when told to by SIGTERM, which the kernel sends too when
// our parent dies. This is a fork of the server that never becomes another program.
[[noreturn]] void keep(Plan const& plan, pid_t parent) {
  ::setsid();
  auto all = sigset_t{};
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(127);
  auto const self = ::getpid();
  auto const program = ::_Fork();
  if (program < 0) ::_exit(127);
  if (program == 0) become(plan, self);
  ::syscall(SYS_close_range, 0, ~0U, 0);  // the server's lock, sockets and files
  auto awaited = sigset_t{};
  ::sigemptyset(&awaited);
  ::sigaddset(&awaited, SIGCHLD);
  ::sigaddset(&awaited, SIGTERM);
  while (true) {
    auto const signal = ::sigwaitinfo(&awaited, nullptr);
    auto status = 0;
    auto ended = false;
    for (auto pid = pid_t{1}; pid > 0 && !ended; ended = pid == program)
      pid = ::waitpid(-1, &status, WNOHANG);
    if (!ended && signal != SIGTERM) continue;
    kill_tree(program);
    end_as(ended ? status : SIGKILL);
  }
}

}  // namespace

Result<Process> Process::start(ProcessOptions options) {
  auto arguments = std::vector<char*>{};
  for (auto& word : options.command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  auto box = std::optional<Landlock>{};
  if (options.files) {
    TRY(box, Landlock::make(*options.files));
  }
  auto const plan = Plan{.arguments = arguments.data(),
                         .wanted = {options.in, options.out, options.err},
                         .isolated = options.isolated,
                         .box = box ? &*box : nullptr};
  auto const parent = ::getpid();
  auto const pid = ::fork();
  if (pid < 0)
    return fail(Error{Code::unavailable, "The server cannot start a helper process now."}.with_cause(
        std::string{"fork: "} + std::strerror(errno)));
  if (pid == 0 && options.whole_tree) keep(plan, parent);
  if (pid == 0) become(plan, parent);
  return Process{pid, options.whole_tree};
}

Process::Process(Process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)},
      whole_tree_{other.whole_tree_},
      status_{std::exchange(other.status_, std::nullopt)} {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(whole_tree_, other.whole_tree_);
  std::swap(status_, other.status_);
  return *this;
}

Process::~Process() {
  if (pid_ < 0 || status_) return;
  ::kill(pid_, whole_tree_ ? SIGTERM : SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

std::optional<int> Process::wait(std::chrono::milliseconds patience) {
  if (pid_ < 0 || status_) return status_;
  // A pidfd becomes readable when the process ends.
  auto const descriptor = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  auto watched = pollfd{.fd = descriptor, .events = POLLIN, .revents = 0};
  while (::poll(&watched, 1, static_cast<int>(patience.count())) < 0 && errno == EINTR) {
  }
  if (descriptor >= 0) ::close(descriptor);
  auto status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

}  // namespace hoist
