#include "adapters/postgres/database.hpp"

#include <atomic>
#include <deque>
#include <pthread.h>
#include <thread>

#include "adapters/postgres/locks.hpp"
#include "adapters/postgres/session.hpp"
#include "adapters/postgres/waiting_jobs.hpp"
#include "base/try.hpp"

namespace hoist::postgres {
namespace {

constexpr auto busy_retry_after_s = std::uint32_t{1};

class PostgresDatabase final : public sql::Database {
 public:
  PostgresDatabase(Options const& options, Surroundings surroundings, detail::Testing testing)
      : writes_{options.queue_max}, reads_{options.queue_max}, meters_{surroundings.metrics} {
    auto const connection = Connection::Options{.url = options.url, .prepares = !options.pooled};
    auto const add = [&](Access access, WaitingJobs& jobs, std::size_t count) {
      for (std::size_t i = 0; i < count; ++i)
        sessions_.emplace_back(Session::Parts{.connection = connection,
                                              .access = access,
                                              .jobs = jobs,
                                              .wakeups = surroundings.wakeups,
                                              .latest_us = latest_us_,
                                              .meters = meters_,
                                              .server_clock = surroundings.clock,
                                              .clock = testing.clock,
                                              .run_twice = testing.run_twice});
    };
    add(Access::write, writes_, options.writers);
    add(Access::read, reads_, options.readers);
    try {
      for (auto& session : sessions_)
        threads_.emplace_back([&session] {
          pthread_setname_np(pthread_self(), "db-session");
          session.run();
        });
    } catch (std::system_error const&) {  // the system gives no more threads
      end_threads();
      throw;
    }
  }
  ~PostgresDatabase() override { end_threads(); }

  void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) override {
    auto key = access == Access::write ? batch_of(scope) : std::string{};
    auto job = sql::Job{std::move(scope), std::move(work), deadline, std::move(done)};
    if (!(access == Access::write ? writes_ : reads_).push(std::move(key), job))
      job.done(fail(Error{Code::unavailable, "The server is busy."}
                        .with_retry_after(busy_retry_after_s)
                        .with_cause("the database's queue is full")));
  }

 private:
  void end_threads() {
    writes_.close();
    reads_.close();
    for (auto& thread : threads_) thread.join();
  }

  WaitingJobs writes_;
  WaitingJobs reads_;
  std::atomic<std::int64_t> latest_us_ = 0;
  SessionMeters meters_;
  std::deque<Session> sessions_;
  std::vector<std::thread> threads_;
};

}  // namespace

namespace detail {

Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Testing testing) {
  // The first connection says at once what is wrong with the address or the server.
  CHECK(Connection::open({.url = options.url, .prepares = false, .first = true}));
  return std::make_unique<PostgresDatabase>(options, surroundings, testing);
}

}  // namespace detail

Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings) {
  return detail::open_database(std::move(options), surroundings, {});
}

}  // namespace hoist::postgres
