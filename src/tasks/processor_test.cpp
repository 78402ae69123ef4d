#include <set>

#include "model/chain.hpp"
#include "tasks/script.hpp"
#include "tasks/settlement.hpp"
#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

class TaskProcessor : public TaskFixture {
 protected:
  std::function<bool()> all(std::vector<std::string> ids, std::string wanted) {
    return [this, ids = std::move(ids), wanted = std::move(wanted)] {
      return std::ranges::all_of(ids, [&](auto const& id) { return stored(id) == wanted; });
    };
  }
  // Fails the third task of the group every time.
  static Outcome third_fails(Delivery const& delivery) {
    return delivery.sequence == 3 ? Outcome::failure("no crane") : Outcome::success();
  }
  std::function<bool()> walking(std::function<bool()> done) {
    return [this, done = std::move(done)] {
      walk();
      return done();
    };
  }
};

TEST_F(TaskProcessor, TasksAreDoneInTheOrderTheyWereAccepted) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 20; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto script = Script{};
  process_until(script.handlers(), all(ids, "done"));
  auto expected = std::vector<std::int64_t>{};
  for (auto i = 1; i <= 20; ++i) expected.push_back(i);
  EXPECT_EQ(script.sequences(), expected);
  auto const shown = task(ids[0]);
  EXPECT_EQ(shown.at("attempts"), 1);
  auto const& timeline = shown.at("timeline").as_array();
  ASSERT_EQ(timeline.size(), 3U);
  EXPECT_EQ(timeline[1].at("what"), "started");
  EXPECT_EQ(timeline[2].at("what"), "done");
}

TEST_F(TaskProcessor, WithoutAHandlerTasksAreRecordedInOrder) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 120; ++i) ids.push_back(add("t" + std::to_string(i), i % 3 == 0 ? "a" : "b"));
  process_until({}, all(ids, "done"));
  auto const answer = ok(200, "GET", "/groups/b/tasks?limit=100");
  auto last = std::int64_t{0};
  for (auto const& link : answer.at("tasks").as_array()) {
    EXPECT_GE(link.at("delivery").as_int64(), last);
    last = link.at("delivery").as_int64();
  }
  EXPECT_EQ(ok(200, "GET", "/groups/b").at("status"), "idle");
}

TEST_F(TaskProcessor, ACommitRecordsNoMoreTasksThanItMay) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::has_no_joint_consumer);
  for (auto i = 0; i < 30; ++i) add("t" + std::to_string(i));
  auto meter = TaskMeter{metrics};
  auto const settlement =
      make_settlement({*database, *consumer, joint_consumer, meter},
                      {.visibility = 30s, .tasks_per_commit = 20, .stopping = [] { return false; }});
  auto received = sync(consumer->receive({.queue = task_queue, .max = queue_receive_max}, soon())).value();
  EXPECT_TRUE(sync(settlement->record(std::move(received))).value());
  EXPECT_TRUE(metrics.render().contains("hoist_tasks_done_total{due=\"none\"} 20\n"));
}

TEST_F(TaskProcessor, PriorityAndDueDateNeverReorder) {
  auto ids = std::vector<std::string>{};
  for (auto const& [priority, due] : {std::pair{"low", "2030-01-01T00:00:00Z"},
                                      {"medium", "2020-01-01T00:00:00Z"},
                                      {"high", "2019-01-01T00:00:00Z"}}) {
    auto const body =
        json::object{{"title", priority}, {"description", ""}, {"priority", priority}, {"due_date", due}};
    ids.push_back(text_at(ok(201, "POST", "/tasks", json::serialize(body)), "task_id"));
  }
  auto script = Script{};
  process_until(script.handlers(), all(ids, "done"));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{1, 2, 3}));
  auto const text = metrics.render();
  EXPECT_NE(text.find(R"(hoist_tasks_done_total{due="met"} 1)"), text.npos);
  EXPECT_NE(text.find(R"(hoist_tasks_done_total{due="missed"} 2)"), text.npos);
}

TEST_F(TaskProcessor, AFailingTaskKeepsItsPlaceUntilItIsDeadAndTheRestGoesOn_Q3) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 4; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto script = Script{third_fails};
  process_until(script.handlers(), walking(all({ids[0], ids[1], ids[3]}, "done")));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{1, 2, 3, 3, 3, 4}));
  auto const dead = task(ids[2]);
  EXPECT_EQ(dead.at("status"), "dead");
  EXPECT_EQ(dead.at("attempts"), 3);
  EXPECT_EQ(dead.at("last_error"), "no crane");
  auto whats = std::vector<std::string>{};
  for (auto const& line : dead.at("timeline").as_array()) whats.push_back(text_at(line, "what"));
  EXPECT_EQ(whats, (std::vector<std::string>{"accepted", "retrying", "retrying", "started", "dead"}));
  ASSERT_EQ(letters().size(), 1U);
  EXPECT_EQ(letters()[0].id.str(), ids[2]);
  EXPECT_EQ(letters()[0].cause, "no crane");
}

