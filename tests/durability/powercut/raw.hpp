// System calls made directly, past the C library.
//
// The layer replaces write(), fsync() and the rest; its own work must not come back to it, so
// everything in this folder that touches files goes through here. Each function answers what the
// kernel answers: -1 and errno on failure.
#pragma once

#include <cstdint>
#include <fcntl.h>
#include <linux/stat.h>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>

namespace powercut::raw {

inline int openat(int directory, char const* path, int flags, unsigned mode = 0600) {
  return int(::syscall(SYS_openat, directory, path, flags | O_CLOEXEC, mode));
}
inline int open(std::string const& path, int flags) {
  return raw::openat(AT_FDCWD, path.c_str(), flags);
}
inline int close(int fd) {
  return int(::syscall(SYS_close, fd));
}
inline int64_t pread(int fd, void* to, size_t bytes, int64_t offset) {
  return ::syscall(SYS_pread64, fd, to, bytes, offset);
}
inline int64_t pwrite(int fd, void const* from, size_t bytes, int64_t offset) {
  return ::syscall(SYS_pwrite64, fd, from, bytes, offset);
}
inline int ftruncate(int fd, int64_t size) {
  return int(::syscall(SYS_ftruncate, fd, size));
}
inline int fsync(int fd) {
  return int(::syscall(SYS_fsync, fd));
}
inline int fdatasync(int fd) {
  return int(::syscall(SYS_fdatasync, fd));
}
inline int mkdir(std::string const& path) {
  return int(::syscall(SYS_mkdirat, AT_FDCWD, path.c_str(), 0700));
}
inline int rename(std::string const& from, std::string const& to) {
  return int(::syscall(SYS_renameat2, AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), 0));
}
inline int64_t getdents(int fd, void* to, size_t bytes) {
  return ::syscall(SYS_getdents64, fd, to, bytes);
}
inline int64_t readlink(std::string const& path, char* to, size_t bytes) {
  return ::syscall(SYS_readlinkat, AT_FDCWD, path.c_str(), to, bytes);
}
inline int64_t lseek(int fd, int64_t offset, int whence) {
  return ::syscall(SYS_lseek, fd, offset, whence);
}
inline int flags_of(int fd) {
  return int(::syscall(SYS_fcntl, fd, F_GETFL, 0));
}

}  // namespace powercut::raw
