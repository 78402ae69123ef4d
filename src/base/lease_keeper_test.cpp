#include "base/lease_keeper.hpp"

#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <atomic>

#include "base/try.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

// Counts renewals, and answers what the test says.
struct Holder {
  Async<> until_renewed(int times) {
    while (true) {
      auto const ticket = changed.ticket();
      if (renewals >= times) co_return Result<void>{};
      CO_TRY(auto const woken, co_await changed.wait(ticket, deadline_in(20s)));
      if (!woken) co_return fail(Code::timeout);
    }
  }
  Lease lease(Deadline until = Deadline::max()) {
    return {.period = 1ms, .until = until, .renew = [this](Deadline) -> Async<> {
              ++renewals;
              changed.notify();
              co_return answer;
            }};
  }
  int renewals = 0;
  Signal changed;
  Result<void> answer;
};

void run(std::function<Async<>()> body) {
  auto const done = run_to_end<void>(std::move(body));
  EXPECT_TRUE(done) << done.error().to_string();
}

TEST(LeaseKeeper, RenewsAsLongAsItLives) {
  auto holder = Holder{};
  run([&]() -> Async<> {
    auto tasks = TaskGroup{};
    {
      auto const keeper = LeaseKeeper{tasks, co_await asio::this_coro::executor, holder.lease()};
      CO_CHECK(co_await holder.until_renewed(3));
      EXPECT_FALSE(keeper.lost());
    }
    CO_TRY(auto const ended, co_await tasks.drain(deadline_in(20s)));
    EXPECT_TRUE(ended);
    co_return Result<void>{};
  });
}

TEST(LeaseKeeper, OneThatIsLostSaysSoAndEnds) {
  auto holder = Holder{};
  holder.answer = fail(Code::conflict);
  run([&]() -> Async<> {
    auto tasks = TaskGroup{};
    auto const keeper = LeaseKeeper{tasks, co_await asio::this_coro::executor, holder.lease()};
    CO_TRY(auto const ended, co_await tasks.drain(deadline_in(20s)));
    EXPECT_TRUE(ended);
    EXPECT_TRUE(keeper.lost());
    EXPECT_EQ(holder.renewals, 1);
    co_return Result<void>{};
  });
}

TEST(LeaseKeeper, AHolderThatCannotBeAskedIsAskedAgain) {
  auto holder = Holder{};
  holder.answer = fail(Code::unavailable);
  run([&]() -> Async<> {
    auto tasks = TaskGroup{};
    auto const keeper = LeaseKeeper{tasks, co_await asio::this_coro::executor, holder.lease()};
    CO_CHECK(co_await holder.until_renewed(3));
    EXPECT_FALSE(keeper.lost());
    co_return Result<void>{};
  });
}

TEST(LeaseKeeper, PastItsTimeItIsNotRenewed) {
  auto holder = Holder{};
  run([&]() -> Async<> {
    auto tasks = TaskGroup{};
    auto const keeper = LeaseKeeper{tasks, co_await asio::this_coro::executor,
                                    holder.lease(std::chrono::steady_clock::now())};
    CO_TRY(auto const ended, co_await tasks.drain(deadline_in(20s)));
    EXPECT_TRUE(ended);
    EXPECT_EQ(holder.renewals, 0);
    co_return Result<void>{};
  });
}

}  // namespace
}  // namespace hoist
