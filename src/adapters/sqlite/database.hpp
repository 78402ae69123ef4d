// The Database port over one SQLite file.
//
// Threads    one writer thread and `readers` snapshot readers. Work submitted from anywhere.
// Promise    group commit: the writer runs many functions in one transaction, syncs once, and only
//            then reports any of them. A function that fails is taken back alone.
// Errors     unavailable with Retry-After when `queue_max` functions wait; timeout when a
//            function's deadline passed before its turn; storage_full for every function of a
//            commit that did not fit, after which the writer goes on as soon as there is space.
//            A failed sync ends the process.
// Invariants WAL with synchronous=FULL; only the writer checkpoints (SQLite before 3.51.3 can
//            damage the file when two connections do); the WAL stays near wal_pages_max.
// Lifetime   the destructor runs what is queued, then closes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "adapters/sqlite/surroundings.hpp"
#include "base/metrics.hpp"
#include "sql/database.hpp"

namespace hoist::sqlite {

struct Options {
  std::string path;
  std::size_t readers = 4;  // 0: the writer reads too, as an in-memory database needs
  std::size_t queue_max = 4096;
  int writer_cache_kib = 32'768;
  bool checkpoints = true;  // false in a second process beside the one that serves: see Invariants
};

inline constexpr auto batch_functions_max = std::size_t{1024};
inline constexpr auto batch_time_max = Micros{20'000};  // then commit, even if more is waiting
inline constexpr auto checkpoint_pages = 4'000;         // 16 MB of WAL: start moving it
inline constexpr auto wal_pages_max = 50'000;           // 200 MB: wait for readers, then restart it
inline constexpr auto busy_retry_after_s = std::uint32_t{1};

Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Metrics& metrics);

// One of this process alone, which ends with it. Nothing is synced, and the writer reads too.
Result<std::unique_ptr<sql::Database>> open_in_memory(Surroundings surroundings, Metrics& metrics);

namespace detail {
struct Testing {
  bool durable = true;     // false: commits are not synced
  bool run_twice = false;  // every function runs, is rolled back, and runs again
};
Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Metrics& metrics, Testing testing);
}  // namespace detail

}  // namespace hoist::sqlite
