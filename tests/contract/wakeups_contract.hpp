// What every Wakeups adapter promises; see ports/wakeups.hpp. What a transaction tells is asserted where
// transactions are: database_contract.hpp.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "ports/wakeups.hpp"

namespace hoist::contract {

class WakeupsContract : public ::testing::TestWithParam<std::function<std::unique_ptr<Wakeups>()>> {
 protected:
  static inline Topic const mine = uploads_of(TenantId{"acme"});
  std::unique_ptr<Wakeups> wakeups = GetParam()();
};

TEST_P(WakeupsContract, NewsReachTheWatchersOfTheTopicAlone) {
  auto const signal = wakeups->watch(mine);
  auto const ticket = signal->ticket();
  for (auto const& other :
       {uploads_of(TenantId{"globex"}), events_of(TenantId{"acme"}), messages_of("acme")}) {
    auto const others = wakeups->watch(other);
    auto const others_ticket = others->ticket();
    wakeups->notify(other);
    EXPECT_NE(others->ticket(), others_ticket);
  }
  EXPECT_EQ(signal->ticket(), ticket);
  wakeups->notify(mine);
  EXPECT_NE(signal->ticket(), ticket);
}

TEST_P(WakeupsContract, EveryWatcherOfATopicIsWoken) {
  auto const one = wakeups->watch(mine);
  auto const other = wakeups->watch(mine);
  auto const one_ticket = one->ticket();
  auto const other_ticket = other->ticket();
  wakeups->notify(mine);
  EXPECT_NE(one->ticket(), one_ticket);
  EXPECT_NE(other->ticket(), other_ticket);
}

TEST_P(WakeupsContract, ManyTopicsThatNobodyWatchesAnyMoreDisturbNoWatcher) {
  auto const kept = wakeups->watch(mine);
  auto const ticket = kept->ticket();
  for (auto i = 0; i < 10'000; ++i) (void)wakeups->watch(uploads_of(TenantId{std::to_string(i)}));
  wakeups->notify(uploads_of(TenantId{"7"}));
  EXPECT_EQ(kept->ticket(), ticket);
  wakeups->notify(mine);
  EXPECT_NE(kept->ticket(), ticket);
}

}  // namespace hoist::contract
