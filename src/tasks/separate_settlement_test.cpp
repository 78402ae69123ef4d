// Tasks over a queue that is not in their database.
#include <atomic>

#include "adapters/memory/queue.hpp"
#include "tasks/script.hpp"
#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

// A connection to a queue that breaks when the test says so.
class BreakingConsumer final : public Consumer {
 public:
  explicit BreakingConsumer(Consumer& inner) : inner_{inner} {}
  Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) override {
    co_return co_await inner_.receive(std::move(request), deadline);
  }
  Async<> acknowledge(Receipt receipt, Deadline deadline) override {
    if (acknowledgements_lost-- > 0) co_return hoist::fail(lost_with, "The connection broke.");
    co_return co_await inner_.acknowledge(std::move(receipt), deadline);
  }
  Async<> fail(Receipt receipt, QueueFailure failure, Deadline deadline) override {
    co_return co_await inner_.fail(std::move(receipt), std::move(failure), deadline);
  }
  Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) override {
    co_return co_await inner_.extend(std::move(receipt), visibility, deadline);
  }
  Async<> release(Receipt receipt, Deadline deadline) override {
    co_return co_await inner_.release(std::move(receipt), deadline);
  }

  std::atomic<int> acknowledgements_lost = 0;
  Code lost_with = Code::conflict;  // which is not tried again at once

 private:
  Consumer& inner_;
};

class SeparateTasks : public TaskFixture {
 protected:
  SeparateTasks() {
    EXPECT_TRUE(elsewhere.declare(task_queue, {}, &follower));
    use(elsewhere, nullptr, breaking, elsewhere);
  }
  std::function<bool()> all(std::vector<std::string> ids, std::string wanted) {
    return [this, ids = std::move(ids), wanted = std::move(wanted)] {
      walk();
      return std::ranges::all_of(ids, [&](auto const& id) { return stored(id) == wanted; });
    };
  }
  QueueStats stats() {
    return sync<QueueStats>(elsewhere.stats(task_queue, Scope::tenant(TenantId{"acme"}), soon())).value();
  }
  // Without waiting for the queue to be well again.
  void process_hurriedly(Script& script, std::function<bool()> done) {
    process_until(script.handlers(), std::move(done), {.workers = 1, .pause_after_error = 1ms});
  }
  bool counted(std::string const& metric) { return metrics.render().contains(metric + "\n"); }
  std::function<bool()> settled() {
    return [this] { return stats().waiting + stats().in_flight == 0; };
  }
  void set_state(std::string const& id, TaskState state) {
    auto const set = [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute("UPDATE tasks SET state = $2, finished_us = 1, last_error = 'no crane' WHERE id = $1",
                       {id, std::string{to_string(state)}}));
      return {};
    };
    ASSERT_TRUE(hoist::testing::write_now(*database, set));
  }

  memory::MemoryQueue elsewhere{clock, *database};
  BreakingConsumer breaking{elsewhere};
};

TEST_F(SeparateTasks, TasksAreDoneInTheirOrder) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 10; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto script = Script{};
  process_until(script.handlers(), all(ids, "done"));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_TRUE(settled()());
}

TEST_F(SeparateTasks, WithoutAHandlerTasksAreRecorded) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 30; ++i) ids.push_back(add("t", "g" + std::to_string(i % 3)));
  process_until({}, all(ids, "done"));
  EXPECT_TRUE(settled()());
}

TEST_F(SeparateTasks, AFailingTaskIsRetriedThenDeadAndComesBackWhenItIsRedriven) {
  auto const id = add("one");
  auto refuse = true;
  auto script =
      Script{[&](Delivery const&) { return refuse ? Outcome::failure("no crane") : Outcome::success(); }};
  process_until(script.handlers(), all({id}, "dead"));
  EXPECT_EQ(script.deliveries().size(), 3U);
  EXPECT_EQ(task(id).at("last_error"), "no crane");
  EXPECT_EQ(letters().size(), 1U);
  refuse = false;
  EXPECT_EQ(redrive_all(), 1);
  EXPECT_EQ(status(id), "waiting");
  process_until(script.handlers(), all({id}, "done"));
}

