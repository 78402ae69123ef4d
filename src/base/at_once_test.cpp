#include "base/at_once.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace hoist {
namespace {

// Each call waits for `release`, so that the test sees how many are begun.
struct Calls {
  std::vector<std::size_t> begun;
  std::size_t at_once = 0;
  std::size_t most = 0;
};

Result<void> run(std::size_t count, std::size_t width, std::shared_ptr<Calls> calls, std::size_t failing) {
  auto const work = [calls, failing](std::size_t i) -> Async<> {
    calls->begun.push_back(i);
    calls->most = std::max(calls->most, ++calls->at_once);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);  // lets the others begin
    --calls->at_once;
    if (i == failing) co_return fail(Code::unavailable);
    co_return Result<void>{};
  };
  return run_to_end<void>([&] { return for_each_at_once(count, width, work); });
}

TEST(AtOnce, BeginsEachOnceAndNoMoreThanTheWidthAtATime) {
  auto const calls = std::make_shared<Calls>();
  EXPECT_TRUE(run(20, 4, calls, SIZE_MAX));
  EXPECT_EQ(calls->most, 4U);
  auto expected = std::vector<std::size_t>(20);
  for (auto i = std::size_t{0}; i < 20; ++i) expected[i] = i;
  std::ranges::sort(calls->begun);
  EXPECT_EQ(calls->begun, expected);
  EXPECT_TRUE(run(0, 4, calls, SIZE_MAX));
  EXPECT_TRUE(run(1, 4, calls, SIZE_MAX));
}

TEST(AtOnce, BeginsNothingAfterAnErrorAndWaitsForWhatRuns) {
  auto const calls = std::make_shared<Calls>();
  auto const done = run(20, 4, calls, 1);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::unavailable);
  EXPECT_LT(calls->begun.size(), 9U);
  EXPECT_EQ(calls->at_once, 0U);
}

}  // namespace
}  // namespace hoist
