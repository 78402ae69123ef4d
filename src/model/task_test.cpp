#include "model/task.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

using enum TaskState;

TEST(TaskStateTest, NamesRoundTrip) {
  for (auto const name : task_state_names()) EXPECT_EQ(to_string(parse_task_state(name).value()), name);
  EXPECT_EQ(task_state_names().size(), static_cast<std::size_t>(count_));
  EXPECT_FALSE(parse_task_state("DONE"));
}

TEST(TaskStateTest, WhatIsDoneOrCancelledStaysSo) {
  for (auto const from : {done, cancelled})
    for (auto i = 0; i < static_cast<int>(count_); ++i)
      EXPECT_FALSE(may_become(from, static_cast<TaskState>(i))) << to_string(from) << i;
}

TEST(TaskStateTest, OnlyADeadTaskIsRedriven) {
  EXPECT_EQ(may_come_from(waiting), std::vector{dead});
}

TEST(TaskStateTest, EveryTaskThatIsNotFinalCanEndInEveryWay) {
  for (auto const to : {done, dead, cancelled})
    EXPECT_EQ(may_come_from(to), (std::vector{waiting, running, retrying})) << to_string(to);
}

}  // namespace
}  // namespace hoist
