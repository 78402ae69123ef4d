#include "tracker.hpp"

#include <cerrno>
#include <limits>

#include "raw.hpp"

namespace powercut {

namespace {

constexpr auto end_of_time = std::numeric_limits<int64_t>::max();

std::string path_of(int fd) {
  char buffer[4096];
  auto got = raw::readlink("/proc/self/fd/" + std::to_string(fd), buffer, sizeof buffer);
  return got < 0 ? std::string{} : std::string{buffer, size_t(got)};
}

void merge(std::map<int64_t, int64_t>& ranges, int64_t begin, int64_t end) {
  auto at = ranges.upper_bound(begin);
  if (at != ranges.begin() && std::prev(at)->second >= begin) --at;
  while (at != ranges.end() && at->first <= end) {
    begin = std::min(begin, at->first);
    end = std::max(end, at->second);
    at = ranges.erase(at);
  }
  ranges.emplace(begin, end);
}

bool save_below(Shadow const& shadow, int fd, Identity const& id) {
  auto ok = shadow.save_directory(id, fd);
  for (auto const& entry : list_directory(fd)) {
    auto flags = entry.is_directory ? O_RDONLY | O_DIRECTORY : O_RDONLY;
    auto child = raw::openat(fd, entry.name.c_str(), flags);
    if (child < 0) continue;
    auto status = status_of(child);
    if (status && entry.is_directory)
      ok = save_below(shadow, child, status->id) && ok;
    else if (status)
      ok = shadow.save_file(status->id, child, status->size_bytes, {{0, end_of_time}}) && ok;
    raw::close(child);
  }
  return ok;
}

}  // namespace

bool save_tree(Shadow const& shadow, std::string const& folder) {
  auto fd = raw::open(folder, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return false;
  auto status = status_of(fd);
  auto ok = status && shadow.create() && shadow.save_root(status->id) && save_below(shadow, fd, status->id);
  raw::close(fd);
  return ok;
}

// Called with mutex_ held.
TrackedFile* Tracker::find(int fd, Status const& status) {
  if (status.device != device_ || (!status.is_file && !status.is_directory)) return nullptr;
  auto& file = files_[status.id];
  if (!file) {
    file = std::make_unique<TrackedFile>();
    auto path = path_of(fd);
    file->below_root = path == root_ || path.starts_with(root_ + "/");
  }
  return file->below_root ? file.get() : nullptr;
}

void Tracker::wrote(int fd, int64_t begin, int64_t end) {
  auto status = status_of(fd);
  if (!status || !status->is_file) return;
  {
    auto lock = std::scoped_lock{mutex_};
    auto file = find(fd, *status);
    if (!file) return;
    merge(file->dirty, begin, end);
  }
  if (raw::flags_of(fd) & (O_SYNC | O_DSYNC)) sync(fd);
}

void Tracker::wrote_unseen(int fd) {
  auto status = status_of(fd);
  auto lock = std::scoped_lock{mutex_};
  if (auto file = status ? find(fd, *status) : nullptr) file->all_dirty = true;
}

void Tracker::mapped(int fd, void* address, size_t bytes, int64_t offset) {
  wrote_unseen(fd);
  auto status = status_of(fd);
  auto lock = std::scoped_lock{mutex_};
  if (status && find(fd, *status)) mappings_[address] = {status->id, path_of(fd), bytes, offset};
}

void Tracker::unmapped(void* address) {
  auto lock = std::scoped_lock{mutex_};
  mappings_.erase(address);
}

std::vector<Range> Tracker::take_dirty(TrackedFile& file) {
  auto lock = std::scoped_lock{mutex_};
  auto out = std::vector<Range>{};
  if (file.all_dirty)
    out.push_back({0, end_of_time});
  else
    for (auto [begin, end] : file.dirty) out.push_back({begin, end});
  file.dirty.clear();
  return out;
}

// A failed sync is asked for by a file named fail-next-sync in the shadow. It holds a part of the
// path to fail, "directory" for any directory, or nothing for any file; it fails one sync only.
bool Tracker::told_to_fail(std::string const& path, bool is_directory) {
  auto order = shadow_.folder() + "/fail-next-sync";
  if (!status_of(AT_FDCWD, order.c_str())) return false;
  auto which = read_text(order);
  auto matches = which == "directory" ? is_directory : path.find(which) != std::string::npos && !is_directory;
  return matches && raw::rename(order, shadow_.folder() + "/failed-sync") == 0;
}

bool Tracker::forgets(std::string const& path) const {
  return !forgotten_.empty() && path.find(forgotten_) != std::string::npos;
}

int Tracker::sync_file(int fd, Status const& status, TrackedFile& file) {
  auto dirty = take_dirty(file);
  // A descriptor that may only write cannot be copied from. It is opened a second time only then:
  // closing any descriptor of a file drops this process's POSIX locks on it, and SQLite has some.
  auto write_only = (raw::flags_of(fd) & O_ACCMODE) == O_WRONLY;
  auto readable = write_only ? raw::open("/proc/self/fd/" + std::to_string(fd), O_RDONLY) : fd;
  auto ok = readable >= 0 && shadow_.save_file(status.id, readable, status.size_bytes, dirty);
  if (write_only && readable >= 0) raw::close(readable);
  return ok ? 0 : -1;
}

std::optional<int> Tracker::sync(int fd) {
  auto status = status_of(fd);
  if (!status) return std::nullopt;
  TrackedFile* file = nullptr;
  {
    auto lock = std::scoped_lock{mutex_};
    file = find(fd, *status);
  }
  if (!file) return std::nullopt;
  auto order = std::scoped_lock{file->syncing};
  auto const path = path_of(fd);
  if (told_to_fail(path, status->is_directory)) {
    // As the kernel does: the pages are clean now, and no later sync will write them.
    take_dirty(*file);
    if (status->is_file) shadow_.save_bytes(status->id, "", 0, 0);
    errno = EIO;
    return -1;
  }
  if (status->is_directory && forgets(path)) return 0;
  if (status->is_directory) return shadow_.save_directory(status->id, fd) ? 0 : -1;
  // The size is read again under the lock: a sync that waited must not shorten a longer file.
  status = status_of(fd);
  return status ? sync_file(fd, *status, *file) : -1;
}

std::optional<int> Tracker::sync_memory(void* address, size_t bytes) {
  auto mapping = Mapping{};
  auto at = static_cast<char*>(address);
  {
    auto lock = std::scoped_lock{mutex_};
    auto next = mappings_.upper_bound(address);
    if (next == mappings_.begin()) return std::nullopt;
    --next;
    auto begin = static_cast<char*>(next->first);
    if (at >= begin + next->second.bytes) return std::nullopt;
    mapping = next->second;
    mapping.offset += at - begin;
  }
  auto status = status_of(AT_FDCWD, mapping.path.c_str());
  if (!status || status->id != mapping.id || int64_t(status->size_bytes) <= mapping.offset) return 0;
  auto room = size_t(int64_t(status->size_bytes) - mapping.offset);
  return shadow_.save_bytes(mapping.id, at, std::min(bytes, room), mapping.offset) ? 0 : -1;
}

void Tracker::sync_everything() {
  save_tree(shadow_, root_);
}

}  // namespace powercut
