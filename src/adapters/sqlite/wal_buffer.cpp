#include "adapters/sqlite/wal_buffer.hpp"

#include <sqlite3.h>

#include <mutex>
#include <string>

namespace hoist::sqlite {
namespace {

constexpr auto layer_name = "hoist-wal-buffer";
constexpr auto gathered_bytes_max = std::size_t{0x1ffff};  // SQLite's own layer writes no more at once

sqlite3_vfs* layer_below = nullptr;

// SQLite gives the memory; the file of the layer below follows in it.
struct WalFile {
  sqlite3_file base;
  std::string* gathered;
  sqlite3_int64 start;  // where in the file `gathered` belongs

  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  [[nodiscard]] sqlite3_int64 end() const { return start + static_cast<sqlite3_int64>(gathered->size()); }

  int flush() {
    if (gathered->empty()) return SQLITE_OK;
    auto const size = static_cast<int>(gathered->size());
    auto const rc = below()->pMethods->xWrite(below(), gathered->data(), size, start);
    // After a failure too: SQLite gives the commit up and writes these pages anew.
    gathered->clear();
    return rc;
  }
};

WalFile& wal_of(sqlite3_file* file) {
  return *reinterpret_cast<WalFile*>(file);
}

int write(sqlite3_file* file, void const* from, int size, sqlite3_int64 at) {
  auto& wal = wal_of(file);
  auto const bytes = static_cast<std::size_t>(size);
  if (at != wal.end() || wal.gathered->size() + bytes > gathered_bytes_max)
    if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  if (wal.gathered->empty()) wal.start = at;
  wal.gathered->append(static_cast<char const*>(from), bytes);
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  auto& wal = wal_of(file);
  if (at < wal.end() && at + size > wal.start)
    if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  return wal.below()->pMethods->xRead(wal.below(), to, size, at);
}

int close(sqlite3_file* file) {
  auto& wal = wal_of(file);
  (void)wal.flush();  // never part of a commit: that would have been synced
  delete wal.gathered;
  return wal.below()->pMethods->xClose(wal.below());
}

template <auto Method, class... Args>
int flush_and_forward(sqlite3_file* file, Args... args) {
  auto& wal = wal_of(file);
  if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  return (wal.below()->pMethods->*Method)(wal.below(), args...);
}

template <auto Method, class... Args>
int forward(sqlite3_file* file, Args... args) {
  auto* const below = wal_of(file).below();
  return (below->pMethods->*Method)(below, args...);
}

int open(sqlite3_vfs*, char const* name, sqlite3_file* file, int flags, int* out_flags) {
  if ((flags & SQLITE_OPEN_WAL) == 0) return layer_below->xOpen(layer_below, name, file, flags, out_flags);
  using M = sqlite3_io_methods;
  static auto const methods = M{.iVersion = 1,
                                .xClose = close,
                                .xRead = read,
                                .xWrite = write,
                                .xTruncate = flush_and_forward<&M::xTruncate>,
                                .xSync = flush_and_forward<&M::xSync>,
                                .xFileSize = flush_and_forward<&M::xFileSize>,
                                .xLock = forward<&M::xLock>,
                                .xUnlock = forward<&M::xUnlock>,
                                .xCheckReservedLock = forward<&M::xCheckReservedLock>,
                                .xFileControl = forward<&M::xFileControl>,
                                .xSectorSize = forward<&M::xSectorSize>,
                                .xDeviceCharacteristics = forward<&M::xDeviceCharacteristics>};
  auto& wal = wal_of(file);
  wal.base.pMethods = nullptr;  // nothing to close if opening fails
  auto const rc = layer_below->xOpen(layer_below, name, wal.below(), flags, out_flags);
  if (rc != SQLITE_OK) return rc;
  wal.gathered = new std::string{};
  wal.start = 0;
  wal.base.pMethods = &methods;
  return rc;
}

}  // namespace

char const* wal_buffer_layer() {
  static auto mutex = std::mutex{};
  static auto layer = sqlite3_vfs{};
  auto const lock = std::lock_guard{mutex};
  if (layer_below != nullptr && sqlite3_vfs_find(nullptr) == layer_below) return layer_name;
  // At first use, and where a test puts a failing disk below or takes it away, which may leave this layer
  // as the default: taken out of the list it is neither found below itself nor changed while in it.
  sqlite3_vfs_unregister(&layer);
  layer_below = sqlite3_vfs_find(nullptr);
  layer = *layer_below;
  layer.zName = layer_name;
  layer.szOsFile = static_cast<int>(sizeof(WalFile)) + layer_below->szOsFile;
  layer.xOpen = open;
  sqlite3_vfs_register(&layer, 0);
  return layer_name;
}

}  // namespace hoist::sqlite
