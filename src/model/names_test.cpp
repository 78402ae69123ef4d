#include "model/names.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hoist {
namespace {

TEST(Names, ATenantIsOneToSixtyThreeLowerCaseLettersDigitsAndHyphens) {
  for (auto const& name : {std::string{"a"}, std::string{"az-09"}, std::string(63, 'z')})
    EXPECT_TRUE(is_tenant_name(name)) << name;
  for (auto const& name : {std::string{}, std::string(64, 'z'), std::string{"A"}, std::string{"a_b"},
                           std::string{"a/b"}, std::string{"a{"}, std::string{"a:"}})
    EXPECT_FALSE(is_tenant_name(name)) << name;
}

TEST(Names, AUserIsCountedInCharactersOfAnyLanguage) {
  auto name = std::string{};
  for (auto i = 0; i < 128; ++i) name += "ñ";
  EXPECT_TRUE(is_user_name(name));
  EXPECT_FALSE(is_user_name(name + "ñ"));
  EXPECT_TRUE(is_user_name("a"));
}

TEST(Names, AUserCanBeSeen) {
  for (auto const& name : {std::string{}, std::string{" \t"}, std::string{"a\x1F"}, std::string{"a\x7F"},
                           std::string{"a\nb"}, std::string{"\xC3"}, std::string{"ticket:1"}})
    EXPECT_FALSE(is_user_name(name));
  EXPECT_TRUE(is_user_name("Ana María")) << "a space is seen between two words";
}

}  // namespace
}  // namespace hoist
