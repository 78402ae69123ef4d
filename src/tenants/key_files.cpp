#include "tenants/key_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.hpp"
#include "base/id.hpp"
#include "base/secret_file.hpp"
#include "base/try.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t key_file_bytes_max = 4096;

std::unexpected<Error> io_failure(std::string const& path, std::string_view doing) {
  auto const cause = std::string{std::strerror(errno)};
  auto const code = errno == ENOSPC || errno == EDQUOT ? Code::storage_full : Code::unavailable;
  return fail(Error{code, fmt::format("The key storage {} cannot be {}: {}.", path, doing, cause)});
}

Result<void> check_private(Fd const& file, std::string const& path, std::string_view mode) {
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return io_failure(path, "read");
  if (status.st_uid != ::geteuid())
    return fail(Code::invalid, fmt::format("{} belongs to another user. Run: chown {} {}", path,
                                           static_cast<unsigned>(::geteuid()), path));
  if ((status.st_mode & 077U) != 0)
    return fail(Code::invalid,
                fmt::format("{} can be read or changed by others. Replace the keys if anybody did; then run: "
                            "chmod {} {}",
                            path, mode, path));
  return {};
}

// The folder, checked and locked until the returned descriptor is closed.
Result<Fd> lock_folder(std::string const& folder) {
  auto error = std::error_code{};
  std::filesystem::create_directories(std::filesystem::path{folder}.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return io_failure(folder, "created");
  auto file = Fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!file.open()) return io_failure(folder, "opened");
  CHECK(check_private(file, folder, "700"));
  if (::flock(file.number(), LOCK_EX) != 0) return io_failure(folder, "locked");
  return file;
}

Result<Ed25519Key> read_key(std::string const& path) {
  auto const file = Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
  if (!file.open()) return io_failure(path, "opened");
  CHECK(check_private(file, path, "600"));
  auto text = std::string(key_file_bytes_max, '\0');
  auto const count = ::read(file.number(), text.data(), text.size());
  if (count < 0) return io_failure(path, "read");
  auto key = Ed25519Key::from_pem(std::string_view{text}.substr(0, static_cast<std::size_t>(count)));
  if (!key) return fail(Code::invalid, fmt::format("{} is {}.", path, key.error().detail()));
  return key;
}

Result<void> create_key(std::string const& folder, Time now) {
  return write_secret_file(fmt::format("{}/{}.pem", folder, new_uuid7(now)), Ed25519Key::generate().to_pem());
}

Result<std::vector<std::string>> key_names(std::string const& folder) {
  auto error = std::error_code{};
  auto names = std::vector<std::string>{};
  for (auto entry = std::filesystem::directory_iterator{folder, error};
       !error && entry != std::filesystem::directory_iterator{}; entry.increment(error))
    if (entry->path().extension() == ".pem") names.push_back(entry->path().stem().string());
  if (error) return fail(Code::unavailable, fmt::format("{} cannot be read: {}.", folder, error.message()));
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<NamedKey>> load_or_create_keys(std::string const& folder, Time now) {
  TRY(auto const lock, lock_folder(folder));
  TRY(auto names, key_names(folder));
  if (names.empty()) {
    CHECK(create_key(folder, now));
    TRY(names, key_names(folder));
  }
  auto keys = std::vector<NamedKey>{};
  for (auto& name : names) {
    TRY(auto key, read_key(fmt::format("{}/{}.pem", folder, name)));
    keys.push_back({std::move(name), std::move(key)});
  }
  return keys;
}

Result<void> add_key(std::string const& folder, Time now) {
  TRY(auto const lock, lock_folder(folder));
  return create_key(folder, now);
}

}  // namespace hoist::tenants
