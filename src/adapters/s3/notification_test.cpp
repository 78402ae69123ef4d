#include "adapters/s3/notification.hpp"

#include <gtest/gtest.h>

namespace hoist::s3 {
namespace {

std::string first_key(std::string_view text) {
  auto const refs = parse_notification(text);
  return refs && refs->size() == 1 ? refs->at(0).bucket + "|" + refs->at(0).key : "?";
}

TEST(S3Notification, KeysAreFormEncodedInRecordsAndPlainInEvents) {
  EXPECT_EQ(first_key(R"({"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":
      "ObjectCreated:Put","s3":{"bucket":{"name":"hoist"},"object":{"key":"acme/site%2B1/uploads/a+b%C3%A9",
      "size":5,"eTag":"e","sequencer":"0055AED6DCD90281E5"}}}]})"),
            "hoist|acme/site+1/uploads/a bé");
  EXPECT_EQ(first_key(R"({"version":"0","detail-type":"Object Created","source":"aws.s3","detail":
      {"bucket":{"name":"hoist"},"object":{"key":"acme/site+1/uploads/a b%","size":5}}})"),
            "hoist|acme/site+1/uploads/a b%");
  EXPECT_EQ(first_key(R"({"source":"aws.s3","detail-type":"Object Deleted","detail":
      {"bucket":{"name":"hoist"},"object":{"key":"k"}}})"),
            "hoist|k");
}

TEST(S3Notification, SeveralRecordsAreSeveralObjects) {
  auto const refs = parse_notification(R"({"EventName":"s3:ObjectCreated:Put","Key":"hoist/a","Records":[
      {"s3":{"bucket":{"name":"hoist"},"object":{"key":"a"}}},
      {"s3":{"bucket":{"name":"hoist"},"object":{"key":"b"}}}]})");
  ASSERT_TRUE(refs);
  EXPECT_EQ(*refs, (std::vector<ObjectRef>{{"hoist", "a"}, {"hoist", "b"}}));
}

TEST(S3Notification, WhatIsAboutNoObjectIsAboutNone) {
  EXPECT_EQ(parse_notification(R"({"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"hoist"})")->size(),
            0U);
  EXPECT_EQ(
      parse_notification(R"({"source":"aws.s3","detail-type":"Object Tags Added","detail":{}})")->size(), 0U);
}

TEST(S3Notification, WhatIsNeitherIsRefused) {
  for (auto const* text : {"", "[]", "{}", R"({"Records":{}})", R"({"Records":[1]})",
                           R"({"Records":[{"s3":{"bucket":{"name":"b"},"object":{}}}]})",
                           R"({"Records":[{"s3":{"bucket":{"name":"b"},"object":{"key":"%zz"}}}]})",
                           R"({"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":1}})"})
    EXPECT_EQ(parse_notification(text).error().code(), Code::invalid) << text;
}

}  // namespace
}  // namespace hoist::s3
