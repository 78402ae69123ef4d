#include "base/id.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace hoist {
namespace {

TEST(Uuid7, SortsInTheOrderMadeEvenWithinOneMillisecond) {
  auto const now = SystemClock{}.now();
  auto previous = new_uuid7(now);
  for (int i = 0; i < 10'000; ++i) {
    auto const next = new_uuid7(now);
    ASSERT_LT(previous, next);
    ASSERT_TRUE(is_uuid(next)) << next;
    ASSERT_EQ(next[14], '7');
    previous = next;
  }
}

TEST(Uuid7, OtherSpellingsAreNotIds) {
  EXPECT_FALSE(is_uuid("0190A000-0000-7000-8000-000000000000"));
  EXPECT_FALSE(is_uuid("0190a000-0000-7000-8000-00000000000"));
  EXPECT_FALSE(is_uuid("0190a000x0000-7000-8000-000000000000"));
}

TEST(RandomBytes, HaveTheirLengthAndNeverRepeatOverRefillsAndThreads) {
  for (auto const count : {0U, 1U, 63U, 64U, 65U, 1024U, 5000U}) EXPECT_EQ(random_bytes(count).size(), count);
  auto drawn = std::array<std::vector<std::string>, 2>{};
  {
    auto threads = std::vector<std::thread>{};
    for (auto& mine : drawn)
      threads.emplace_back([&mine] {
        for (auto i = 0; i < 2000; ++i) mine.push_back(random_bytes(i % 3 == 0 ? 16 : 24));
        auto const long_one = random_bytes(5000);
        for (std::size_t at = 0; at + 16 <= long_one.size(); at += 16)
          mine.push_back(long_one.substr(at, 16));
      });
    for (auto& thread : threads) thread.join();
  }
  auto starts = std::set<std::string>{};
  for (auto const& mine : drawn)
    for (auto const& bytes : mine) starts.insert(bytes.substr(0, 16));
  EXPECT_EQ(starts.size(), drawn[0].size() + drawn[1].size());
  EXPECT_FALSE(starts.contains(std::string(16, '\0'))) << "wiped bytes were given out";
}

}  // namespace
}  // namespace hoist
