#include "bin/cli/report.hpp"

#include <gtest/gtest.h>

namespace hoist::cli {
namespace {

TEST(StageOf, IsTheServersWordWhereItSaysOne) {
  EXPECT_EQ(stage_of({{"status", "PROCESSING"}, {"stage", "scanning"}}), "scanning");
  EXPECT_EQ(stage_of({{"status", "COMPLETED"}}), "");
}

TEST(StageOf, SaysHowMuchOfAFileInPartsHasArrived) {
  auto const received = json::object{{"bytes", 5'000'000}, {"parts", 1}, {"part_count", 3}};
  auto const upload = json::object{{"status", "PENDING"}, {"stage", "uploading"}, {"received", received}};
  EXPECT_TRUE(stage_of(upload).starts_with("uploading: 1 of 3 parts, ")) << stage_of(upload);
}

}  // namespace
}  // namespace hoist::cli
