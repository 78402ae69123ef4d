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
    background.stop();
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
  Background background{service, checkpoints, retention, {5ms, 5ms, 5ms, 20ms}};
};

TEST_F(BackgroundTest, BringsDetailsOverOnceTheirStoreIsBackAndSignsWhatWasRecorded) {
  details.fail_puts = true;
  record_many(3);
  background.start(context.get_executor());
  ASSERT_TRUE(eventually([&] { return !sync(checkpoints.list(acme, 0, 1, soon()))->empty(); }));
  EXPECT_EQ(all().front().state, EventView::Details::pending);
  details.fail_puts = false;
  EXPECT_TRUE(eventually([&] { return all().front().state == EventView::Details::present; }));
  background.stop();
  background.stop();  // twice is harmless
}

TEST_F(BackgroundTest, RemovesWhatIsPastItsRetention) {
  ASSERT_TRUE(hoist::testing::write_now(*database,
                                        [&](sql::Transaction& tx) { return retention.set(tx, acme, 1h); }));
  record_many(3);
  clock.advance(2h);
  background.start(context.get_executor());
  EXPECT_TRUE(eventually([&] { return all().empty(); }));
}

TEST_F(BackgroundTest, DelaysDoubleWithJitterUpToTheLimit) {
  EXPECT_EQ(retry_delay(100ms, 0, 1s), 100ms);
  for (auto failures = 1; failures < 70; ++failures) {
    auto const ceiling = std::min<std::chrono::milliseconds>(100ms * (1LL << std::min(failures, 20)), 1s);
    auto const delay = retry_delay(100ms, failures, 1s);
    EXPECT_GE(delay, ceiling / 2);
    EXPECT_LE(delay, ceiling);
  }
}

}  // namespace
}  // namespace hoist::events
