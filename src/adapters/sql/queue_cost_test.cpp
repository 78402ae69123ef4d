// The cost of receiving does not depend on how much waits: by the plans SQLite makes, and by what
// its virtual machine counts. Nothing here is timed.
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "adapters/sql/queue.hpp"
#include "adapters/sql/queue_engine.hpp"
#include "adapters/sql/queue_look.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"
#include "support/history.hpp"
#include "support/passing_transaction.hpp"
#include "support/test_database.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

// Passes everything on, and keeps the texts.
class Spy final : public testing::PassingTransaction {
 public:
  using PassingTransaction::PassingTransaction;
  Result<sql::Rows> query(std::string_view sql, sql::Args args) override {
    texts.emplace_back(sql, args);
    auto rows = PassingTransaction::query(sql, std::move(args));
    if (rows) rows_read += std::ssize(*rows);
    return rows;
  }
  Result<std::int64_t> execute(std::string_view sql, sql::Args args) override {
    texts.emplace_back(sql, args);
    return PassingTransaction::execute(sql, std::move(args));
  }

  std::vector<std::pair<std::string, sql::Args>> texts;
  std::int64_t rows_read = 0;
};

struct QueueCostTest : ::testing::Test {
  ManualClock clock;
  testing::TestDatabase database = testing::inline_database();
  sql_engine::queue::Engine engine{1};
  int sent = 0;

  void fill(int messages, int groups) {
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto changes = sql_engine::queue::Changes{};
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
  Cost cost_of(std::function<Result<void>(sql::Transaction&)> const& work) {
    auto cost = Cost{};
    auto const done = testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto spy = Spy{tx};
      cost = {};
      CHECK(work(spy));
      cost.statements = spy.texts.size();
      cost.rows = spy.rows_read;
      for (auto const& [text, args] : spy.texts) {
        TRY(auto const plan, tx.query("EXPLAIN QUERY PLAN " + text, args));
        for (auto const& row : plan)
          if (row.text(3).starts_with("SCAN queue") || row.text(3).contains("TEMP B-TREE"))
            cost.scans.push_back(row.text(3) + " in " + text);
      }
      return {};
    });
    EXPECT_TRUE(done.has_value());
    return cost;
  }
  // One receive and its acknowledgement.
  Cost measure() {
    return cost_of([&](sql::Transaction& tx) -> Result<void> {
      auto changes = sql_engine::queue::Changes{};
      TRY(auto received, engine.receive(tx, {.queue = "q"}, clock.now(), changes));
      EXPECT_EQ(received.messages.size(), 1U);
      for (auto const& message : received.messages)
        CHECK(engine.acknowledge(tx, message.receipt, clock.now(), changes));
      return {};
    });
  }
  Cost measure_send() {
    return cost_of([&](sql::Transaction& tx) -> Result<void> {
      auto changes = sql_engine::queue::Changes{};
      CHECK(sql_engine::queue::count_depth(tx, "q", TenantId{"acme"}));
      auto const message =
          Outgoing{"q", TenantId{"acme"}, "new-" + std::to_string(++sent), "body", {}, Micros{0}};
      CHECK(engine.send(tx, {&message, 1}, clock.now(), changes));
      return {};
    });
  }
  // What maintain() does.
  Cost measure_upkeep() {
    return cost_of([&](sql::Transaction& tx) -> Result<void> {
      auto changes = std::map<std::string, sql_engine::queue::Changes>{};
      TRY(auto const outdated, engine.find_outdated(tx, 100, clock.now()));
      CHECK(engine.clean(tx, outdated, 100, clock.now(), changes));
      CHECK(sql_engine::queue::count_depth(tx, "q", TenantId{"acme"}));
      CHECK(sql_engine::queue::stats(tx, "q", Scope::tenant(TenantId{"acme"}), clock.now()));
      CHECK(sql_engine::queue::stats(tx, "q", Scope::system(), clock.now()));
      return {};
    });
  }
  // Groups whose messages are all done, of a queue that keeps them.
  void settle_groups(int groups) {
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(
          "INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence) "
          "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT $1) "
          "SELECT 'q', 'acme', 'settled-' || i, 1, '', 0, 1 FROM n",
          {std::int64_t{groups}}));
      return {};
    }));
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

