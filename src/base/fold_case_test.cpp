#include "base/fold_case.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(FoldCase, LettersOfEveryScriptHaveOneCase) {
  EXPECT_EQ(fold_case("IMG_0001.JPG"), "img_0001.jpg");
  EXPECT_EQ(fold_case("SEÑOR Ávila, AÇÃO"), "señor ávila, ação");
  EXPECT_EQ(fold_case("ΑΘΗΝΑ Москва"), "αθηνα москва");
  EXPECT_EQ(fold_case("施工 🏗️ \U00010400"), "施工 🏗️ \U00010428");
}

TEST(FoldCase, WhatIsNoTextStaysAsItIs) {
  EXPECT_EQ(fold_case("A\xFF\xC3"), "a\xFF\xC3");
  EXPECT_EQ(fold_case(""), "");
}

}  // namespace
}  // namespace hoist
