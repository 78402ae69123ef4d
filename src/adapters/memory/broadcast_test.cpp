#include "adapters/memory/broadcast.hpp"

#include <gtest/gtest.h>

namespace hoist::memory {
namespace {

using namespace std::chrono_literals;

TEST(Broadcast, NewsReachTheWatchersOfTheTenantAlone) {
  auto broadcast = Broadcast{};
  auto const mine = broadcast.watch(TenantId{"acme"});
  auto const other = broadcast.watch(TenantId{"globex"});
  auto const mine_ticket = mine->ticket();
  auto const other_ticket = other->ticket();
  broadcast.notify(TenantId{"acme"});
  EXPECT_NE(mine->ticket(), mine_ticket);
  EXPECT_EQ(other->ticket(), other_ticket);
  EXPECT_EQ(broadcast.watch(TenantId{"acme"}), mine);
}

TEST(Broadcast, ForgetsTenantsThatNobodyWatches) {
  auto broadcast = Broadcast{};
  auto const kept = broadcast.watch(TenantId{"kept"});
  for (auto i = 0; i < 10'000; ++i) (void)broadcast.watch(TenantId{std::to_string(i)});
  EXPECT_EQ(broadcast.watch(TenantId{"kept"}), kept);
  broadcast.notify(TenantId{"7"});  // gone: nothing happens
}

}  // namespace
}  // namespace hoist::memory
