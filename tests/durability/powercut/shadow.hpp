// The durable state of a folder: what would be there after the power went out.
//
// A shadow is a folder of its own: inodes/<id> holds a file's bytes as of its last sync, dirs/<id>
// the names of a directory as of its last sync, root the identity of the top. An identity is inode
// number and birth time, so a number that the file system uses again is another file.
//
// Threads: callers serialise calls for the same identity. A killed process leaves each directory
// whole (written aside and renamed) and each file as a cut in the middle of a sync would.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace powercut {

struct Identity {
  uint64_t inode = 0;
  int64_t born_seconds = 0;
  uint32_t born_nanoseconds = 0;

  auto operator<=>(Identity const&) const = default;
  std::string text() const;
  static std::optional<Identity> parse(std::string_view text);
};

struct Status {
  Identity id;
  uint64_t device = 0;
  uint64_t size_bytes = 0;
  bool is_file = false;
  bool is_directory = false;
};

// Nothing when there is no such thing, or when the file system keeps no birth times.
std::optional<Status> status_of(int fd);
std::optional<Status> status_of(int directory, char const* name);

struct Entry {
  std::string name;
  Identity id;
  bool is_directory = false;
};

struct Range {
  int64_t begin = 0;
  int64_t end = 0;  // may lie past the end of the file
};

class Shadow {
 public:
  explicit Shadow(std::string folder) : folder_(std::move(folder)) {}

  std::string const& folder() const { return folder_; }
  std::string file(Identity const& id) const { return folder_ + "/inodes/" + id.text(); }
  std::string directory(Identity const& id) const { return folder_ + "/dirs/" + id.text(); }

  bool create() const;
  // Copies the ranges from the open file, or all of it if it was never copied; then the size.
  bool save_file(Identity const& id, int readable_fd, uint64_t size_bytes,
                 std::vector<Range> const& dirty) const;
  // Copies bytes from memory, for msync.
  bool save_bytes(Identity const& id, void const* from, size_t bytes, int64_t offset) const;
  bool save_directory(Identity const& id, int directory_fd) const;

  std::vector<Entry> load_directory(Identity const& id) const;
  bool save_root(Identity const& id) const;
  std::optional<Identity> load_root() const;

 private:
  bool write_aside(std::string const& path, std::string_view content) const;

  std::string folder_;
};

// The names in an open directory, now.
std::vector<Entry> list_directory(int directory_fd);
// A whole small file as text; empty when it is not there.
std::string read_text(std::string const& path);

}  // namespace powercut
