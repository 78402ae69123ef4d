// One thread with its connection: takes functions that wait, runs them in a transaction, and answers them.
//
// Threads   run() on a thread of its own.
// Errors    see database.hpp. A connection that is lost is opened again, with growing pauses; meanwhile what
//           is taken waits outage_patience at the most.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "adapters/postgres/clock.hpp"
#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/transaction.hpp"
#include "adapters/postgres/waiting_jobs.hpp"
#include "base/metrics.hpp"
#include "ports/wakeups.hpp"

namespace hoist::postgres {

inline constexpr auto outage_patience = std::chrono::seconds{3};

// What all sessions of a database share.
struct SessionMeters {
  explicit SessionMeters(Metrics& metrics);
  Histogram batch_size;
  Histogram commit_seconds;
  Counter again;
  Counter opened;
};

class Session {
 public:
  struct Parts {
    Connection::Options connection;
    sql::Database::Access access;
    WaitingJobs& jobs;
    Wakeups& wakeups;
    std::atomic<std::int64_t>& latest_us;  // the latest time that this process was told
    SessionMeters& meters;
    ServerClock* server_clock = nullptr;
    Clock const* clock = nullptr;  // for tests: in place of the database's
    bool run_twice = false;        // for tests: every function runs, is rolled back, and runs again
  };
  explicit Session(Parts parts) : parts_{std::move(parts)} {}
  void run();  // until the jobs are closed and none is left

 private:
  struct Function {
    sql::Job job;
    Result<void> outcome;
    std::vector<std::move_only_function<void()>> actions;
    bool changed = false;
  };
  enum class Ran {
    well,       // every outcome is known
    apart,      // one function failed after changing something: each has to run alone
    again,      // nothing is kept, and running all of them again may succeed
    locked_out  // the same, as soon as somebody else's transaction has ended
  };
  void run_together(std::vector<sql::Job> jobs);
  void run_to_answers(std::span<Function> batch);
  Ran run_once(std::span<Function> batch);
  Ran run_functions(std::span<Function> batch, Time now, Deadline deadline);
  Ran run_one(Function& function, Time now, Deadline deadline, bool alone);
  Ran commit(std::span<Function> batch, Deadline deadline);
  Ran all_failed(std::span<Function> batch, Failure const& failure);
  Result<void> connect();
  std::expected<Time, Failure> begin(Scope const& scope, Deadline deadline);
  void roll_back();
  [[nodiscard]] bool writes() const { return parts_.access == sql::Database::Access::write; }

  Parts parts_;
  std::unique_ptr<Connection> connection_;
  std::optional<Error> cause_;  // of `again`
};

}  // namespace hoist::postgres
