// The cost of receiving does not depend on how much waits: by the plans SQLite makes, and by what
// its virtual machine counts. Nothing here is timed.
#include <gtest/gtest.h>

#include <thread>

#include "adapters/sql/queue.hpp"
#include "adapters/sql/queue_engine.hpp"
#include "adapters/sqlite/testing.hpp"
#include "base/try.hpp"
#include "support/history.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

// Passes everything on, and keeps the texts.
class Spy final : public sql::Transaction {
 public:
  explicit Spy(sql::Transaction& inner) : inner_{inner} {}
  Result<sql::Rows> query(std::string_view sql, sql::Args args) override {
    texts.emplace_back(sql, args);
    auto rows = inner_.query(sql, std::move(args));
    if (rows) rows_read += std::ssize(*rows);
    return rows;
  }
  Result<std::int64_t> execute(std::string_view sql, sql::Args args) override {
    texts.emplace_back(sql, args);
    return inner_.execute(sql, std::move(args));
  }
  void after_commit(std::move_only_function<void()> action) override {
    inner_.after_commit(std::move(action));
  }

  std::vector<std::pair<std::string, sql::Args>> texts;
  std::int64_t rows_read = 0;

 private:
  sql::Transaction& inner_;
};

struct QueueCostTest : ::testing::Test {
  ManualClock clock;
  testing::TestDatabase database = testing::inline_database();
  sql::queue::Engine engine{1};

  void fill(int messages, int groups) {
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto changes = sql::queue::Changes{};
      for (auto i = 0; i < messages; ++i) {
        auto const message =
            Outgoing{"q", TenantId{"acme"}, "g" + std::to_string(i % groups), "body", {}, Micros{0}};
        CHECK(engine.send(tx, {&message, 1}, clock.now(), changes));
      }
      return {};
    }));
  }

  struct Cost {
    std::size_t statements = 0;
    std::int64_t rows = 0;
    std::vector<std::string> scans;
  };
  // One receive and its acknowledgement.
  Cost measure() {
    auto cost = Cost{};
    auto const done = testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto spy = Spy{tx};
      auto changes = sql::queue::Changes{};
      TRY(auto received, engine.receive(spy, {.queue = "q"}, clock.now(), changes));
      EXPECT_EQ(received.messages.size(), 1U);
      for (auto const& message : received.messages)
        CHECK(engine.acknowledge(spy, message.receipt, clock.now(), changes));
      cost.statements = spy.texts.size();
      cost.rows = spy.rows_read;
      for (auto const& [text, args] : spy.texts) {
        TRY(auto const plan, tx.query("EXPLAIN QUERY PLAN " + text, args));
        for (auto const& row : plan)
          if (!row.text(3).starts_with("SEARCH")) cost.scans.push_back(row.text(3) + " in " + text);
      }
      return {};
    });
    EXPECT_TRUE(done.has_value());
    return cost;
  }
};

TEST_F(QueueCostTest, Xf_ReceivingSearchesIndexesAndNeverScansOrSorts) {
  fill(100, 10);
  auto const cost = measure();
  EXPECT_TRUE(cost.scans.empty()) << cost.scans.front();
}

TEST_F(QueueCostTest, Xf_ReceivingReadsTheSameRowsHoweverManyMessagesOrGroupsWait) {
  fill(100, 1);
  (void)measure();  // the very first one has no tenant to go on from
  auto const shallow = measure();
  fill(20'000, 1);
  auto const deep = measure();
  fill(20'000, 5'000);
  auto const wide = measure();
  std::printf(
      "statements and rows of one receive with its acknowledgement: 100 waiting %zu/%lld, 20,100 "
      "waiting %zu/%lld, 40,100 in 5,000 groups %zu/%lld\n",
      shallow.statements, static_cast<long long>(shallow.rows), deep.statements,
      static_cast<long long>(deep.rows), wide.statements, static_cast<long long>(wide.rows));
  EXPECT_EQ(deep.statements, shallow.statements);
  EXPECT_EQ(deep.rows, shallow.rows);
  EXPECT_EQ(wide.statements, shallow.statements);
  EXPECT_EQ(wide.rows, shallow.rows);
}

// Real threads: producers and workers at once, every attempt told to the history.
TEST(QueueThreadsTest, Q2_ManyWorkersNeverHaveTwoOfAGroupInFlight) {
  constexpr auto groups = 10;
  constexpr auto messages = 2'000;
  constexpr auto workers = 8;
  auto database = testing::fast_database();
  auto clock = SystemClock{};
  auto queue = sql::make_queue(*database, clock, database.metrics(), {.seed = 1});
  auto mutex = std::mutex{};
  auto history = testing::History{};
  auto left = std::atomic<int>{messages};

  auto threads = std::vector<std::thread>{};
  for (auto p = 0; p < 2; ++p)
    threads.emplace_back([&, p] {
      for (auto i = 0; i < messages / 2; ++i) {
        auto const group = "g" + std::to_string((i * 7 + p) % groups);
        auto sent = Sent{};
        EXPECT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
                      TRY(sent, queue->send(tx, {"q", TenantId{"acme"}, group, "body", {}, Micros{0}}));
                      // By the transaction, so that the history has commit order too.
                      tx.after_commit([&, id = sent.id.str()] {
                        auto const lock = std::lock_guard{mutex};
                        history.attempted();
                        history.accepted(group, id);
                      });
                      return {};
                    }).has_value());
      }
    });
  for (auto w = 0; w < workers; ++w)
    threads.emplace_back([&] {
      auto const outcome = run_to_end<int>([&]() -> Async<int> {
        auto done = std::vector<Receipt>{};
        while (left > 0) {
          auto request = ReceiveRequest{.queue = "q", .max = 3, .wait = 50ms};
          CO_TRY(auto settled, co_await queue->settle_and_receive(done, request, deadline_in(30s)));
          auto const lock = std::lock_guard{mutex};
          for (auto const& acknowledged : settled.acknowledged) EXPECT_TRUE(acknowledged.has_value());
          done.clear();
          for (auto const& message : settled.messages) {
            auto const& id = message.receipt.id.str();
            history.delivered(id, message.receipt.fence, clock.now(), message.visible_until);
            history.started(id, message.receipt.fence);
            history.effect(id);
            history.settled(id);
            done.push_back(message.receipt);
            --left;
          }
        }
        for (auto const& receipt : done) CO_CHECK(co_await queue->acknowledge(receipt, deadline_in(30s)));
        co_return 0;
      });
      EXPECT_TRUE(outcome.has_value());
    });
  for (auto& thread : threads) thread.join();
  history.finish();
  std::printf("%s\n", history.counts().text().c_str());
  EXPECT_TRUE(history.violations().empty()) << history.violations().front();
  EXPECT_EQ(history.counts().processed, messages);
}

}  // namespace
}  // namespace hoist
