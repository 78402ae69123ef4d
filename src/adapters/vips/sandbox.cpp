#include "adapters/vips/sandbox.hpp"

#include <seccomp.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "adapters/vips/limits.hpp"
#include "base/landlock.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

std::unexpected<Error> broken(std::string const& layer) {
  return fail(Error{Code::internal, "The decoder's sandbox cannot be set up."}.with_cause(
      layer + ": " + std::strerror(errno)));
}

// Outside of any user we know and without a network. Optional: some kernels forbid it, and the
// other layers deny the same things.
bool leave_namespaces() {
  return ::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0;
}

Result<void> drop_capabilities() {
  auto header = __user_cap_header_struct{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  auto const none = std::vector<__user_cap_data_struct>(2);
  if (::syscall(SYS_capset, &header, none.data()) != 0) return broken("capset");
  return {};
}

Result<void> limit_resources(Box box, bool own_user_namespace) {
  auto const set = [](__rlimit_resource resource, rlim_t value) {
    auto const limit = rlimit{value, value};
    return ::setrlimit(resource, &limit) == 0;
  };
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
  if (!set(RLIMIT_DATA, limits::data_bytes_max)) return broken("RLIMIT_DATA");
#endif
  if (!set(RLIMIT_FSIZE, 0) || !set(RLIMIT_CORE, 0) || !set(RLIMIT_NOFILE, limits::descriptors_max) ||
      !set(RLIMIT_MEMLOCK, 0) || !set(RLIMIT_MSGQUEUE, 0))
    return broken("rlimits");
  // Processes are counted per user and namespace; in a shared one the count is not ours.
  if (own_user_namespace && !set(RLIMIT_NPROC, limits::threads_max)) return broken("RLIMIT_NPROC");
  if (box == Box::program && !set(RLIMIT_CPU, limits::pdf_cpu_s_max)) return broken("RLIMIT_CPU");
  return {};
}

// True when in force; false when the kernel has no Landlock.
Result<bool> restrict_files(Box box, std::vector<std::string> const& programs) {
  auto rights = FileRights{};
  if (box == Box::program) {
    rights.read = {"/usr",     "/lib", "/lib64", "/etc/fonts", "/var/cache/fontconfig", "/etc/ld.so.cache",
                   "/dev/null"};
    rights.run = programs;
    rights.run.insert(rights.run.end(), {"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"});
  }
  TRY(auto const landlock, Landlock::make(rights));
  if (!landlock.enter()) return broken("landlock");
  return landlock.available();
}

// Computing, memory, time and the descriptors that are already open.
constexpr int calls_of_both[] = {SCMP_SYS(read),
                                 SCMP_SYS(write),
                                 SCMP_SYS(readv),
                                 SCMP_SYS(writev),
                                 SCMP_SYS(pread64),
                                 SCMP_SYS(close),
                                 SCMP_SYS(lseek),
                                 SCMP_SYS(munmap),
                                 SCMP_SYS(mprotect),
                                 SCMP_SYS(mremap),
                                 SCMP_SYS(madvise),
                                 SCMP_SYS(brk),
                                 SCMP_SYS(futex),
                                 SCMP_SYS(set_robust_list),
                                 SCMP_SYS(rseq),
                                 SCMP_SYS(rt_sigaction),
                                 SCMP_SYS(rt_sigprocmask),
                                 SCMP_SYS(rt_sigreturn),
                                 SCMP_SYS(sigaltstack),
                                 SCMP_SYS(sched_yield),
                                 SCMP_SYS(sched_getaffinity),
                                 SCMP_SYS(getpid),
                                 SCMP_SYS(gettid),
                                 SCMP_SYS(clock_gettime),
                                 SCMP_SYS(clock_nanosleep),
                                 SCMP_SYS(nanosleep),
                                 SCMP_SYS(gettimeofday),
                                 SCMP_SYS(getrandom),
                                 SCMP_SYS(getrusage),
                                 SCMP_SYS(sysinfo),
                                 SCMP_SYS(poll),
                                 SCMP_SYS(ppoll),
                                 SCMP_SYS(exit),
                                 SCMP_SYS(exit_group),
                                 SCMP_SYS(restart_syscall)};

// What a dynamically linked program needs to start and to read its libraries and fonts.
constexpr int calls_of_program[] = {
    SCMP_SYS(execve),    SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address), SCMP_SYS(access),
    SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(newfstatat),      SCMP_SYS(fstat),
    SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(statx),           SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),   SCMP_SYS(getdents64), SCMP_SYS(readlink),        SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),    SCMP_SYS(uname),      SCMP_SYS(getuid),          SCMP_SYS(geteuid),
    SCMP_SYS(getgid),    SCMP_SYS(getegid),    SCMP_SYS(fadvise64),       SCMP_SYS(dup)};

