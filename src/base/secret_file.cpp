#include "base/secret_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/fd.hpp"
#include "base/id.hpp"
#include "base/try.hpp"

namespace hoist {
namespace {

std::unexpected<Error> cannot_write(std::string const& path) {
  auto const full = errno == ENOSPC || errno == EDQUOT;
  return fail(full ? Code::storage_full : Code::unavailable,
              fmt::format("{} cannot be written: {}.", path, std::strerror(errno)));
}

Result<void> write_and_sync(Fd const& file, std::string const& path, std::string_view bytes) {
  while (!bytes.empty()) {
    auto const count = ::write(file.number(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_write(path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ::fsync(file.number()) == 0 ? Result<void>{} : cannot_write(path);
}

Result<void> sync_folder_of(std::string const& path) {
  auto const parent = std::filesystem::path{path}.parent_path();
  auto const folder = Fd{::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return folder.open() && ::fsync(folder.number()) == 0 ? Result<void>{} : cannot_write(path);
}

}  // namespace

Result<void> write_secret_file(std::string const& path, std::string_view content) {
  // Processes that share a folder may write the same file at once; each has a name of its own for it.
  auto const temporary = fmt::format("{}.{}.new", path, hex(random_bytes(8)));
  {
    auto const file = Fd{::open(temporary.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)};
    if (!file.open()) return cannot_write(path);
    if (auto written = write_and_sync(file, path, content); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) return cannot_write(path);
  return sync_folder_of(path);
}

Result<std::string> read_secret_file(std::string const& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) {
    return fail(errno == ENOENT ? Code::not_found : Code::unavailable,
                fmt::format("{}: {}", path, std::strerror(errno)));
  }
  if ((status.st_mode & 077) != 0)
    return fail(Code::invalid, fmt::format("{} can be read by others; run: chmod 600 {}", path, path));
  auto file = std::ifstream{path, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace hoist
