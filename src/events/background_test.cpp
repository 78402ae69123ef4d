#include "events/background.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

using namespace std::chrono_literals;

class BackgroundTest : public LogFixture {
 protected:
  ~BackgroundTest() override {
    periodic.stop();
    work.reset();
  }
  bool eventually(std::function<bool()> const& condition) {
    for (auto const deadline = soon(); std::chrono::steady_clock::now() < deadline;) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  asio::io_context context;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work{context.get_executor()};
  std::jthread thread{[this] { context.run(); }};
  Periodic periodic{context.get_executor(), 20ms};
  void start() {
    for (auto& job : background_jobs(service, checkpoints, retention, {5ms, 5ms, 5ms}))
      periodic.add(job.name, job.every, job.run);
  }
};

TEST_F(BackgroundTest, BringsDetailsOverOnceTheirStoreIsBackAndSignsWhatWasRecorded) {
  details.fail_puts = true;
  record_many(3);
  start();
  ASSERT_TRUE(eventually([&] { return !sync(checkpoints.list(acme, 0, 1, soon()))->empty(); }));
  EXPECT_EQ(all().front().state, EventView::Details::pending);
  details.fail_puts = false;
  EXPECT_TRUE(eventually([&] { return all().front().state == EventView::Details::present; }));
}

TEST_F(BackgroundTest, RemovesWhatIsPastItsRetention) {
  ASSERT_TRUE(hoist::testing::write_now(*database,
                                        [&](sql::Transaction& tx) { return retention.set(tx, acme, 1h); }));
  record_many(3);
  clock.advance(2h);
  start();
  EXPECT_TRUE(eventually([&] { return all().empty(); }));
}

}  // namespace
}  // namespace hoist::events