scmp_arg_cmp argument_is(unsigned index, scmp_datum_t value) {
  return {.arg = index, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}

scmp_arg_cmp argument_has(unsigned index, scmp_datum_t mask, scmp_datum_t value) {
  return {.arg = index, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value};
}

bool add_rules(scmp_filter_ctx filter, Box box) {
  auto fine = true;
  auto const allow = [&](int call) { fine = fine && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0; };
  auto const allow_if = [&](int call, scmp_arg_cmp condition) {
    fine = fine && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, condition) == 0;
  };
  for (auto const call : calls_of_both) allow(call);
  // Shared memory is in no limit of the process; a program maps its font caches that way.
  allow_if(SCMP_SYS(mmap), argument_has(3, MAP_SHARED, 0));
  if (box == Box::program) allow_if(SCMP_SYS(mmap), argument_has(3, MAP_SHARED | MAP_ANONYMOUS, MAP_SHARED));
  // Threads yes, processes no. clone3 hides its flags in memory: glibc falls back to clone.
  allow_if(SCMP_SYS(clone), argument_has(0, CLONE_THREAD | CLONE_NEWUSER, CLONE_THREAD));
  fine = fine && seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
  // abort() signals the process itself.
  allow_if(SCMP_SYS(tgkill), argument_is(0, static_cast<scmp_datum_t>(::getpid())));
  allow_if(SCMP_SYS(prctl), argument_is(0, PR_SET_NAME));
  if (box == Box::decoder) {
    allow(SCMP_SYS(recvmsg));
    allow(SCMP_SYS(sendmsg));  // its one socket is connected: there is no address to send to
    return fine;
  }
  for (auto const call : calls_of_program) allow(call);
  constexpr auto writing = scmp_datum_t{O_ACCMODE | O_CREAT | O_TRUNC};
  allow_if(SCMP_SYS(openat), argument_has(2, writing, O_RDONLY));
  allow_if(SCMP_SYS(open), argument_has(1, writing, O_RDONLY));
  for (auto const what : {F_GETFD, F_SETFD, F_GETFL})
    allow_if(SCMP_SYS(fcntl), argument_is(1, static_cast<scmp_datum_t>(what)));
  allow_if(SCMP_SYS(prlimit64), argument_is(2, 0));  // asking, not setting
  return fine;
}

Result<void> filter_calls(Box box) {
  auto const filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
  if (filter == nullptr) return broken("seccomp_init");
  auto const loaded = add_rules(filter, box) && seccomp_load(filter) == 0;
  seccomp_release(filter);
  if (!loaded) return broken("seccomp");
  return {};
}

bool has_one_thread() {
  auto error = std::error_code{};
  auto const threads = std::filesystem::directory_iterator{"/proc/self/task", error};
  return !error && std::distance(begin(threads), end(threads)) == 1;
}

}  // namespace

Result<BoxReport> enter_box(Box box, std::vector<std::string> const& programs) {
  if (!has_one_thread()) return fail(Error{Code::internal}.with_cause("the sandbox needs one thread"));
  auto report = BoxReport{};
  auto const parent = ::getppid();
  report.namespaces = leave_namespaces();
  // Changed credentials forget that we end with our parent.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) return fail(Error{Code::internal}.with_cause("the parent is gone"));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return broken("no_new_privs");
  TRY(report.landlock, restrict_files(box, programs));
  CHECK(limit_resources(box, report.namespaces));
  CHECK(drop_capabilities());
  CHECK(filter_calls(box));
  return report;
}

std::vector<std::string> escapes_from_decoder_box() {
  auto escapes = std::vector<std::string>{};
  // The filter answers EPERM before the kernel looks at the arguments, which would do no harm.
  auto const denied = [&](char const* what, long result) {
    if (result != -1 || errno != EPERM) escapes.emplace_back(what);
  };
  denied("open", ::syscall(SYS_openat, AT_FDCWD, "", O_RDONLY));
  denied("create", ::syscall(SYS_openat, AT_FDCWD, "", O_CREAT | O_WRONLY, 0600));
  denied("unlink", ::unlink(""));
  denied("socket", ::socket(AF_INET, SOCK_STREAM, 0));
  denied("unix socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
  denied("connect", ::connect(-1, nullptr, 0));
  denied("kill", ::kill(::getpid(), 0));
  denied("ptrace", ::syscall(SYS_ptrace, -1, 0, 0, 0));
  denied("fork", ::syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
  denied("exec", ::syscall(SYS_execve, "", nullptr, nullptr));
  return escapes;
}

}  // namespace hoist::vips
