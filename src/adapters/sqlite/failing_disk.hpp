// A SQLite file layer over the real one whose syncs and writes can be made to fail, and are counted. For
// tests.
#pragma once

#include <sqlite3.h>

#include <atomic>

namespace hoist::testing {

struct DiskFaults {
  std::atomic<bool> sync_fails = false;   // as a dying disk does
  std::atomic<bool> writes_full = false;  // as a full one does
  std::atomic<int> writes = 0;            // so far
};

inline DiskFaults& disk_faults() {
  static auto faults = DiskFaults{};
  return faults;
}

namespace detail {

// The real file follows in the same memory.
struct FailingFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

inline sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<FailingFile*>(file)->real();
}
template <auto Method, class... Args>
int forward(sqlite3_file* file, Args... args) {
  return (real_of(file)->pMethods->*Method)(real_of(file), args...);
}

inline void shm_barrier(sqlite3_file* file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}
inline int close(sqlite3_file* file) {
  auto* const real = real_of(file);
  return real->pMethods != nullptr ? real->pMethods->xClose(real) : SQLITE_OK;
}
inline int write(sqlite3_file* file, void const* from, int size, sqlite3_int64 at) {
  if (disk_faults().writes_full) return SQLITE_FULL;
  ++disk_faults().writes;
  return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}
inline int sync(sqlite3_file* file, int flags) {
  if (disk_faults().sync_fails) return SQLITE_IOERR_FSYNC;
  return real_of(file)->pMethods->xSync(real_of(file), flags);
}

inline int open_failing(sqlite3_vfs* vfs, char const* name, sqlite3_file* file, int flags, int* out) {
  using M = sqlite3_io_methods;
  static auto const methods = M{.iVersion = 2,
                                .xClose = close,
                                .xRead = forward<&M::xRead>,
                                .xWrite = write,
                                .xTruncate = forward<&M::xTruncate>,
                                .xSync = sync,
                                .xFileSize = forward<&M::xFileSize>,
                                .xLock = forward<&M::xLock>,
                                .xUnlock = forward<&M::xUnlock>,
                                .xCheckReservedLock = forward<&M::xCheckReservedLock>,
                                .xFileControl = forward<&M::xFileControl>,
                                .xSectorSize = forward<&M::xSectorSize>,
                                .xDeviceCharacteristics = forward<&M::xDeviceCharacteristics>,
                                .xShmMap = forward<&M::xShmMap>,
                                .xShmLock = forward<&M::xShmLock>,
                                .xShmBarrier = shm_barrier,
                                .xShmUnmap = forward<&M::xShmUnmap>};
  auto* const real_vfs = static_cast<sqlite3_vfs*>(vfs->pAppData);
  auto const rc = real_vfs->xOpen(real_vfs, name, real_of(file), flags, out);
  file->pMethods = rc == SQLITE_OK ? &methods : nullptr;
  return rc;
}

}  // namespace detail

// From now on new connections of this process go through the failing layer.
inline void install_failing_disk() {
  static auto layer = [] {
    auto* const real = sqlite3_vfs_find(nullptr);
    auto copy = *real;
    copy.zName = "failing-disk";
    copy.szOsFile = static_cast<int>(sizeof(detail::FailingFile)) + real->szOsFile;
    copy.pAppData = real;
    copy.xOpen = detail::open_failing;
    return copy;
  }();
  sqlite3_vfs_register(&layer, 1);
}

inline void remove_failing_disk() {
  disk_faults().sync_fails = false;
  disk_faults().writes_full = false;
  if (auto* const layer = sqlite3_vfs_find("failing-disk")) sqlite3_vfs_unregister(layer);
}

}  // namespace hoist::testing
