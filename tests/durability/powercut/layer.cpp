// A library to preload (LD_PRELOAD) that models a power cut below one folder.
//
// POWERCUT_ROOT names the folder, POWERCUT_SHADOW the shadow that powercut_tool made of it. Writes go
// to the real folder as always; a sync copies what it covers into the shadow; after a kill -9 the tool
// builds from the shadow what a disk would hold. The reading is strict: bytes count after fsync,
// fdatasync, msync or a write to an O_SYNC descriptor; a name counts after fsync of its directory;
// sync_file_range and rename promise nothing. Real syncs are left out: the page cache outlives a killed
// process.
//
// POWERCUT_FORGET names a part of a path; syncs of directories that contain it are forgotten, to show
// that a suite finds a server that leaves them out.
//
// Children: the layer takes itself out of the environment and out of forks, so that sandboxed
// children, which may not make its system calls, run without it.

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <limits>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "raw.hpp"
#include "tracker.hpp"

namespace {

using powercut::Tracker;
namespace raw = powercut::raw;

std::atomic<Tracker*> tracker{nullptr};
constexpr auto to_the_end = std::numeric_limits<int64_t>::max();

[[noreturn]] void refuse(char const* why) {
  std::fprintf(stderr, "powercut: %s\n", why);
  _exit(97);
}

__attribute__((constructor)) void start() {
  auto root = std::getenv("POWERCUT_ROOT");
  auto shadow = std::getenv("POWERCUT_SHADOW");
  unsetenv("LD_PRELOAD");
  if (!root || !shadow) return;
  auto real = realpath(root, nullptr);
  auto status = real ? powercut::status_of(AT_FDCWD, real) : std::nullopt;
  if (!status) refuse("POWERCUT_ROOT is not there, or its file system keeps no birth times");
  if (powercut::Shadow{shadow}.load_root() != status->id)
    refuse("POWERCUT_SHADOW is not a shadow of POWERCUT_ROOT; make it with powercut_tool snapshot");
  auto forgotten = std::getenv("POWERCUT_FORGET");
  tracker = new Tracker{real, powercut::Shadow{shadow}, status->device, forgotten ? forgotten : ""};
  std::free(real);
  pthread_atfork(nullptr, nullptr, [] { tracker = nullptr; });
}

// After a write of `bytes` at the descriptor's own position.
ssize_t wrote_here(int fd, ssize_t bytes) {
  auto t = tracker.load();
  if (t && bytes > 0) {
    auto saved = errno;
    if (auto end = raw::lseek(fd, 0, SEEK_CUR); end >= bytes) t->wrote(fd, end - bytes, end);
    errno = saved;
  }
  return bytes;
}

ssize_t wrote_at(int fd, ssize_t bytes, int64_t offset) {
  if (offset < 0) return wrote_here(fd, bytes);
  if (auto t = tracker.load(); t && bytes > 0) t->wrote(fd, offset, offset + bytes);
  return bytes;
}

int resized(int fd, int result, int64_t from) {
  if (auto t = tracker.load(); t && result == 0) t->wrote(fd, from, to_the_end);
  return result;
}

int opened(int fd, int flags) {
  if (auto t = tracker.load(); t && fd >= 0 && (flags & O_TRUNC)) t->wrote(fd, 0, to_the_end);
  return fd;
}

int open_at(int directory, char const* path, int flags, unsigned mode) {
  return opened(int(::syscall(SYS_openat, directory, path, flags, mode)), flags);
}

unsigned mode_argument(int flags, va_list arguments) {
  return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, unsigned) : 0;
}

FILE* stream_opened(FILE* stream) {
  if (auto t = tracker.load(); t && stream) t->wrote_unseen(fileno(stream));
  return stream;
}