TEST_F(QueueCostTest, Xf_NothingCostsMoreForAMillionSettledGroups) {
  fill(3, 3);
  (void)measure();
  auto const costs = [&] { return std::array{measure_send(), measure(), measure_upkeep()}; };
  auto const before = costs();
  settle_groups(1'000'000);
  auto const after = costs();
  for (auto i = 0U; i < before.size(); ++i) {
    EXPECT_TRUE(after[i].scans.empty()) << after[i].scans.front();
    EXPECT_EQ(after[i].statements, before[i].statements) << i;
    EXPECT_EQ(after[i].rows, before[i].rows) << i;
  }
}

TEST_F(QueueCostTest, P_UpkeepTakesAwayNoMoreThanItsLimitOfEachKind) {
  ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 0; i < 10; ++i) {
      CHECK(tx.execute(
          "INSERT INTO queue_dedup (tenant, queue, scope, dedup_key, body_sha256, message_id, "
          "group_name, sequence, chain, expires_us) VALUES ('acme', 'q', '', $1, '', '', 'g', 1, '', 1)",
          {std::to_string(i)}));
      CHECK(
          tx.execute("INSERT INTO queue_losses (queue, tenant, group_name, fence, from_sequence, lost_us) "
                     "VALUES ('q', 'acme', 'g', $1, 1, 1)",
                     {std::int64_t{i}}));
    }
    return {};
  }));
  for (auto const expected : {8, 8, 4, 0}) {
    auto gone = std::int64_t{-1};
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto changes = std::map<std::string, sql_engine::queue::Changes>{};
      TRY(gone, engine.clean(tx, {}, 4, clock.now(), changes));
      return {};
    }));
    EXPECT_EQ(gone, expected);
  }
}

TEST_F(QueueCostTest, Xf_GroupsOfAForgettingQueueGoWhenTheyAreEmpty) {
  ASSERT_TRUE(engine.declare("q", {{.forget_group = 1h}}));
  fill(100, 100);
  for (auto i = 0; i < 100; ++i) (void)measure();
  auto const groups = [&] {
    auto count = std::int64_t{-1};
    EXPECT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
                  TRY(auto const rows, tx.query("SELECT count(*) FROM queue_groups"));
                  count = rows.at(0).integer(0);
                  return {};
                }).has_value());
    return count;
  };
  (void)measure_upkeep();
  EXPECT_EQ(groups(), 100) << "their time is not over";
  clock.advance(2h);
  (void)measure_upkeep();
  EXPECT_EQ(groups(), 0);
}

// Real threads: producers and workers at once, every attempt told to the history.
TEST(QueueThreadsTest, Q2_ManyWorkersNeverHaveTwoOfAGroupInFlight) {
  constexpr auto groups = 10;
  constexpr auto messages = 2'000;
  constexpr auto workers = 8;
  auto database = testing::fast_database();
  auto clock = SystemClock{};
  auto queue = sql_engine::make_queue(*database, database.wakeups(), database.metrics(), {.seed = 1});
  auto mutex = Mutex{};
  auto history = testing::History{};
  auto left = std::atomic<int>{messages};

  auto threads = std::vector<std::thread>{};
  for (auto p = 0; p < 2; ++p)
    threads.emplace_back([&, p] {
      for (auto i = 0; i < messages / 2; ++i) {
        auto const group = "g" + std::to_string((i * 7 + p) % groups);
        auto sent = Sent{};
        EXPECT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
                      TRY(sent, queue->send_one(tx, {"q", TenantId{"acme"}, group, "body", {}, Micros{0}}));
                      // By the transaction, so that the history has commit order too.
                      tx.after_commit([&, id = sent.id.str()] {
                        auto const lock = Lock{mutex};
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
          auto const lock = Lock{mutex};
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