TEST_F(TaskProcessor, WhileATaskIsRetriedItsGroupSaysWhy) {
  auto const first = add("one");
  auto const second = add("two");
  auto script = Script{[](Delivery const&) { return Outcome::failure("no crane"); }};
  process_until(script.handlers(), all({first}, "retrying"));
  auto const group = ok(200, "GET", "/groups/default");
  EXPECT_EQ(group.at("status"), "retrying");
  EXPECT_EQ(group.at("waiting"), 2);
  EXPECT_EQ(group.at("head").at("task_id"), json::value(first));
  EXPECT_EQ(group.at("head").at("last_error"), "no crane");
  EXPECT_TRUE(group.at("next_attempt_at").is_string());
  auto const waiting = task(second);
  EXPECT_EQ(waiting.at("waits_for").at("status"), "retrying");
  EXPECT_EQ(waiting.at("waits_for").at("attempts"), 1);
  EXPECT_EQ(waiting.at("waits_for").at("last_error"), "no crane");
  EXPECT_EQ(task(first).at("waits_for").at("reason"), "its own next attempt");
}

TEST_F(TaskProcessor, APermanentFailureIsDeadAtOnceAndRedriveTriesItAgain) {
  auto const id = add("one");
  auto const after = add("two");
  auto refuse = true;
  auto script = Script{[&](Delivery const& delivery) {
    return refuse && delivery.sequence == 1 ? Outcome::refused("no such site") : Outcome::success();
  }};
  process_until(script.handlers(), all({after}, "done"));
  EXPECT_EQ(status(id), "dead");
  refuse = false;
  EXPECT_EQ(redrive_all(), 1);
  EXPECT_EQ(status(id), "waiting");
  process_until(script.handlers(), all({id}, "done"));
  auto const deliveries = script.deliveries();
  EXPECT_EQ(deliveries.back().attempt, 2);  // goes on counting
  EXPECT_EQ(deliveries.front().id, deliveries.back().id);
  EXPECT_TRUE(task(id).at("last_error").is_null());
}

TEST_F(TaskProcessor, RedrivingTwiceDoesNothingTwiceAndKeepsTheOrder_Q9) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 5; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto refuse = true;
  auto script = Script{[&](Delivery const&) { return refuse ? Outcome::refused("no") : Outcome::success(); }};
  process_until(script.handlers(), all(ids, "dead"));
  refuse = false;
  EXPECT_EQ(redrive_all(), 5);
  EXPECT_EQ(redrive_all(), 0);
  process_until(script.handlers(), all(ids, "done"));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 1, 2, 3, 4, 5}));
}

TEST_F(TaskProcessor, ARepeatedDeliveryOfAFinishedTaskHasNoSecondEffect_Q1) {
  auto const id = add("one");
  auto const after = add("two");
  // A worker that did its work and recorded the effect, but whose acknowledgement was lost.
  auto const mark = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("UPDATE tasks SET state = 'done', finished_us = 1 WHERE id = $1", {id}));
    return {};
  };
  ASSERT_TRUE(hoist::testing::write_now(*database, mark));
  auto script = Script{};
  process_until(script.handlers(), all({after}, "done"));
  EXPECT_EQ(script.sequences(), (std::vector<std::int64_t>{2}));
  EXPECT_NE(metrics.render().find("hoist_tasks_repeats_skipped_total 1"), std::string::npos);
}

TEST_F(TaskProcessor, AWorkerThatComesTooLateRecordsNothing_Q1) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::has_no_joint_consumer);
  auto const id = add("one");
  auto lost = false;
  // While the first attempt runs its lease ends and another worker takes the task.
  auto script = Script{[&](Delivery const&) {
    if (std::exchange(lost, true)) return Outcome::success();
    clock.advance(60s);
    auto receipts = std::vector<Message>{};
    auto const steal = [&](sql::Transaction& tx) -> Result<void> {
      TRY(receipts, joint_consumer->receive(tx, {.queue = task_queue}));
      return {};
    };
    EXPECT_TRUE(hoist::testing::write_now(*database, steal));
    EXPECT_EQ(receipts.size(), 1U);
    return Outcome::success();
  }};
  process_until(script.handlers(),
                [&] { return script.sequences().size() == 1 && stored(id) == "retrying"; });
  EXPECT_EQ(stored(id), "retrying");  // not done: the thief never started it
  clock.advance(60s);
  process_until(script.handlers(), all({id}, "done"));
  EXPECT_EQ(script.sequences().size(), 2U);
}

