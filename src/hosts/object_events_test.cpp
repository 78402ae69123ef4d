#include "hosts/object_events.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"
#include "support/allow_gate.hpp"
#include "support/text_source.hpp"

namespace hoist::hosts {
namespace {

class Heard final : public ObjectNews {
 public:
  Async<> on_news(ObjectRef ref, Deadline) override {
    if (ref.key == failing) co_return fail(Code::unavailable, "The store is away.");
    keys.push_back(ref.key);
    co_return Result<void>{};
  }
  std::vector<std::string> keys;
  std::string failing;
};

class ObjectEvents : public ::testing::Test {
 protected:
  static constexpr auto two = R"({"Records":[{"s3":{"bucket":{"name":"hoist"},"object":{"key":"a"}}},
                                             {"s3":{"bucket":{"name":"hoist"},"object":{"key":"b"}}}]})";
  int tell(std::string body, std::string authorization = "Bearer hush", std::string token = "hush") {
    auto router = net::Router{net::Router::Options{}, gate_, metrics_};
    add_object_events_route(router, heard_, std::move(token));
    auto request = net::Request{.method = "POST", .target = "/object-events", .path = "/object-events"};
    if (!authorization.empty()) request.headers.add("Authorization", std::move(authorization));
    request.headers.add("Content-Type", "application/json");
    request.content_length = std::ssize(body);
    request.stream = std::make_shared<hoist::testing::TextSource>(std::move(body));
    request.deadline = deadline_in(std::chrono::seconds{10});
    auto status = 0;
    EXPECT_TRUE(run_to_end<void>([&]() -> Async<> {
      status = (co_await router.handle(std::move(request))).status;
      co_return Result<void>{};
    }));
    return status;
  }

  hoist::testing::AllowGate gate_;
  Metrics metrics_;
  Heard heard_;
};

TEST_F(ObjectEvents, AreToldToWhoLooks) {
  EXPECT_EQ(tell(two), 204);
  EXPECT_EQ(tell(two, "Basic " + base64("anybody:hush")), 204);
  EXPECT_EQ(tell(two, "bearer hush"), 204);
  EXPECT_EQ(heard_.keys, (std::vector<std::string>{"a", "b", "a", "b", "a", "b"}));
}

TEST_F(ObjectEvents, WithoutTheTokenNothingIsLookedAt) {
  for (auto const* shown : {"", "Bearer", "Bearer ", "Bearer other", "hush", "Basic hush", "Basic aHVzaA=="})
    EXPECT_EQ(tell(two, shown), 401) << shown;
  EXPECT_EQ(tell(two, "Bearer ", ""), 401) << "no token is configured";
  EXPECT_EQ(tell(two, "", ""), 401);
  EXPECT_TRUE(heard_.keys.empty());
}

TEST_F(ObjectEvents, WhatCouldNotBeLookedAtIsToBeToldAgain) {
  heard_.failing = "b";
  EXPECT_EQ(tell(two), 503);
  EXPECT_EQ(tell("{}"), 400);
}

}  // namespace
}  // namespace hoist::hosts
