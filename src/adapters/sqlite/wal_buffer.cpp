#include "adapters/sqlite/wal_buffer.hpp"

#include <sqlite3.h>

#include <string>

#include "base/mutex.hpp"

namespace hoist::sqlite {
namespace {

constexpr auto layer_name = "hoist-wal-buffer";
constexpr auto gathered_bytes_max = std::size_t{0x1ffff};  // SQLite's own layer writes no more at once
constexpr auto write_lock = 0;                             // its place among SQLite's locks of a WAL

sqlite3_vfs* layer_below = nullptr;

// A database, or its WAL. SQLite gives the memory; the file of the layer below follows in it.
struct File {
  sqlite3_file base;
  File* other;            // of a database its WAL, of a WAL its database; null without one
  std::string* gathered;  // of a WAL
  sqlite3_int64 start;    // where in the WAL `gathered` belongs

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

File& file_of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

int write_wal(sqlite3_file* file, void const* from, int size, sqlite3_int64 at) {
  auto& wal = file_of(file);
  auto const bytes = static_cast<std::size_t>(size);
  if (at != wal.end() || wal.gathered->size() + bytes > gathered_bytes_max)
    if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  if (wal.gathered->empty()) wal.start = at;
  wal.gathered->append(static_cast<char const*>(from), bytes);
  return SQLITE_OK;
}

int read_wal(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
  auto& wal = file_of(file);
  if (at < wal.end() && at + size > wal.start)
    if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  return wal.below()->pMethods->xRead(wal.below(), to, size, at);
}

int close_wal(sqlite3_file* file) {
  auto& wal = file_of(file);
  if (wal.other != nullptr) wal.other->other = nullptr;
  delete wal.gathered;
  return wal.below()->pMethods->xClose(wal.below());
}

int lock_main(sqlite3_file* file, int offset, int count, int flags) {
  auto& main = file_of(file);
  auto const gives_back = (flags & SQLITE_SHM_UNLOCK) != 0 && offset == write_lock;
  if (gives_back && main.other != nullptr) main.other->gathered->clear();
  return main.below()->pMethods->xShmLock(main.below(), offset, count, flags);
}

void barrier_main(sqlite3_file* file) {
  auto* const below = file_of(file).below();
  below->pMethods->xShmBarrier(below);
}

template <auto Method, class... Args>
int flush_and_forward(sqlite3_file* file, Args... args) {
  auto& wal = file_of(file);
  if (auto const rc = wal.flush(); rc != SQLITE_OK) return rc;
  return (wal.below()->pMethods->*Method)(wal.below(), args...);
}

template <auto Method, class... Args>
int forward(sqlite3_file* file, Args... args) {
  auto* const below = file_of(file).below();
  return (below->pMethods->*Method)(below, args...);
}

using M = sqlite3_io_methods;

constexpr auto main_methods = M{.iVersion = 2,  // 3 would be for memory maps, which SQLite is not asked for
                                .xClose = forward<&M::xClose>,
                                .xRead = forward<&M::xRead>,
                                .xWrite = forward<&M::xWrite>,
                                .xTruncate = forward<&M::xTruncate>,
                                .xSync = forward<&M::xSync>,
                                .xFileSize = forward<&M::xFileSize>,
                                .xLock = forward<&M::xLock>,
                                .xUnlock = forward<&M::xUnlock>,
                                .xCheckReservedLock = forward<&M::xCheckReservedLock>,
                                .xFileControl = forward<&M::xFileControl>,
                                .xSectorSize = forward<&M::xSectorSize>,
                                .xDeviceCharacteristics = forward<&M::xDeviceCharacteristics>,
                                .xShmMap = forward<&M::xShmMap>,
                                .xShmLock = lock_main,
                                .xShmBarrier = barrier_main,
                                .xShmUnmap = forward<&M::xShmUnmap>};

constexpr auto wal_methods = M{.iVersion = 1,
                               .xClose = close_wal,
                               .xRead = read_wal,
                               .xWrite = write_wal,
                               .xTruncate = flush_and_forward<&M::xTruncate>,
                               .xSync = flush_and_forward<&M::xSync>,
                               .xFileSize = flush_and_forward<&M::xFileSize>,
                               .xLock = forward<&M::xLock>,
                               .xUnlock = forward<&M::xUnlock>,
                               .xCheckReservedLock = forward<&M::xCheckReservedLock>,
                               .xFileControl = forward<&M::xFileControl>,
                               .xSectorSize = forward<&M::xSectorSize>,
                               .xDeviceCharacteristics = forward<&M::xDeviceCharacteristics>};

void join_to_database(File& wal, char const* name) {
  wal.gathered = new std::string{};
  wal.start = 0;
  wal.other = &file_of(sqlite3_database_file_object(name));
  wal.other->other = &wal;
}

int open(sqlite3_vfs*, char const* name, sqlite3_file* given, int flags, int* out_flags) {
  auto const is_wal = (flags & SQLITE_OPEN_WAL) != 0;
  if (!is_wal && (flags & SQLITE_OPEN_MAIN_DB) == 0)
    return layer_below->xOpen(layer_below, name, given, flags, out_flags);
  auto& file = file_of(given);
  file = File{};  // without methods there is nothing to close if opening fails
  auto const rc = layer_below->xOpen(layer_below, name, file.below(), flags, out_flags);
  if (rc != SQLITE_OK) return rc;
  if (is_wal) join_to_database(file, name);
  file.base.pMethods = is_wal ? &wal_methods : &main_methods;
  return rc;
}

}  // namespace

char const* wal_buffer_layer() {
  static auto mutex = Mutex{};
  static auto layer = sqlite3_vfs{};
  auto const lock = Lock{mutex};
  if (layer_below != nullptr && sqlite3_vfs_find(nullptr) == layer_below) return layer_name;
  // At first use, and where a test puts a failing disk below or takes it away, which may leave this layer
  // as the default: taken out of the list it is neither found below itself nor changed while in it.
  sqlite3_vfs_unregister(&layer);
  layer_below = sqlite3_vfs_find(nullptr);
  layer = *layer_below;
  layer.zName = layer_name;
  layer.szOsFile = static_cast<int>(sizeof(File)) + layer_below->szOsFile;
  layer.xOpen = open;
  sqlite3_vfs_register(&layer, 0);
  return layer_name;
}

}  // namespace hoist::sqlite
