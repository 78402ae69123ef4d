// What every Effects adapter promises.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>

#include "ports/effects.hpp"

namespace hoist::contract {

class EffectsHolder {
 public:
  virtual ~EffectsHolder() = default;
  virtual Effects& effects() = 0;
  virtual void restart() = 0;  // what is only in memory is gone after it
};

struct EffectsUnderTest {
  std::string name;
  std::function<std::unique_ptr<EffectsHolder>()> make;  // null: its server is not installed here
};

class EffectsContract : public ::testing::TestWithParam<EffectsUnderTest> {
 protected:
  void SetUp() override {
    if (!holder_) GTEST_SKIP() << GetParam().name << " is not installed; tools/stand-ins.sh installs it";
  }
  bool record(std::string key) {
    auto const first = run_to_end<bool>([&] {
      auto effect =
          Effect{.key = key, .tenant = TenantId{"acme"}, .group = "g", .sequence = "1", .attempt = 1};
      return holder_->effects().record(std::move(effect), deadline_in(std::chrono::seconds{30}));
    });
    EXPECT_TRUE(first) << first.error().to_string();
    return first.value_or(false);
  }
  bool is_recorded(std::string key) {
    auto const found = run_to_end<bool>(
        [&] { return holder_->effects().is_recorded(key, deadline_in(std::chrono::seconds{30})); });
    EXPECT_TRUE(found) << found.error().to_string();
    return found.value_or(false);
  }

  std::unique_ptr<EffectsHolder> holder_ = GetParam().make();
};

TEST_P(EffectsContract, TheFirstIsToldThatItWasAndNoOther) {
  EXPECT_FALSE(is_recorded("one"));
  EXPECT_TRUE(record("one"));
  EXPECT_FALSE(record("one"));
  EXPECT_TRUE(is_recorded("one"));
  EXPECT_FALSE(is_recorded("other"));
  EXPECT_TRUE(record("other"));
}

TEST_P(EffectsContract, WhatIsRecordedOutlivesTheProcess) {
  EXPECT_TRUE(record("one"));
  holder_->restart();
  EXPECT_TRUE(is_recorded("one"));
  EXPECT_FALSE(record("one"));
}

TEST_P(EffectsContract, OfManyAtOnceOneIsFirst) {
  auto firsts = std::atomic<int>{0};
  {
    auto threads = std::vector<std::jthread>{};
    for (auto i = 0; i < 8; ++i)
      threads.emplace_back([&] {
        if (record("contended")) ++firsts;
      });
  }
  EXPECT_EQ(firsts, 1);
}

}  // namespace hoist::contract
