#include "engines/data_folder.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/try.hpp"

namespace hoist {
namespace {

struct flock whole_file() {
  return {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 0, .l_pid = 0};
}

std::unexpected<Error> system_failure(std::string const& what) {
  return fail(Code::unavailable, fmt::format("{}: {}", what, std::strerror(errno)));
}

Result<void> make_private_folder(std::string const& path) {
  auto failure = std::error_code{};
  std::filesystem::create_directories(path, failure);
  if (failure) return fail(Code::unavailable, fmt::format("cannot create {}: {}", path, failure.message()));
  if (::chmod(path.c_str(), 0700) != 0) return system_failure("cannot protect " + path);
  return {};
}

// Of files that were made before, when others could read them.
void make_private_files(std::string const& folder) {
  constexpr auto others = std::filesystem::perms::group_all | std::filesystem::perms::others_all;
  auto failure = std::error_code{};
  for (auto entry = std::filesystem::directory_iterator{folder, failure};
       !failure && entry != std::filesystem::directory_iterator{}; entry.increment(failure)) {
    auto ignored = std::error_code{};  // it may be gone by now, or another user's
    if (entry->is_regular_file(ignored))
      std::filesystem::permissions(entry->path(), others, std::filesystem::perm_options::remove, ignored);
  }
}

}  // namespace

void sync_folder(std::string const& path) {
  auto const folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

Result<DataFolder> DataFolder::open(std::string path) {
  // Whatever this process and its children write from here on is theirs alone.
  ::umask(077);
  auto ignored = std::error_code{};
  auto const size = std::filesystem::file_size(path + "/hoist.db", ignored);
  auto const created = ignored || size == 0;
  for (auto const* folder : {"", "/keys", "/objects", "/clamd", "/spool"})
    CHECK(make_private_folder(path + folder));
  make_private_files(path);
  make_private_files(path + "/clamd");
  return DataFolder{std::move(path), created};
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_{std::move(other.path_)}, created_{other.created_}, lock_{std::exchange(other.lock_, -1)} {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

std::string DataFolder::path(std::string_view name) const {
  return fmt::format("{}/{}", path_, name);
}

Result<std::string> DataFolder::move_database_away(std::string_view name, Time now) const {
  auto kept = fmt::format("{}.damaged-{}", name, to_us(now) / 1'000'000);
  for (auto const* part : {"", "-wal"}) {
    auto failure = std::error_code{};
    auto const from = path(name) + part;
    if (std::filesystem::exists(from)) std::filesystem::rename(from, path(kept) + part, failure);
    if (failure) return fail(Code::unavailable, fmt::format("cannot move {}: {}", from, failure.message()));
  }
  auto ignored = std::error_code{};
  std::filesystem::remove(path(name) + "-shm", ignored);  // of the files that are gone
  return kept;
}

bool DataFolder::holds_objects() const {
  auto failure = std::error_code{};
  auto entry = std::filesystem::recursive_directory_iterator{path("objects"), failure};
  for (auto const end = std::filesystem::recursive_directory_iterator{}; !failure && entry != end;
       entry.increment(failure))
    if (entry->is_regular_file(failure) && entry->file_size(failure) > 0 && !failure) return true;
  return false;
}

Result<void> DataFolder::lock() {
  lock_ = ::open(path("lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (lock_ < 0) return system_failure("cannot open the lock of " + path_);
  // The second lock keeps no process out: it can be asked after without being taken.
  auto asked_after = whole_file();
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0 || ::fcntl(lock_, F_OFD_SETLK, &asked_after) != 0)
    return fail(Code::unavailable,
                fmt::format("another hoist is serving {}; stop it or choose another --data", path_));
  return {};
}

bool DataFolder::is_served() const {
  auto const file = ::open(path("lock").c_str(), O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  auto holder = whole_file();
  auto const served = ::fcntl(file, F_OFD_GETLK, &holder) == 0 && holder.l_type != F_UNLCK;
  ::close(file);
  return served;
}

}  // namespace hoist
