#include "tenants/tickets.hpp"

#include <gtest/gtest.h>

namespace hoist::tenants {
namespace {

using enum Tickets::Purpose;

class TicketsTest : public ::testing::Test {
 protected:
  Result<Tickets::Issued> issue(Tickets::Purpose purpose) {
    auto caller = Caller{};
    caller.user = UserId{"ana"};
    return tickets.issue(std::move(caller), purpose);
  }
  ManualClock clock;
  Tickets tickets{clock};
};

TEST_F(TicketsTest, OpensOnceForWhomItWasIssuedTo) {
  auto const ticket = issue(stream);
  auto const first = tickets.redeem(ticket->text, stream);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->user, UserId{"ana"});
  auto const again = tickets.redeem(ticket->text, stream);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), Code::unauthenticated);
  EXPECT_FALSE(tickets.redeem("", stream));
}

TEST_F(TicketsTest, IsForItsPurposeAndAnotherUseEndsIt) {
  auto const ticket = issue(sign_in);
  EXPECT_FALSE(tickets.redeem(ticket->text, stream));
  EXPECT_FALSE(tickets.redeem(ticket->text, sign_in));
}

TEST_F(TicketsTest, EndsByItself) {
  auto const ticket = issue(stream);
  clock.advance(std::chrono::seconds{30});
  EXPECT_FALSE(tickets.redeem(ticket->text, stream));
}

TEST_F(TicketsTest, TheirNumberIsLimitedAndEndedOnesMakeRoom) {
  for (std::size_t i = 0; i < Tickets::tickets_max; ++i) ASSERT_TRUE(issue(stream));
  auto const refused = issue(stream);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  clock.advance(std::chrono::seconds{30});
  EXPECT_TRUE(issue(stream));
}

}  // namespace
}  // namespace hoist::tenants
