// Where blobs lie: root/blobs/<folder>/<name>, and root/lost+found/<folder>/<name> for those that no row
// knows. Hands out empty files whose names are already
// durable, so that a writer syncs only its own bytes; one folder sync pays for a whole batch.
//
// Threads     any; take() and the functions on files block, so they belong on the pool.
// Invariants  a name is a fresh UUID and is used once. A folder holds at most folder_files_max
//             files; then the next one begins.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/disk/files.hpp"
#include "adapters/disk/label.hpp"
#include "base/hash.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/time.hpp"
#include "ports/object_store.hpp"

namespace hoist::disk {

inline constexpr std::size_t folder_files_max = 4096;
inline constexpr std::size_t folders_batch_files = 64;
inline constexpr std::size_t folders_low_files = 32;  // then the next batch is made, in the background

class BlobFolders;

// One blob being written. Destroyed before keep(), it removes its file.
class Blob {
 public:
  Blob(std::shared_ptr<BlobFolders> folders, std::string name, Fd file, EtagKind etag);
  ~Blob();
  Blob(Blob const&) = delete;

  Result<void> append(std::string_view bytes);  // writes, starts the disk, hashes meanwhile
  // Labels it and makes it durable; no append() any more. Fills in what the label says of the bytes.
  Result<void> finish(Label label);
  void keep() { kept_ = true; }

  [[nodiscard]] std::string const& name() const { return name_; }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::string const& sha256() const { return sha256_; }  // raw; after finish()
  [[nodiscard]] std::string const& etag() const { return etag_; }      // hex; after finish()

 private:
  std::shared_ptr<BlobFolders> folders_;
  std::string name_;
  Fd file_;
  Hasher hasher_{Hasher::Algorithm::sha256};
  std::optional<Hasher> md5_;  // where the ETag is to be one
  std::int64_t size_ = 0;
  std::string sha256_;
  std::string etag_;
  bool kept_ = false;
};

class BlobFolders : public std::enable_shared_from_this<BlobFolders> {
 public:
  static Result<std::shared_ptr<BlobFolders>> open(std::string const& root, Clock const& clock, Pool& pool);
  ~BlobFolders();

  Result<std::unique_ptr<Blob>> take(EtagKind etag);
  // Its first `size` bytes are the blob's. Errors: corrupt when the file has another size.
  [[nodiscard]] Result<Fd> open_blob(std::string const& name, std::int64_t size) const;
  [[nodiscard]] Result<Label> label(std::string const& name) const;
  // Absent is success.
  Result<void> remove(std::string const& name) const;

  struct Entry {
    std::string name;  // folder/name
    std::int64_t size = 0;
    Time modified_at;
    Time moved_at;  // or written, whichever was last
  };
  [[nodiscard]] Result<std::vector<std::string>> folders() const;
  [[nodiscard]] Result<std::vector<Entry>> files(std::string const& folder) const;
  void remove_folder_if_empty(std::string const& folder);  // but not the one being filled

  // What no row knows, kept for a while. Moving is one rename: the file is whole in either place.
  Result<void> set_aside(std::string const& name);
  [[nodiscard]] Result<std::vector<Entry>> set_aside_files() const;
  Result<void> put_back(std::string const& name);
  Result<void> remove_set_aside(std::string const& name);

  // Being written, waiting to be, or being read: not for the sweeper.
  [[nodiscard]] bool in_use(std::string const& name) const;
  void hold(std::string const& name);
  void release(std::string const& name);

  [[nodiscard]] std::int64_t free_bytes() const { return disk::free_bytes(blobs_); }

 private:
  struct Spare {
    std::string name;
    Fd file;
  };
  BlobFolders(Fd root, Fd blobs, Clock const& clock, Pool& pool)
      : root_{std::move(root)}, blobs_{std::move(blobs)}, clock_{clock}, pool_{pool} {}
  [[nodiscard]] Result<OpenFile> open_file(std::string const& name) const;
  [[nodiscard]] std::optional<Spare> pop(bool& low);
  void refill_later();
  Result<void> refill(std::size_t enough);  // nothing to do when so many are there
  Result<void> begin_folder() HOIST_REQUIRES(refill_mutex_);

  Fd root_;
  Fd blobs_;
  Clock const& clock_;
  Pool& pool_;
  Mutex spares_mutex_;
  std::vector<Spare> spares_ HOIST_GUARDED_BY(spares_mutex_);
  std::atomic<bool> refilling_{false};
  Mutex refill_mutex_;  // held while files are made: those who wait for it get its files
  std::string folder_name_ HOIST_GUARDED_BY(refill_mutex_);
  Fd folder_ HOIST_GUARDED_BY(refill_mutex_);
  std::size_t folder_files_ HOIST_GUARDED_BY(refill_mutex_) = folder_files_max;
  mutable Mutex holds_mutex_;
  std::map<std::string, int, std::less<>> holds_ HOIST_GUARDED_BY(holds_mutex_);
};

}  // namespace hoist::disk
