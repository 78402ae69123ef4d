#include "adapters/vips/media_test_probe.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "adapters/vips/sandbox.hpp"
#include "adapters/vips/wire.hpp"

namespace hoist::vips {
namespace {

class Probe {
 public:
  void attempt(char const* name, long result) { tried_[name] = result == -1 ? errno : 0; }
  json::object tried() && { return std::move(tried_); }

 private:
  json::object tried_;
};

void try_files(Probe& probe) {
  struct stat status = {};
  char text[64] = {};
  probe.attempt("read /etc/passwd", ::open("/etc/passwd", O_RDONLY));
  probe.attempt("read /etc/shadow", ::open("/etc/shadow", O_RDONLY));
  probe.attempt("read own memory", ::open("/proc/self/mem", O_RDWR));
  probe.attempt("read parent's environment", ::open("/proc/1/environ", O_RDONLY));
  probe.attempt("list /", ::open("/", O_RDONLY | O_DIRECTORY));
  probe.attempt("open /dev/null", ::open("/dev/null", O_RDWR));
  probe.attempt("open /dev/mem", ::open("/dev/mem", O_RDWR));
  probe.attempt("create in /tmp", ::open("/tmp/hoist-escape", O_CREAT | O_RDWR, 0600));
  probe.attempt("unnamed file", ::open("/tmp", O_TMPFILE | O_RDWR, 0600));
  probe.attempt("openat2", ::syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", nullptr, 24));
  probe.attempt("mkdir", ::mkdir("/tmp/hoist-escape", 0700));
  probe.attempt("unlink", ::unlink("/tmp/hoist-escape"));
  probe.attempt("rename", ::rename("/tmp/a", "/tmp/b"));
  probe.attempt("symlink", ::symlink("/etc/passwd", "/tmp/hoist-escape"));
  probe.attempt("link", ::link("/etc/passwd", "/tmp/hoist-escape"));
  probe.attempt("chmod", ::chmod("/tmp", 0777));
  probe.attempt("chown", ::chown("/tmp", 0, 0));
  probe.attempt("stat", ::stat("/etc/passwd", &status));
  probe.attempt("readlink", ::readlink("/proc/self/exe", text, sizeof text));
  probe.attempt("chdir", ::chdir("/tmp"));
  probe.attempt("chroot", ::chroot("/tmp"));
  probe.attempt("mount", ::mount("none", "/tmp", "tmpfs", 0, nullptr));
  probe.attempt("truncate", ::truncate("/tmp/hoist-escape", 0));
}

void try_network(Probe& probe) {
  auto address = sockaddr_un{};
  address.sun_family = AF_UNIX;
  int pair[2];
  probe.attempt("internet socket", ::socket(AF_INET, SOCK_STREAM, 0));
  probe.attempt("internet 6 socket", ::socket(AF_INET6, SOCK_DGRAM, 0));
  probe.attempt("unix socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
  probe.attempt("netlink socket", ::socket(AF_NETLINK, SOCK_RAW, 0));
  probe.attempt("raw socket", ::socket(AF_PACKET, SOCK_RAW, 0));
  probe.attempt("socketpair", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  probe.attempt("connect", ::connect(0, reinterpret_cast<sockaddr*>(&address), sizeof address));
  probe.attempt("bind", ::bind(0, reinterpret_cast<sockaddr*>(&address), sizeof address));
  probe.attempt("listen", ::listen(0, 1));
}

void try_processes(Probe& probe) {
  char* const nothing[] = {nullptr};
  auto const child = ::syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (child == 0) ::_exit(0);
  probe.attempt("fork", child);
  auto const quick = ::syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  if (quick == 0) ::_exit(0);
  probe.attempt("vfork", quick);
  probe.attempt("exec", ::execve("/bin/true", nothing, nothing));
  probe.attempt("kill parent", ::kill(::getppid(), SIGTERM));
  probe.attempt("kill 1", ::kill(1, 0));
  probe.attempt("signal another", ::syscall(SYS_tgkill, 1, 1, 0));
  probe.attempt("ptrace parent", ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr));
  probe.attempt("read another's memory", ::syscall(SYS_process_vm_readv, 1, nullptr, 0, nullptr, 0, 0));
  probe.attempt("pidfd", ::syscall(SYS_pidfd_open, 1, 0));
  probe.attempt("raise limits", ::syscall(SYS_prlimit64, 0, RLIMIT_AS, nullptr, nullptr));
  probe.attempt("setuid", ::setuid(0));
  probe.attempt("new namespace", ::unshare(CLONE_NEWUSER));
  probe.attempt("setns", ::setns(0, 0));
  probe.attempt("bpf", ::syscall(SYS_bpf, 0, nullptr, 0));
  probe.attempt("io_uring", ::syscall(SYS_io_uring_setup, 1, nullptr));
  probe.attempt("perf", ::syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0));
  probe.attempt("userfaultfd", ::syscall(SYS_userfaultfd, 0));
  probe.attempt("memfd", ::memfd_create("escape", 0));
  probe.attempt("keyring", ::syscall(SYS_add_key, "user", "x", "y", 1, -1));
  probe.attempt("load module", ::syscall(SYS_init_module, nullptr, 0, ""));
  probe.attempt("ioctl", ::syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x"));
}

}  // namespace

int probe_the_box() {
  auto const box = enter_box(Box::decoder);
  if (!box) {
    (void)send_frame(0, json::object{{"failed", box.error().to_string()}}, Deadline::max());
    return 1;
  }
  auto probe = Probe{};
  try_files(probe);
  try_network(probe);
  try_processes(probe);
  auto answer = json::object{{"landlock", box->landlock}, {"namespaces", box->namespaces}};
  answer["tried"] = std::move(probe).tried();
  answer["gigabyte"] =
      ::mmap(nullptr, 1UL << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
  auto const shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  answer["shared_memory"] = shared != MAP_FAILED;
  // Reserving is not using: allocators do it for every thread.
  answer["reserved"] = ::mmap(nullptr, 64UL << 30, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                              0) != MAP_FAILED;
  answer["self_test"] = escapes_from_decoder_box().size();
  (void)send_frame(0, answer, Deadline::max());
  return 0;
}

}  // namespace hoist::vips
