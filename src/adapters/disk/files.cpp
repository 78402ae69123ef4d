#include "adapters/disk/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr auto folder_mode = mode_t{0700};
constexpr auto file_mode = mode_t{0600};
constexpr auto folder_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;

[[noreturn]] void die_of_sync(int error) {
  log::fatal("syncing to disk failed; stopping, because what was written may be lost",
             {{"cause", std::strerror(error)}});
}

}  // namespace

std::unexpected<Error> errno_error(std::string_view what) {
  auto const cause = fmt::format("{}: {}", what, std::strerror(errno));
  if (errno == ENOSPC || errno == EDQUOT)
    return fail(Error{Code::storage_full, "The storage is full."}.with_cause(cause));
  if (errno == EMFILE || errno == ENFILE)
    return fail(Error{Code::unavailable, "The server is busy."}
                    .with_slug(out_of_descriptors)
                    .with_retry_after(1)
                    .with_cause(cause));
  return fail(Error{Code::internal, "The file could not be stored."}.with_cause(cause));
}

Result<Fd> make_folder(std::string const& path) {
  // Every folder made here is durable only once the one above it is synced.
  auto const whole = std::filesystem::absolute(path).lexically_normal();
  auto walked = std::filesystem::path{"/"};
  for (auto const& piece : whole.relative_path()) {
    if (piece.empty()) continue;
    auto const parent = walked;
    walked /= piece;
    if (::mkdir(walked.c_str(), folder_mode) == 0) {
      auto const above = Fd{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
      if (!above.open()) return errno_error("open " + parent.string());
      sync_folder(above);
    } else if (errno != EEXIST) {
      return errno_error("mkdir " + walked.string());
    }
  }
  auto folder = Fd{::open(whole.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.open()) return errno_error("open " + path);
  return folder;
}

Result<Fd> make_folder_in(Fd const& parent, std::string const& name) {
  if (::mkdirat(parent.number(), name.c_str(), folder_mode) != 0 && errno != EEXIST)
    return errno_error("mkdir " + name);
  sync_folder(parent);
  return open_folder_in(parent, name);
}

Result<Fd> open_folder_in(Fd const& parent, std::string const& name) {
  auto folder = Fd{::openat(parent.number(), name.c_str(), folder_flags)};
  if (!folder.open()) return errno_error("open folder " + name);
  return folder;
}

Result<Fd> create_file_in(Fd const& folder, std::string const& name) {
  auto file = Fd{::openat(folder.number(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                          file_mode)};
  if (!file.open()) return errno_error("create " + name);
  return file;
}

Result<OpenFile> open_file_in(Fd const& folder, std::string const& name) {
  auto const damaged = [&](std::string cause) {
    return fail(Error{Code::corrupt, "The stored file is damaged."}.with_cause(cause + ": " + name));
  };
  // Without O_NONBLOCK, opening a FIFO that another user planted would wait for ever.
  auto file = Fd{::openat(folder.number(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file.open() && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
    return damaged(std::strerror(errno));
  if (!file.open()) return errno_error("open " + name);
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return errno_error("stat " + name);
  if (!S_ISREG(status.st_mode)) return damaged("not a regular file");
  return OpenFile{std::move(file), status.st_size};
}

Result<void> write_at(Fd const& file, std::string_view bytes, std::int64_t offset) {
  while (!bytes.empty()) {
    auto const written = ::pwrite(file.number(), bytes.data(), bytes.size(), offset);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += written;
  }
  return {};
}

Result<void> read_at(Fd const& file, std::span<char> buffer, std::int64_t offset) {
  while (!buffer.empty()) {
    auto const got = ::pread(file.number(), buffer.data(), buffer.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      auto const cause = got == 0 ? std::string{"the file ends early"} : std::string{std::strerror(errno)};
      return fail(Error{Code::corrupt, "The stored file is damaged."}.with_cause(cause));
    }
    buffer = buffer.subspan(static_cast<std::size_t>(got));
    offset += got;
  }
  return {};
}

void start_writeback(Fd const& file, std::int64_t offset, std::int64_t size) {
  // Only a hint, so that the disk is busy while we hash; sync_file() is what counts.
  static_cast<void>(::sync_file_range(file.number(), offset, size, SYNC_FILE_RANGE_WRITE));
}

Result<void> sync_file(Fd const& file) {
  while (::fdatasync(file.number()) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOSPC || errno == EDQUOT) return errno_error("fdatasync");
    die_of_sync(errno);
  }
  return {};
}

void sync_folder(Fd const& folder) {
  while (::fsync(folder.number()) != 0)
    if (errno != EINTR) die_of_sync(errno);
}

std::int64_t free_bytes(Fd const& folder) {
  struct statvfs status{};
  if (::fstatvfs(folder.number(), &status) != 0) return 0;
  return static_cast<std::int64_t>(status.f_bavail) * static_cast<std::int64_t>(status.f_frsize);
}

}  // namespace hoist::disk
