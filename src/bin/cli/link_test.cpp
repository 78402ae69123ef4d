#include "bin/cli/link.hpp"

#include <gtest/gtest.h>

#include "base/try.hpp"
#include "bin/cli/workers.hpp"

namespace hoist::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto mega = std::int64_t{1} << 20;

TEST(Backoff, GrowsToAHalfMinuteAndNeverUndercutsTheServer) {
  EXPECT_LE(backoff(1, std::nullopt).count(), 250);
  EXPECT_LE(backoff(40, std::nullopt).count(), 30'000);
  EXPECT_GE(backoff(40, std::nullopt).count(), 15'000);
  EXPECT_GE(backoff(1, 9).count(), 9'000);
}

TEST(PartSize, AWholeFileIsCutAtOnceAndASmallOneNever) {
  EXPECT_EQ(part_size_after(3 * mega, 3 * mega, 1, 4 * mega), 2 * mega);
  EXPECT_EQ(part_size_after(16 * mega, 16 * mega, 1, 4 * mega), 4 * mega);
  EXPECT_EQ(part_size_after(16 * mega, 16 * mega, 1, mega), mega);  // what other files have taught
  EXPECT_EQ(part_size_after(mega - 1, mega - 1, 1, 4 * mega), mega / 2);
  EXPECT_EQ(part_size_after(mega / 2, mega / 2, 1, 4 * mega), mega / 4);
  EXPECT_EQ(part_size_after(mega / 2 - 1, mega / 2 - 1, 9, 4 * mega), 0);
}

TEST(PartSize, PartsThatKeepBreakingBecomeSmallerDownToTheLeast) {
  EXPECT_EQ(part_size_after(40 * mega, 5 * mega, 2, 4 * mega), 0);
  EXPECT_EQ(part_size_after(40 * mega, 5 * mega, 3, 4 * mega), 4 * mega);
  EXPECT_EQ(part_size_after(40 * mega, mega / 2, 3, 4 * mega), mega / 4);
  EXPECT_EQ(part_size_after(40 * mega, mega / 4, 99, 4 * mega), 0);
}

TEST(LinkToServer, IsGivenUpAfterATimeInWhichNothingGotThrough) {
  auto const now = std::chrono::steady_clock::now();
  auto link = Link{60s};
  EXPECT_FALSE(link.given_up(now));
  EXPECT_TRUE(link.given_up(now - 61s));
  link.carried();
  EXPECT_FALSE(link.given_up(now - 61s));  // something got through since
}

TEST(LinkToServer, OneThatGetsThroughWakesThoseWhoWait) {
  auto link = Link{1h};
  auto const began = std::chrono::steady_clock::now();
  auto const woken = run_to_end<bool>([&]() -> Async<bool> {
    auto answer = Result<bool>{false};
    auto waiter = Workers{};
    waiter.start(co_await asio::this_coro::executor, 1, [&]() -> asio::awaitable<void> {
      answer = co_await link.pause(40, Error{Code::unavailable});
    });
    while (link.notice(began + 1h).empty()) CO_CHECK(co_await sleep_for(1ms));
    link.carried();
    CO_CHECK(co_await waiter.join());
    co_return answer;
  });
  EXPECT_TRUE(woken.value());
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
  EXPECT_TRUE(link.notice(began + 1h).empty());
}

TEST(LinkToServer, SaysWhenItTriesAgain) {
  auto link = Link{1h};
  auto const began = std::chrono::steady_clock::now();
  ASSERT_TRUE(run_to_end<bool>([&] { return link.pause(1, Error{Code::unavailable}); }));
  EXPECT_EQ(link.notice(began), "");  // a moment is not worth a word
  EXPECT_EQ(link.notice(began + 5s), "Offline, trying again now");
}

}  // namespace
}  // namespace hoist::cli
