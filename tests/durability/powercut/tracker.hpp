// What this process has written below the root and not yet synced.
//
// Threads: every member may be called from any thread; a sync of one file waits only for another
// sync of the same file. Limits: dirty ranges are this process's own; what another process wrote
// is not copied by our sync, which is stricter than a kernel.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "shadow.hpp"

namespace powercut {

struct TrackedFile {
  std::mutex syncing;
  bool below_root = false;
  bool all_dirty = false;            // written by ways that show no ranges: stdio, shared mappings
  std::map<int64_t, int64_t> dirty;  // begin -> end
};

struct Mapping {
  Identity id;
  std::string path;
  size_t bytes = 0;
  int64_t offset = 0;
};

class Tracker {
 public:
  // Syncs of directories whose path contains `forgotten` do nothing; empty: none is forgotten.
  Tracker(std::string root, Shadow shadow, uint64_t device, std::string forgotten)
      : root_(std::move(root)),
        shadow_(std::move(shadow)),
        device_(device),
        forgotten_(std::move(forgotten)) {}

  void wrote(int fd, int64_t begin, int64_t end);
  void wrote_unseen(int fd);
  void mapped(int fd, void* address, size_t bytes, int64_t offset);
  void unmapped(void* address);

  // Nothing when the file is none of ours; then the caller asks the kernel.
  std::optional<int> sync(int fd);
  std::optional<int> sync_memory(void* address, size_t bytes);
  void sync_everything();

 private:
  TrackedFile* find(int fd, Status const& status);
  bool told_to_fail(std::string const& path, bool is_directory);
  bool forgets(std::string const& path) const;
  std::vector<Range> take_dirty(TrackedFile& file);
  int sync_file(int fd, Status const& status, TrackedFile& file);

  std::string root_;
  Shadow shadow_;
  uint64_t device_;
  std::string forgotten_;
  std::mutex mutex_;  // guards what follows
  std::map<Identity, std::unique_ptr<TrackedFile>> files_;
  std::map<void*, Mapping> mappings_;
};

// Makes everything below the folder durable in the shadow, as if all of it had been synced.
bool save_tree(Shadow const& shadow, std::string const& folder);

}  // namespace powercut
