#include "shadow.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>

#include "raw.hpp"

namespace powercut {

namespace {

constexpr size_t copy_bytes = 256 * 1024;
constexpr size_t listing_bytes = 64 * 1024;

struct DirectoryRecord {  // linux_dirent64
  uint64_t inode;
  int64_t offset;
  uint16_t length;
  uint8_t type;
  char name[1];
};

std::optional<Status> from_statx(int directory, char const* name, int flags) {
  using statx_t = struct statx;
  auto s = statx_t{};
  if (::syscall(SYS_statx, directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &s) != 0)
    return std::nullopt;
  if ((s.stx_mask & STATX_BTIME) == 0) return std::nullopt;
  auto out = Status{};
  out.id = {s.stx_ino, s.stx_btime.tv_sec, s.stx_btime.tv_nsec};
  out.device = uint64_t(s.stx_dev_major) << 32 | s.stx_dev_minor;
  out.size_bytes = s.stx_size;
  out.is_file = (s.stx_mode & 0170000) == 0100000;
  out.is_directory = (s.stx_mode & 0170000) == 0040000;
  return out;
}

// Copies [begin, end) between open files; a source that ends early is copied to its end.
bool copy_range(int from, int to, int64_t begin, int64_t end) {
  thread_local auto buffer = std::vector<char>(copy_bytes);
  while (begin < end) {
    auto want = size_t(std::min<int64_t>(end - begin, copy_bytes));
    auto got = raw::pread(from, buffer.data(), want, begin);
    if (got < 0) return false;
    if (got == 0) return true;
    if (raw::pwrite(to, buffer.data(), size_t(got), begin) != got) return false;
    begin += got;
  }
  return true;
}

}  // namespace

std::string Identity::text() const {
  return std::to_string(inode) + "-" + std::to_string(born_seconds) + "-" + std::to_string(born_nanoseconds);
}

std::optional<Identity> Identity::parse(std::string_view text) {
  auto id = Identity{};
  auto at = text.data();
  auto end = at + text.size();
  auto number = [&](auto& value) {
    auto [next, error] = std::from_chars(at, end, value);
    at = next != end && *next == '-' ? next + 1 : next;
    return error == std::errc{};
  };
  if (!number(id.inode) || !number(id.born_seconds) || !number(id.born_nanoseconds)) return std::nullopt;
  return id;
}

std::optional<Status> status_of(int fd) {
  return from_statx(fd, "", AT_EMPTY_PATH);
}
std::optional<Status> status_of(int directory, char const* name) {
  return from_statx(directory, name, AT_SYMLINK_NOFOLLOW);
}

std::vector<Entry> list_directory(int directory_fd) {
  auto out = std::vector<Entry>{};
  auto fd = raw::openat(directory_fd, ".", O_RDONLY | O_DIRECTORY);
  if (fd < 0) return out;
  thread_local auto buffer = std::vector<char>(listing_bytes);
  int64_t got = 0;
  while ((got = raw::getdents(fd, buffer.data(), buffer.size())) > 0) {
    for (int64_t at = 0; at < got;) {
      auto record = reinterpret_cast<DirectoryRecord const*>(buffer.data() + at);
      at += record->length;
      auto name = std::string_view{record->name};
      if (name == "." || name == "..") continue;
      auto status = status_of(fd, record->name);
      if (status && (status->is_file || status->is_directory))
        out.push_back({std::string{name}, status->id, status->is_directory});
    }
  }
  raw::close(fd);
  return out;
}

std::string read_text(std::string const& path) {
  auto text = std::string{};
  auto fd = raw::open(path, O_RDONLY);
  if (fd < 0) return text;
  char buffer[4096];
  int64_t got = 0;
  while ((got = raw::pread(fd, buffer, sizeof buffer, int64_t(text.size()))) > 0)
    text.append(buffer, size_t(got));
  raw::close(fd);
  return text;
}

bool Shadow::create() const {
  raw::mkdir(folder_);
  raw::mkdir(folder_ + "/inodes");
  raw::mkdir(folder_ + "/dirs");
  return status_of(AT_FDCWD, (folder_ + "/dirs").c_str()).has_value();
}

bool Shadow::save_file(Identity const& id, int readable_fd, uint64_t size_bytes,
                       std::vector<Range> const& dirty) const {
  auto path = file(id);
  auto fd = raw::open(path, O_WRONLY);
  auto is_new = fd < 0;
  if (is_new) fd = raw::open(path, O_WRONLY | O_CREAT);
  if (fd < 0) return false;
  auto size = int64_t(size_bytes);
  auto ok = true;
  if (is_new) {
    ok = copy_range(readable_fd, fd, 0, size);
  } else {
    for (auto range : dirty) ok = ok && copy_range(readable_fd, fd, range.begin, std::min(range.end, size));
  }
  ok = ok && raw::ftruncate(fd, size) == 0;
  raw::close(fd);
  return ok;
}

bool Shadow::save_bytes(Identity const& id, void const* from, size_t bytes, int64_t offset) const {
  auto fd = raw::open(file(id), O_WRONLY | O_CREAT);
  if (fd < 0) return false;
  auto ok = raw::pwrite(fd, from, bytes, offset) == int64_t(bytes);
  raw::close(fd);
  return ok;
}

bool Shadow::write_aside(std::string const& path, std::string_view content) const {
  static auto serial = std::atomic<unsigned>{0};
  auto aside = folder_ + "/aside." + std::to_string(getpid()) + "." + std::to_string(serial++);
  auto fd = raw::open(aside, O_WRONLY | O_CREAT | O_TRUNC);
  if (fd < 0) return false;
  auto ok = raw::pwrite(fd, content.data(), content.size(), 0) == int64_t(content.size());
  raw::close(fd);
  return ok && raw::rename(aside, path) == 0;
}

bool Shadow::save_directory(Identity const& id, int directory_fd) const {
  auto content = std::string{};
  for (auto const& entry : list_directory(directory_fd)) {
    content += entry.is_directory ? 'd' : 'f';
    content += entry.id.text() + " " + entry.name;
    content += '\0';
  }
  return write_aside(directory(id), content);
}

std::vector<Entry> Shadow::load_directory(Identity const& id) const {
  auto out = std::vector<Entry>{};
  auto content = read_text(directory(id));
  for (size_t at = 0; at < content.size();) {
    auto end = content.find('\0', at);
    auto line = std::string_view{content}.substr(at, end - at);
    at = end + 1;
    auto space = line.find(' ');
    auto entry = Identity::parse(line.substr(1, space - 1));
    if (entry) out.push_back({std::string{line.substr(space + 1)}, *entry, line[0] == 'd'});
  }
  return out;
}

bool Shadow::save_root(Identity const& id) const {
  return write_aside(folder_ + "/root", id.text());
}

std::optional<Identity> Shadow::load_root() const {
  return Identity::parse(read_text(folder_ + "/root"));
}

}  // namespace powercut
