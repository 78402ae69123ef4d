#include "base/process.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace hoist {
namespace {

// Between fork and exec of a program with threads only async-signal-safe calls are allowed.
[[noreturn]] void become(char* const* arguments, int const (&wanted)[3], bool isolated, pid_t parent) {
  // Ctrl-C at the terminal is for the server, which then ends its children in its own order.
  ::setsid();
  if (isolated) {
    ::unshare(CLONE_NEWUSER | CLONE_NEWNET);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  }
  // After the above, because a change of credentials forgets it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  int high[3];
  for (int i = 0; i < 3; ++i) {
    auto const from = wanted[i] >= 0 ? wanted[i] : ::open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
    high[i] = ::fcntl(from, F_DUPFD, 10);  // out of the way of 0, 1 and 2
    if (high[i] < 0) ::_exit(127);
  }
  for (int i = 0; i < 3; ++i)
    if (::dup2(high[i], i) < 0) ::_exit(127);
  ::syscall(SYS_close_range, 3, ~0U, 0);
  auto mask = sigset_t{};
  ::sigemptyset(&mask);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  char* const environment[] = {nullptr};
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Result<Process> Process::start(ProcessOptions options) {
  auto arguments = std::vector<char*>{};
  for (auto& word : options.command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int const wanted[3] = {options.in, options.out, options.err};
  auto const parent = ::getpid();
  auto const pid = ::fork();
  if (pid < 0)
    return fail(Error{Code::unavailable, "The server cannot start a helper process now."}.with_cause(
        std::string{"fork: "} + std::strerror(errno)));
  if (pid == 0) become(arguments.data(), wanted, options.isolated, parent);
  return Process{pid};
}

Process::Process(Process&& other) noexcept
    : pid_{std::exchange(other.pid_, -1)}, status_{std::exchange(other.status_, std::nullopt)} {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  return *this;
}

Process::~Process() {
  if (pid_ < 0 || status_) return;
  ::kill(pid_, SIGKILL);
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
