#include "base/error.hpp"

#include <gtest/gtest.h>

#include <set>

namespace hoist {
namespace {

TEST(ErrorTable, EveryCodeHasItsOwnSlugAndAnErrorStatus) {
  auto slugs = std::set<std::string_view>{};
  for (auto i = 0; i < static_cast<int>(Code::count_); ++i) {
    auto const& row = info(static_cast<Code>(i));
    EXPECT_TRUE(slugs.insert(row.slug).second) << row.slug;
    EXPECT_GE(row.http_status, 400) << row.slug;
    EXPECT_NE(row.cli_exit, 0) << row.slug;
    EXPECT_FALSE(row.s3.empty()) << row.slug;
  }
}

TEST(Error, CauseIsForTheLogOnly) {
  auto const error = Error{Code::unavailable, "Try again."}.with_cause("socket 7");
  EXPECT_EQ(error.detail(), "Try again.");
  EXPECT_NE(error.to_string().find("socket 7"), std::string::npos);
}

TEST(Error, IsLoggedWithItsDetailIfItHasOne) {
  EXPECT_EQ(Error{Code::not_found}.to_string(), "not_found");
  EXPECT_EQ((Error{Code::not_found, "There is none."}.with_cause("no row").to_string()),
            "not_found: There is none. (no row)");
}

TEST(Error, AFieldThatTheDetailNamesIsNotSaidTwice) {
  auto const fields = std::vector{FieldError{"size", "is required"}, FieldError{"name", "is too long"}};
  auto const error = Error{Code::invalid, "size is required."}.with_fields(fields);
  EXPECT_EQ(error.to_string(), "invalid: size is required.; name is too long");
}

}  // namespace
}  // namespace hoist
