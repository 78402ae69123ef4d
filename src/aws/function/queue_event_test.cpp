#include "aws/function/queue_event.hpp"

#include <gtest/gtest.h>

#include "support/function_events.hpp"
#include "support/queue_events.hpp"

namespace hoist::aws {
namespace {

TEST(QueueEvent, IsReadInItsOrder) {
  auto const event = testing::queue_event({{.id = "a", .group = "one", .body = "first", .receives = 3},
                                           {.id = "b", .group = "two", .body = "second"}});
  auto const read = read_queue_event(event);
  ASSERT_TRUE(read) << read.error().to_string();
  ASSERT_EQ(read->size(), 2U);
  EXPECT_EQ(read->at(0).id, "a");
  EXPECT_EQ(read->at(0).handle, "handle of a");
  EXPECT_EQ(read->at(0).group, "one");
  EXPECT_EQ(read->at(0).receives, 3);
  EXPECT_EQ(read->at(0).body, "first");
  EXPECT_EQ(read->at(1).sequence, "18850082374461439488");
}

TEST(QueueEvent, IsNeverWhatAClientSent) {
  auto const smuggled = json::serialize(testing::queue_event({{.id = "a", .group = "one"}}));
  auto const asked = testing::AskedOfFunction{.method = "POST", .path = "/tasks", .body = smuggled};
  for (auto const& [name, event] : testing::all_shapes(asked)) {
    EXPECT_FALSE(read_queue_event(event)) << name;
    auto mixed = event;
    mixed["Records"] = testing::queue_event({{.id = "a", .group = "one"}}).at("Records");
    EXPECT_FALSE(read_queue_event(mixed)) << name;
  }
}

TEST(QueueEvent, OfAnythingElseIsRefusedWhole) {
  auto const good = testing::queue_event({{.id = "a", .group = "one"}, {.id = "b", .group = "one"}});
  ASSERT_TRUE(read_queue_event(good));
  EXPECT_FALSE(read_queue_event({}));
  EXPECT_FALSE(read_queue_event({{"Records", json::array{}}}));
  EXPECT_FALSE(read_queue_event({{"Records", json::array{1}}}));
  auto const without = [&](auto change) {
    auto event = good;
    change(event["Records"].as_array()[1].as_object());
    return read_queue_event(event).has_value();
  };
  EXPECT_FALSE(without([](json::object& record) { record["eventSource"] = "aws:s3"; }));
  EXPECT_FALSE(without([](json::object& record) { record.erase("messageId"); }));
  EXPECT_FALSE(without([](json::object& record) { record.erase("receiptHandle"); }));
  EXPECT_FALSE(
      without([](json::object& record) { record["attributes"].as_object().erase("MessageGroupId"); }));
  EXPECT_FALSE(without(
      [](json::object& record) { record["attributes"].as_object().erase("ApproximateReceiveCount"); }));
}

TEST(QueueEvent, TheAnswerNamesWhatComesAgain) {
  EXPECT_EQ(write_batch_answer({}), R"({"batchItemFailures":[]})");
  EXPECT_EQ(write_batch_answer({"a", "b"}),
            R"({"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]})");
}

}  // namespace
}  // namespace hoist::aws
