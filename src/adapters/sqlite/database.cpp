#include "adapters/sqlite/database.hpp"

#include <pthread.h>
#include <system_error>
#include <thread>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/job_queue.hpp"
#include "adapters/sqlite/transaction.hpp"
#include "adapters/sqlite/writer.hpp"
#include "base/try.hpp"

namespace hoist::sqlite {
namespace {

constexpr auto reader_cache_kib = 4'096;

// A snapshot: what had committed when the first statement ran, whatever commits meanwhile.
Result<void> read_snapshot(Connection& connection, Surroundings const& surroundings, sql::Job& job) {
  auto tx = SqliteTransaction{connection, surroundings, job.scope, false};
  TRY(auto* begin, connection.prepare("BEGIN"));
  CHECK(begin->run(connection.handle(), {}, nullptr));
  auto outcome = tx.outcome(job.work(tx));
  TRY(auto* commit, connection.prepare("COMMIT"));
  auto ended = commit->run(connection.handle(), {}, nullptr);
  if (!ended && connection.in_transaction()) (void)connection.run_script("ROLLBACK");
  if (!outcome) return outcome;
  CHECK(std::move(ended));
  for (auto& action : tx.take_actions()) action();
  return {};
}

void run_reader(Connection& connection, Surroundings const& surroundings, JobQueue& queue) {
  auto jobs = std::vector<sql::Job>{};
  while (queue.take(jobs, 1)) {
    auto& job = jobs.front();
    if (std::chrono::steady_clock::now() > job.deadline)
      job.done(fail(Code::timeout, "The database is too busy."));
    else
      job.done(read_snapshot(connection, surroundings, job));
    jobs.clear();
  }
}

class SqliteDatabase final : public sql::Database {
 public:
  SqliteDatabase(Options const& options, Surroundings surroundings, std::unique_ptr<Connection> writer,
                 std::vector<std::unique_ptr<Connection>> readers, Metrics& metrics, bool run_twice)
      : surroundings_{surroundings},
        writes_{options.queue_max},
        reads_{options.queue_max},
        writer_{std::move(writer), writes_, surroundings, metrics, run_twice},
        readers_{std::move(readers)} {
    writer_thread_ = std::thread{[this] {
      pthread_setname_np(pthread_self(), "db-writer");
      writer_.run();
    }};
    try {
      for (auto const& reader : readers_)
        reader_threads_.emplace_back([this, connection = reader.get()] {
          pthread_setname_np(pthread_self(), "db-reader");
          run_reader(*connection, surroundings_, reads_);
        });
    } catch (std::system_error const&) {  // the system gives no more threads
      end_threads();
      throw;
    }
  }

  ~SqliteDatabase() override {
    end_threads();
    // Readers first: the last connection to close checkpoints, and that has to be the writer.
    readers_.clear();
  }

  void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) override {
    auto job = sql::Job{std::move(scope), std::move(work), deadline, std::move(done)};
    auto& queue = access == Access::read && !readers_.empty() ? reads_ : writes_;
    if (!queue.push(job))
      job.done(fail(Error{Code::unavailable, "The server is busy."}
                        .with_retry_after(busy_retry_after_s)
                        .with_cause("the database's queue is full")));
  }

 private:
  void end_threads() {
    writes_.close();
    reads_.close();
    writer_thread_.join();
    for (auto& thread : reader_threads_) thread.join();
  }

  Surroundings surroundings_;
  JobQueue writes_;
  JobQueue reads_;
  Writer writer_;
  std::vector<std::unique_ptr<Connection>> readers_;
  std::thread writer_thread_;
  std::vector<std::thread> reader_threads_;
};

// SQLite's count of allocated bytes, which we never read, takes a lock at every allocation.
void stop_counting_memory() {
  static auto const once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)once;  // SQLITE_MISUSE when SQLite is in use already: then it goes on counting
}

}  // namespace

namespace detail {

Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Metrics& metrics, Testing testing) {
  stop_counting_memory();
  TRY(auto writer, Connection::open({.path = options.path,
                                     .cache_kib = options.writer_cache_kib,
                                     .durable = testing.durable,
                                     .checkpoints = options.checkpoints}));
  auto readers = std::vector<std::unique_ptr<Connection>>{};
  for (std::size_t i = 0; i < options.readers; ++i) {
    TRY(auto reader, Connection::open({.path = options.path,
                                       .read_only = true,
                                       .cache_kib = reader_cache_kib,
                                       .checkpoints = options.checkpoints}));
    readers.push_back(std::move(reader));
  }
  return std::make_unique<SqliteDatabase>(options, surroundings, std::move(writer), std::move(readers),
                                          metrics, testing.run_twice);
}

}  // namespace detail

Result<std::unique_ptr<sql::Database>> open_in_memory(Surroundings surroundings, Metrics& metrics) {
  return detail::open_database({.path = ":memory:", .readers = 0}, surroundings, metrics, {.durable = false});
}

Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Metrics& metrics) {
  return detail::open_database(std::move(options), surroundings, metrics, {});
}

}  // namespace hoist::sqlite
