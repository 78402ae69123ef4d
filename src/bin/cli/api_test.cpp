#include "bin/cli/api.hpp"

#include <gtest/gtest.h>

namespace hoist::cli {
namespace {

net::Response response(int status, std::string body) {
  auto made = net::Response{};
  made.status = status;
  made.body = std::move(body);
  return made;
}

TEST(ErrorOf, ReadsProblemJson) {
  auto const error =
      error_of(response(400, R"({"title":"No","detail":"size is wrong.","code":"invalid",)"
                             R"("errors":[{"field":"files[0].size","reason":"must be at least 1"}]})"));
  EXPECT_EQ(error.code(), Code::invalid);
  EXPECT_EQ(error.detail(), "size is wrong.");
  ASSERT_EQ(error.fields().size(), 1U);
  EXPECT_EQ(error.fields()[0].field, "files[0].size");
}

TEST(ErrorOf, ReadsTheXmlOfTheObjectEndpoint) {
  auto const error =
      error_of(response(403,
                        "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code><Message>Request has "
                        "expired</Message></Error>"));
  EXPECT_EQ(error.code(), Code::forbidden);
  EXPECT_EQ(error.detail(), "Request has expired");
}

TEST(ErrorOf, AnUnreadableBodyStillNamesTheStatus) {
  auto const error = error_of(response(502, "<html>bad gateway"));
  EXPECT_EQ(error.code(), Code::unavailable);
  EXPECT_EQ(error.detail(), "The server answered 502.");
}

TEST(ErrorOf, RetryAfterIsKept) {
  auto throttled = response(429, "{}");
  throttled.headers.set("Retry-After", "7");
  EXPECT_EQ(error_of(throttled).retry_after_s(), 7U);
}

TEST(PassesByItself, AFullStorageDoesNot) {
  EXPECT_TRUE(passes_by_itself(503));
  EXPECT_TRUE(passes_by_itself(429));
  EXPECT_FALSE(passes_by_itself(507));
  EXPECT_FALSE(passes_by_itself(403));
}

}  // namespace
}  // namespace hoist::cli
