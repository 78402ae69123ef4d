#include "tasks/batch_processor.hpp"

#include <gtest/gtest.h>

#include "base/id.hpp"
#include "support/effects.hpp"
#include "support/ordered_queue.hpp"
#include "tasks/parse.hpp"
#include "tasks/script.hpp"

namespace hoist::tasks {
namespace {

using namespace std::chrono_literals;
using Ids = std::vector<std::string>;

class TaskBatch : public ::testing::Test {
 protected:
  using Answer = std::function<Outcome(std::string const& title)>;

  // The handler answers by title; without an answer there is no handler.
  void answer(Answer answer) {
    script_ = std::make_unique<Script>(
        [answer = std::move(answer)](Delivery const& delivery) { return answer(title_of(delivery.body)); });
  }
  static std::string title_of(std::string const& body) {
    return std::string{parse_json(body)->at("title").as_string()};
  }
  // A delivery of that task; the same title is the same task.
  Handed task(std::string title, std::string group = "one", std::int64_t receives = 1) {
    auto& id = ids_[title];
    if (id.empty()) id = TaskId{new_uuid7(clock_.now())};
    auto const user = UserId{"ana"};
    auto wanted = NewTask{.title = title, .description = "", .priority = "low", .group = group};
    wanted.due_at = clock_.now() - 1h;
    auto const queued = QueuedTask{.id = id,
                                   .tenant = TenantId{"acme"},
                                   .group = group,
                                   .accepted_at = clock_.now(),
                                   .due_at = wanted.due_at,
                                   .body = message_body(wanted, {user, "r", ""})};
    return {"id " + title, "handle " + title, group, "1000", receives, write_queued_task(queued)};
  }
  Ids process(std::vector<Handed> batch, Deadline deadline = deadline_in(20s)) {
    auto processor = BatchProcessor{{effects_, queue_, clock_, metrics_},
                                    script_ ? script_->handlers() : MakeHandler{},
                                    {.first = 1s, .longest = 300s, .least = 1, .most = 1}};
    return *run_to_end<Ids>([&]() -> Async<Ids> { co_return co_await processor.process(batch, deadline); });
  }
  Ids run() {
    auto titles = Ids{};
    for (auto const& delivery : script_->deliveries()) titles.push_back(title_of(delivery.body));
    return titles;
  }
  bool is_done(std::string const& title) { return effects_.all().contains(ids_[title].str()); }