TEST_F(SeparateTasks, WhatWasRecordedAndNotAcknowledgedDoesNotRunAgain_Q1) {
  auto const id = add("one");
  breaking.acknowledgements_lost = 1;
  auto script = Script{};
  process_until(script.handlers(), all({id}, "done"));
  EXPECT_EQ(stats().waiting + stats().in_flight, 1);
  clock.advance(60s);
  process_until(script.handlers(), settled());
  EXPECT_EQ(script.deliveries().size(), 1U);
  EXPECT_EQ(stored(id), "done");
  EXPECT_NE(metrics.render().find("hoist_tasks_repeats_skipped_total 1"), std::string::npos);
}

TEST_F(SeparateTasks, AnAcknowledgementIsTriedAgainWhileTheQueueIsAway) {
  auto const id = add("one");
  breaking.lost_with = Code::unavailable;
  breaking.acknowledgements_lost = 4;
  auto script = Script{};
  process_hurriedly(script, settled());
  EXPECT_EQ(script.deliveries().size(), 1U);
  EXPECT_EQ(stored(id), "done");
}

TEST_F(SeparateTasks, AnAcknowledgementIsGivenUpInTheEndAndTheNextTaskBegins) {
  auto const ids = std::vector{add("one", "a"), add("two", "b")};
  breaking.lost_with = Code::unavailable;
  breaking.acknowledgements_lost = 5;
  auto script = Script{};
  process_hurriedly(script, all(ids, "done"));
  EXPECT_EQ(stats().in_flight, 1);
}

TEST_F(SeparateTasks, WhatWasRecordedWithoutAHandlerCountsOnce_Q1) {
  auto const id = add("one");
  breaking.acknowledgements_lost = 1;
  process_until({}, all({id}, "done"));
  clock.advance(60s);
  process_until({}, settled());
  EXPECT_EQ(task(id).at("attempts"), 1);
  EXPECT_NE(metrics.render().find(R"(hoist_tasks_done_total{due="none"} 1)"), std::string::npos);
}

TEST_F(SeparateTasks, ADeadTaskThatIsDeliveredBecomesTheDeadLetterItIs) {
  auto const id = add("one");
  set_state(id, TaskState::dead);
  auto script = Script{};
  process_until(script.handlers(), settled());
  EXPECT_TRUE(script.deliveries().empty());
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].cause, "no crane");
  EXPECT_EQ(stored(id), "dead");
}

TEST_F(SeparateTasks, ACancelledTaskIsPassedOverWhenItIsDelivered) {
  auto const first = add("one");
  auto const second = add("two");
  EXPECT_EQ(text_at(ok(200, "DELETE", "/tasks/" + first), "status"), "cancelled");
  auto script = Script{};
  process_until(script.handlers(), all({second}, "done"));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{2}));
  EXPECT_EQ(stored(first), "cancelled");
  EXPECT_EQ(task(first).at("timeline").at(1).at("what"), "cancelled");
}

TEST_F(SeparateTasks, AWorkerThatComesTooLateRecordsNothing_Q1) {
  auto const id = add("one");
  auto late = true;
  // While the first attempt runs its lease ends, and another worker takes the task and dies.
  auto script = Script{[&](Delivery const&) {
    if (!std::exchange(late, false)) return Outcome::success();
    clock.advance(60s);
    auto const take_over = [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute("UPDATE tasks SET fence = fence + 1 WHERE id = $1", {id}));
      return {};
    };
    EXPECT_TRUE(hoist::testing::write_now(*database, take_over));
    return Outcome::success();
  }};
  process_until(script.handlers(), [&] { return script.deliveries().size() == 2 && stored(id) == "done"; });
  EXPECT_EQ(task(id).at("attempts"), 2);
  EXPECT_TRUE(counted(R"(hoist_tasks_done_total{due="none"} 1)"));
  EXPECT_TRUE(counted("hoist_tasks_repeats_skipped_total 0"));
}

}  // namespace
}  // namespace hoist::tasks
