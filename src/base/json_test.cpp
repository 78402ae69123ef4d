#include "base/json.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(ParseJson, H8_RefusesDuplicateNamesAtEveryDepth) {
  EXPECT_TRUE(parse_json(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":":"}]})"));
  EXPECT_FALSE(parse_json(R"({"a":1,"a":2})"));
  EXPECT_FALSE(parse_json(R"({"b":{"a":1,"\u0061":2}})"));
  EXPECT_FALSE(parse_json(R"([{"x":[{"k":1,"k":1}]}])"));
}

TEST(ParseJson, H8_RefusesDepthBadUnicodeAndTrailingText) {
  EXPECT_TRUE(parse_json(std::string(32, '[') + std::string(32, ']')));
  EXPECT_FALSE(parse_json(std::string(33, '[') + std::string(33, ']')));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_json("\"\xFF\""));
  EXPECT_FALSE(parse_json(R"("\ud800")"));
  EXPECT_FALSE(parse_json("{} {}"));
  EXPECT_FALSE(parse_json("NaN"));
  EXPECT_FALSE(parse_json(""));
}

TEST(ParseJson, H8_RefusesNumbersThatAreNoDoubles) {
  EXPECT_TRUE(parse_json("[1e308,-1e308,5e-324,18446744073709551615,-9223372036854775808]"));
  for (auto const* lost : {"1e400", "1e-400", "18446744073709551616", "-9223372036854775809"})
    EXPECT_FALSE(parse_json(lost)) << lost;
  EXPECT_FALSE(parse_json(R"({"a":[-1e999]})"));
}

TEST(Fields, ReportsEveryWrongFieldAtOnceAndNamesUnknownOnes) {
  auto const value = parse_json(R"({"title":"","size":-1,"kind":"x","extra":1,"note":"a\u0007b"})");
  auto fields = Fields{value->get_object(), "files[3]."};
  (void)fields.text("title", {.max = 10});
  (void)fields.number("size", {.min = 1});
  (void)fields.choice("kind", {"a", "b"});
  (void)fields.text("absent", {});
  (void)fields.text("note", {});
  auto const result = fields.finish();
  ASSERT_FALSE(result);
  auto names = std::vector<std::string>{};
  for (auto const& error : result.error().fields()) names.push_back(error.field);
  auto const expected = std::vector<std::string>{"files[3].title",  "files[3].size", "files[3].kind",
                                                 "files[3].absent", "files[3].note", "files[3].extra"};
  EXPECT_EQ(names, expected);
}

TEST(Fields, LineBreaksAndTabsAreTheOnlyControlCharactersOfALongText) {
  auto const takes = [](std::string character, bool line_breaks) {
    auto const object = json::object{{"note", "a" + std::move(character) + "b"}};
    auto fields = Fields{object};
    (void)fields.text("note", {.max = 10, .line_breaks = line_breaks});
    return fields.finish().has_value();
  };
  for (auto const* control : {"\n", "\r", "\t"}) {
    EXPECT_TRUE(takes(control, true));
    EXPECT_FALSE(takes(control, false));
  }
  for (auto const* control : {"\x01", "\x1b", "\x7f", "\xc2\x85"}) EXPECT_FALSE(takes(control, true));
}

TEST(Fields, CountsCodePointsNotBytes) {
  auto const value = parse_json(R"({"title":"ñandú😀"})");
  auto fields = Fields{value->get_object()};
  EXPECT_EQ(fields.text("title", {.max = 6}), "ñandú😀");
  EXPECT_TRUE(fields.finish());
}

TEST(CanonicalJson, FollowsTheExamplesOfRfc8785) {
  auto const value =
      parse_json(R"({"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],
    "string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]})");
  ASSERT_TRUE(value);
  EXPECT_EQ(canonical_json(*value),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
            "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
  auto const keys =
      parse_json(R"({"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7})");
  EXPECT_EQ(canonical_json(*keys),
            "{\"\\r\":2,\"1\":4,\"\xC2\x80\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\xEF\xAC\xB3\":3}");
}

TEST(Fields, NullIsNoValueOfAnyMember) {
  auto const object =
      parse_json(
          R"({"text":null,"number":null,"bool":null,"time":null,"choice":null,"object":null,"any":null})")
          ->get_object();
  auto fields = Fields{object};
  EXPECT_FALSE(fields.optional_text("text", {}));
  EXPECT_FALSE(fields.optional_number("number", {}));
  EXPECT_FALSE(fields.optional_bool("bool"));
  EXPECT_FALSE(fields.optional_time("time"));
  EXPECT_EQ(fields.choice("choice", {"a"}, "a"), "");
  EXPECT_EQ(fields.optional_object("object"), nullptr);
  EXPECT_EQ(fields.any("any"), nullptr) << "the one for members that may be null";
  auto const outcome = fields.finish();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().fields().size(), 6U);
}

}  // namespace
}  // namespace hoist