  ManualClock clock_;
  Metrics metrics_;
  hoist::testing::EffectsInMemory effects_;
  hoist::testing::OrderedQueue queue_;
  std::unique_ptr<Script> script_;
  std::map<std::string, TaskId> ids_;
};

using PutOffs = std::vector<hoist::testing::OrderedQueue::PutOff>;

TEST_F(TaskBatch, TasksAreDoneInTheirOrderAndNothingComesAgain) {
  answer([](auto const&) { return Outcome::success(); });
  EXPECT_EQ(process({task("a"), task("x", "other"), task("b"), task("c")}), Ids{});
  EXPECT_EQ(run(), (Ids{"a", "x", "b", "c"}));
  EXPECT_EQ(effects_.all().size(), 4U);
  EXPECT_TRUE(queue_.put_off().empty());
}

TEST_F(TaskBatch, AGroupStopsAtItsFirstFailureAndOthersGoOn) {
  answer([](auto const& title) { return title == "b" ? Outcome::failure("no") : Outcome::success(); });
  EXPECT_EQ(process({task("a"), task("b"), task("x", "other"), task("c"), task("y", "other"), task("d")}),
            (Ids{"id b", "id c", "id d"}));
  EXPECT_EQ(run(), (Ids{"a", "b", "x", "y"})) << "what stands behind a failure is not touched";
  EXPECT_EQ(queue_.put_off(), (PutOffs{{{"handle b", "handle c", "handle d"}, 1s}}));
  EXPECT_FALSE(is_done("b") || is_done("c"));
}

TEST_F(TaskBatch, ThePauseDoublesWithEachDeliveryAndAReceiverMayAskForMore) {
  answer([](auto const&) { return Outcome::failure("no"); });
  for (auto const receives : {1, 2, 3, 30}) process({task("a", "one", receives)});
  EXPECT_EQ(queue_.put_off(),
            (PutOffs{{{"handle a"}, 1s}, {{"handle a"}, 2s}, {{"handle a"}, 4s}, {{"handle a"}, 300s}}));
  answer([](auto const&) { return Outcome{.cause = "later", .delay = 1500ms}; });
  process({task("a")});
  EXPECT_EQ(queue_.put_off().back().delay, 2s);
}

TEST_F(TaskBatch, WhatCannotBeHelpedComesAgainAtOnceForTheQueueToGiveUpOn) {
  answer([](auto const&) { return Outcome::refused("410"); });
  EXPECT_EQ(process({task("a")}), Ids{"id a"});
  auto stranger = task("b");
  stranger.body = "not a task";
  EXPECT_EQ(process({stranger}), Ids{"id b"});
  EXPECT_EQ(queue_.put_off(), (PutOffs{{{"handle a"}, 0s}, {{"handle b"}, 0s}}));
  EXPECT_EQ(run(), Ids{"a"});
}

TEST_F(TaskBatch, ARepeatedDeliveryHasNoSecondEffect) {
  answer([](auto const&) { return Outcome::success(); });
  EXPECT_EQ(process({task("a"), task("a")}), Ids{});
  EXPECT_EQ(process({task("a", "one", 7), task("b")}), Ids{});
  EXPECT_EQ(run(), (Ids{"a", "b"}));
  EXPECT_EQ(effects_.all().size(), 2U);
  EXPECT_EQ(effects_.all().at(ids_["a"].str()).attempt, 1);
}

TEST_F(TaskBatch, WithoutAHandlerTheEffectIsAllThereIs) {
  EXPECT_EQ(process({task("a"), task("b"), task("a")}), Ids{});
  auto const effects = effects_.all();
  EXPECT_EQ(effects.size(), 2U);
  auto const& effect = effects.at(ids_["a"].str());
  EXPECT_EQ(effect.tenant.str(), "acme");
  EXPECT_EQ(effect.group, "one");
  EXPECT_EQ(effect.sequence, "1000");
  EXPECT_TRUE(metrics_.render().contains("hoist_tasks_repeats_skipped_total 1"));
  EXPECT_TRUE(metrics_.render().contains("hoist_tasks_done_total{due=\"missed\"} 2"));
}

TEST_F(TaskBatch, WhereEffectsCannotBeReadNothingRuns) {
  answer([](auto const&) { return Outcome::success(); });
  effects_.fail_reading(Error{Code::unavailable});
  EXPECT_EQ(process({task("a"), task("b")}), (Ids{"id a", "id b"}));
  EXPECT_EQ(run(), Ids{});
}

TEST_F(TaskBatch, WhereAnEffectCannotBeRecordedTheTaskComesAgainUnderItsKey) {
  answer([](auto const&) { return Outcome::success(); });
  effects_.fail_writing(Error{Code::throttled});
  EXPECT_EQ(process({task("a"), task("b")}), (Ids{"id a", "id b"}));
  effects_.fail_writing({});
  EXPECT_EQ(process({task("a", "one", 2), task("b", "one", 2)}), Ids{});
  ASSERT_EQ(run(), (Ids{"a", "a", "b"}));
  EXPECT_EQ(script_->deliveries()[0].id, script_->deliveries()[1].id);
  EXPECT_EQ(script_->deliveries()[1].attempt, 2);
}

TEST_F(TaskBatch, WhatTheTimeDoesNotReachIsNotBegun) {
  answer([](auto const&) { return Outcome::success(); });
  EXPECT_EQ(process({task("a"), task("b")}, deadline_in(1s)), (Ids{"id a", "id b"}));
  EXPECT_EQ(run(), Ids{});
}

TEST_F(TaskBatch, AQueueThatPutsNothingOffStillLearnsWhatComesAgain) {
  answer([](auto const&) { return Outcome::failure("no"); });
  queue_.fail_with(Error{Code::gone});
  EXPECT_EQ(process({task("a")}), Ids{"id a"});
}

}  // namespace
}  // namespace hoist::tasks
