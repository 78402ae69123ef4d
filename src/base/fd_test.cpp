#include "base/fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <optional>

namespace hoist {
namespace {

Fd open_null() {
  return Fd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}
bool is_open(int number) {
  return ::fcntl(number, F_GETFD) >= 0;
}

TEST(Fd, ClosesWithItsOwner) {
  auto file = std::optional{open_null()};
  auto const number = file->number();
  ASSERT_TRUE(is_open(number));
  file.reset();
  EXPECT_FALSE(is_open(number));
}

TEST(Fd, MovesWithoutClosing) {
  auto from = open_null();
  auto const number = from.number();
  auto const to = std::move(from);
  EXPECT_EQ(to.number(), number);
  EXPECT_TRUE(is_open(number));
}

TEST(Fd, AFailureToOpenIsNone) {
  auto const file = Fd{::open("/nowhere/at/all", O_RDONLY | O_CLOEXEC)};
  EXPECT_FALSE(file.open());
}

TEST(Fd, WhatIsAssignedOverIsClosed) {
  auto number = -1;
  {
    auto file = open_null();
    number = file.number();
    file = open_null();
    EXPECT_NE(file.number(), number);
  }
  EXPECT_FALSE(is_open(number));
}

}  // namespace
}  // namespace hoist
