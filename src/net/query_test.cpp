#include "net/query.hpp"

#include <gtest/gtest.h>

namespace hoist::net {
namespace {

Request asked(std::string name, std::string value) {
  auto request = Request{};
  request.query = {{std::move(name), std::move(value)}};
  return request;
}

TEST(QueryReader, ANumberMayBeEitherBoundAndNothingBeyond) {
  for (auto const* good : {"1", "7", "10"}) {
    auto const request = asked("limit", good);
    auto reader = QueryReader{request};
    EXPECT_EQ(reader.number("limit", 1, 10, 5), std::stoi(good));
    EXPECT_TRUE(reader.finish()) << good;
  }
  for (auto const* bad : {"0", "11", "-1", "", "1x", " 1", "99999999999999999999"}) {
    auto const request = asked("limit", bad);
    auto reader = QueryReader{request};
    EXPECT_EQ(reader.number("limit", 1, 10, 5), 5) << bad;
    EXPECT_EQ(reader.finish().error().code(), Code::invalid) << bad;
  }
}

TEST(QueryReader, ATextMayHaveAsManyBytesAsItsLimitAndNotNone) {
  for (auto const& [text, taken] : {std::pair{"abc", true}, {"abcd", false}, {"", false}}) {
    auto const request = asked("name", text);
    auto reader = QueryReader{request};
    (void)reader.text("name", 3);
    EXPECT_EQ(reader.finish().has_value(), taken) << text;
  }
}

}  // namespace
}  // namespace hoist::net
