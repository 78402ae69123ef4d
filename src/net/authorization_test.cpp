#include "net/authorization.hpp"

#include <gtest/gtest.h>

namespace hoist::net {
namespace {

TEST(Authorization, ASchemeIsTakenInAnyCase) {
  EXPECT_EQ(credentials_of("Bearer abc", "Bearer"), "abc");
  EXPECT_EQ(credentials_of("bEARER abc", "Bearer"), "abc");
  EXPECT_EQ(credentials_of("Basic YTpi", "basic"), "YTpi");
}

TEST(Authorization, WhatShowsNothingOfTheSchemeIsNone) {
  for (auto const* field : {"", "Bearer", "Bearer ", "Bearerabc", "Basic abc", " Bearer abc", "abc"})
    EXPECT_EQ(credentials_of(field, "Bearer"), std::nullopt) << field;
}

}  // namespace
}  // namespace hoist::net
