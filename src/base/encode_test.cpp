#include "base/encode.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(Encode, Base64RoundTripsEveryLengthAndByte) {
  auto bytes = std::string{};
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(unbase64(base64(bytes)), bytes);
    EXPECT_EQ(unbase64url(base64url(bytes)), bytes);
    EXPECT_EQ(unhex(hex(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(base64("hello"), "aGVsbG8=");
}

TEST(Encode, DecodersRefuseSecondSpellings) {
  EXPECT_FALSE(unbase64("aGVsbG8"));   // no padding
  EXPECT_FALSE(unbase64("aGVsbG9="));  // non-zero left-over bits
  EXPECT_FALSE(unbase64url("aGVsbG8="));
  EXPECT_FALSE(unbase64url("aGVs+G8"));
  EXPECT_FALSE(unhex("AB"));
  EXPECT_FALSE(unhex("abc"));
}

TEST(Encode, PercentKeepsUnreservedAndRefusesBrokenEscapes) {
  EXPECT_EQ(percent_encode("a/b c~ñ"), "a%2Fb%20c~%C3%B1");
  EXPECT_EQ(percent_encode("a/b", true), "a/b");
  EXPECT_EQ(percent_decode("a%2Fb+c"), "a/b+c");
  EXPECT_EQ(percent_decode("%09%aF%Fa"), "\x09\xaf\xfa");
  EXPECT_FALSE(percent_decode("%"));
  EXPECT_FALSE(percent_decode("%G0"));
}

TEST(Encode, Utf8RefusesOverlongSurrogatesAndTruncation) {
  EXPECT_TRUE(is_utf8("añ€😀"));
  EXPECT_TRUE(is_utf8("\xF0\x90\x80\x80")) << "the first character of four bytes";
  EXPECT_TRUE(is_utf8("\xF4\x8F\xBF\xBF")) << "the last character there is";
  EXPECT_FALSE(is_utf8("\xF0\x8F\xBF\xBF"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xE2\x82"));
}

}  // namespace
}  // namespace hoist
