#include "model/upload.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(UploadState, NamesRoundTrip) {
  for (auto i = 0; i < static_cast<int>(UploadState::count_); ++i) {
    auto const state = static_cast<UploadState>(i);
    EXPECT_EQ(parse_upload_state(to_string(state)), state);
  }
  EXPECT_FALSE(parse_upload_state("completed"));
}

TEST(UploadState, OnlyACheckedFileBecomesCompleted) {
  EXPECT_EQ(may_come_from(UploadState::completed), std::vector{UploadState::processing});
}

TEST(UploadState, WhatIsStoredOrGrantedCountsAgainstTheQuotaAndWhatEndedIsFinal) {
  using enum UploadState;
  for (auto const state : {pending, uploaded, processing, completed}) EXPECT_TRUE(holds_quota(state));
  for (auto const state : {failed, expired, cancelled, deleted}) EXPECT_FALSE(holds_quota(state));
  for (auto const state : {pending, uploaded, processing}) EXPECT_FALSE(is_final(state));
  for (auto const state : {completed, failed, expired, cancelled, deleted}) EXPECT_TRUE(is_final(state));
}

TEST(UploadState, NothingLeavesDeletedAndEverythingFinalCanBeDeleted) {
  for (auto i = 0; i < static_cast<int>(UploadState::count_); ++i) {
    auto const state = static_cast<UploadState>(i);
    EXPECT_FALSE(may_become(UploadState::deleted, state));
    if (is_final(state) && state != UploadState::deleted)
      EXPECT_TRUE(may_become(state, UploadState::deleted));
  }
}

}  // namespace
}  // namespace hoist