template <class Function>
Function next(char const* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT ssize_t write(int fd, const void* from, size_t bytes) {
  return wrote_here(fd, ::syscall(SYS_write, fd, from, bytes));
}
EXPORT ssize_t writev(int fd, iovec const* from, int count) {
  return wrote_here(fd, ::syscall(SYS_writev, fd, from, count));
}
EXPORT ssize_t pwrite64(int fd, void const* from, size_t bytes, off64_t offset) {
  return wrote_at(fd, raw::pwrite(fd, from, bytes, offset), offset);
}
EXPORT ssize_t pwrite(int fd, void const* from, size_t bytes, off_t offset) {
  return pwrite64(fd, from, bytes, offset);
}
EXPORT ssize_t pwritev64(int fd, iovec const* from, int count, off64_t offset) {
  return wrote_at(fd, ::syscall(SYS_pwritev, fd, from, count, offset, 0), offset);
}
EXPORT ssize_t pwritev(int fd, iovec const* from, int count, off_t offset) {
  return pwritev64(fd, from, count, offset);
}
EXPORT ssize_t pwritev64v2(int fd, iovec const* from, int count, off64_t offset, int flags) {
  return wrote_at(fd, ::syscall(SYS_pwritev2, fd, from, count, offset, 0, flags), offset);
}
EXPORT ssize_t pwritev2(int fd, iovec const* from, int count, off_t offset, int flags) {
  return pwritev64v2(fd, from, count, offset, flags);
}
EXPORT ssize_t sendfile64(int to, int from, off64_t* offset, size_t bytes) {
  return wrote_here(to, ::syscall(SYS_sendfile, to, from, offset, bytes));
}
EXPORT ssize_t sendfile(int to, int from, off_t* offset, size_t bytes) {
  return sendfile64(to, from, offset, bytes);
}
EXPORT ssize_t splice(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t bytes,
                      unsigned flags) {
  auto moved = ::syscall(SYS_splice, from, from_offset, to, to_offset, bytes, flags);
  return wrote_at(to, moved, to_offset ? *to_offset - moved : -1);
}
EXPORT ssize_t copy_file_range(int from, off64_t* from_offset, int to, off64_t* to_offset, size_t bytes,
                               unsigned flags) {
  auto moved = ::syscall(SYS_copy_file_range, from, from_offset, to, to_offset, bytes, flags);
  return wrote_at(to, moved, to_offset ? *to_offset - moved : -1);
}

EXPORT int ftruncate64(int fd, off64_t size) noexcept {
  return resized(fd, raw::ftruncate(fd, size), size);
}
EXPORT int ftruncate(int fd, off_t size) noexcept {
  return ftruncate64(fd, size);
}
EXPORT int truncate64(char const* path, off64_t size) noexcept {
  auto fd = raw::openat(AT_FDCWD, path, O_WRONLY);
  if (fd < 0) return -1;
  auto result = ftruncate64(fd, size);
  raw::close(fd);
  return result;
}
EXPORT int truncate(char const* path, off_t size) noexcept {
  return truncate64(path, size);
}
EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t bytes) {
  return resized(fd, int(::syscall(SYS_fallocate, fd, mode, offset, bytes)), offset);
}
EXPORT int fallocate(int fd, int mode, off_t offset, off_t bytes) {
  return fallocate64(fd, mode, offset, bytes);
}
EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t bytes) {
  return fallocate64(fd, 0, offset, bytes) == 0 ? 0 : errno;
}
EXPORT int posix_fallocate(int fd, off_t offset, off_t bytes) {
  return posix_fallocate64(fd, offset, bytes);
}

EXPORT int open64(char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int open(char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(AT_FDCWD, path, flags, mode);
}
EXPORT int openat64(int directory, char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(directory, path, flags, mode);
}
EXPORT int openat(int directory, char const* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  auto mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_at(directory, path, flags, mode);
}
EXPORT int creat(char const* path, mode_t mode) {
  return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
EXPORT FILE* fopen64(char const* path, char const* mode) {
  static auto real = next<FILE* (*)(char const*, char const*)>("fopen64");
  return stream_opened(real(path, mode));
}
EXPORT FILE* fopen(char const* path, char const* mode) {
  return fopen64(path, mode);
}
EXPORT FILE* fdopen(int fd, char const* mode) noexcept {
  static auto real = next<FILE* (*)(int, char const*)>("fdopen");
  return stream_opened(real(fd, mode));
}

EXPORT void* mmap64(void* at, size_t bytes, int protection, int flags, int fd, off64_t offset) noexcept {
  auto result = ::syscall(SYS_mmap, at, bytes, protection, flags, fd, offset);
  auto address = reinterpret_cast<void*>(result);
  auto shared = (flags & MAP_TYPE) == MAP_SHARED || (flags & MAP_TYPE) == MAP_SHARED_VALIDATE;
  if (auto t = tracker.load(); t && result != -1 && fd >= 0 && shared && (protection & PROT_WRITE))
    t->mapped(fd, address, bytes, offset);
  return address;
}
EXPORT void* mmap(void* at, size_t bytes, int protection, int flags, int fd, off_t offset) noexcept {
  return mmap64(at, bytes, protection, flags, fd, offset);
}
EXPORT int munmap(void* at, size_t bytes) noexcept {
  if (auto t = tracker.load()) t->unmapped(at);
  return int(::syscall(SYS_munmap, at, bytes));
}
EXPORT int msync(void* at, size_t bytes, int flags) {
  auto t = tracker.load();
  auto result = t && (flags & MS_SYNC) ? t->sync_memory(at, bytes) : std::nullopt;
  return result ? *result : int(::syscall(SYS_msync, at, bytes, flags));
}

EXPORT int fsync(int fd) {
  auto t = tracker.load();
  auto result = t ? t->sync(fd) : std::nullopt;
  return result ? *result : raw::fsync(fd);
}
EXPORT int fdatasync(int fd) {
  auto t = tracker.load();
  auto result = t ? t->sync(fd) : std::nullopt;
  return result ? *result : raw::fdatasync(fd);
}
EXPORT void sync() noexcept {
  if (auto t = tracker.load()) t->sync_everything();
  ::syscall(SYS_sync);
}
EXPORT int syncfs(int fd) noexcept {
  if (auto t = tracker.load()) t->sync_everything();
  return int(::syscall(SYS_syncfs, fd));
}