TEST_F(TaskProcessor, NoTwoTasksOfAGroupRunAtOnce_Q2) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 60; ++i) ids.push_back(add("t", "g" + std::to_string(i % 4)));
  auto running = std::set<std::string>{};
  auto overlaps = 0;
  auto most = std::size_t{0};
  struct Slow final : Handler {
    std::function<void(Delivery const&, bool)> note;
    asio::awaitable<Outcome> run(Delivery delivery, Deadline) override {
      note(delivery, true);
      auto signal = Signal{};
      (void)co_await signal.wait(signal.ticket(), deadline_in(1ms));
      note(delivery, false);
      co_return Outcome::success();
    }
  };
  auto const make = [&] {
    auto handler = std::make_unique<Slow>();
    handler->note = [&](Delivery const& delivery, bool begins) {
      if (!begins) return void(running.erase(delivery.group));
      if (!running.insert(delivery.group).second) ++overlaps;
      most = std::max(most, running.size());
    };
    return handler;
  };
  process_until(make, all(ids, "done"));
  EXPECT_EQ(overlaps, 0);
  EXPECT_GT(most, 1U);
}

TEST_F(TaskProcessor, AJumpOfTheClockRepeatsOnlyWhatIsRunning_Q8) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 10; ++i) ids.push_back(add("t" + std::to_string(i)));
  auto script = Script{[&](Delivery const& delivery) {
    if (delivery.sequence == 3 && delivery.attempt == 1) clock.advance(86'400s);
    return Outcome::success();
  }};
  process_until(script.handlers(), all(ids, "done"));
  auto expected = std::vector<std::int64_t>{1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10};
  // Rows apart from their queue are settled first, so the task is passed over when it is delivered again.
  if (joint_consumer == nullptr) expected.erase(expected.begin() + 2);
  EXPECT_EQ(script.sequences(), expected);
}

TEST_F(TaskProcessor, ABlockedGroupWaitsForItsRedriveAndOthersDoNot) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::has_no_joint_consumer);
  declare({.on_dead = OnDead::block});
  auto const dead = add("one", "a");
  auto const behind = add("two", "a");
  auto const other = add("three", "b");
  auto refuse = true;
  auto script = Script{[&](Delivery const& delivery) {
    return refuse && delivery.group == "a" ? Outcome::refused("no") : Outcome::success();
  }};
  process_until(script.handlers(), [&] { return stored(dead) == "dead" && stored(other) == "done"; });
  EXPECT_EQ(ok(200, "GET", "/groups/a").at("status"), "blocked");
  EXPECT_EQ(task(behind).at("waits_for").at("task_id"), json::value(dead));
  EXPECT_EQ(task(behind).at("waits_for").at("status"), "dead");
  refuse = false;
  EXPECT_EQ(redrive_all(), 1);
  process_until(script.handlers(), all({dead, behind}, "done"));
}

TEST_F(TaskProcessor, TheProofChainsEveryTaskToTheOneBefore) {
  auto ids = std::vector<std::string>{};
  for (auto i = 0; i < 5; ++i) ids.push_back(add("t" + std::to_string(i)));
  process_until({}, all(ids, "done"));
  auto previous = first_chain();
  for (auto const& id : ids) {
    auto const proof = ok(200, "GET", "/tasks/" + id + "/proof");
    EXPECT_EQ(proof.at("previous_chain"), json::value(previous));
    auto const body_hash = text_at(proof, "body_sha256");
    previous = next_chain(previous, {.queue = "tasks",
                                     .tenant = "acme",
                                     .group = "default",
                                     .sequence = proof.at("sequence").as_int64(),
                                     .id = id,
                                     .sent_at = from_us(proof.at("sent_us").as_int64()),
                                     .body_sha256 = body_hash});
    EXPECT_EQ(proof.at("chain"), json::value(previous));
  }
  EXPECT_EQ(ok(200, "GET", "/groups/default").at("chain"), json::value(previous));
}

TEST_F(TaskProcessor, ANoisyTenantDoesNotHoldUpAnother_Q7) {
  for (auto i = 0; i < 200; ++i) add("noise", "g" + std::to_string(i));
  auto const quiet = text_at(ok(201, "POST", "/tasks", R"({"title":"q","description":"","priority":"low"})",
                                with("x-test-tenant", "b")),
                             "task_id");
  auto script = Script{};
  process_until(script.handlers(), all({quiet}, "done"), {.workers = 1});
  auto const deliveries = script.deliveries();
  auto const turn = std::ranges::find(deliveries, TenantId{"b"}, &Delivery::tenant) - deliveries.begin();
  EXPECT_LT(turn, 5);
}

TEST_F(TaskProcessor, WhatEndedLongAgoIsForgotten) {
  auto const old = add("old");
  process_until({}, all({old}, "done"));
  auto const add_tenant = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("INSERT INTO tenants (tenant, name, created_us) VALUES ('acme', 'Acme', 0)"));
    return {};
  };
  ASSERT_TRUE(hoist::testing::write_now(*database, add_tenant));
  clock.advance(24h * 29);
  auto const waiting = add("new");
  clock.advance(24h * 2);
  ASSERT_TRUE(sync(service->maintain(soon())));
  EXPECT_EQ(stored(old), "");
  EXPECT_EQ(stored(waiting), "waiting");
}

}  // namespace
}  // namespace hoist::tasks
