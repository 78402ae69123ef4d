#include <gtest/gtest.h>

#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::element;
using testing::Got;

class Buckets : public testing::Calls {
 protected:
  Got make(std::string name, std::string body = {}, aws::Pairs headers = {}) {
    return send("PUT", "/" + name, {}, std::move(body), std::move(headers));
  }
  Got remove(std::string name) { return send("DELETE", "/" + name); }
  static std::string in_region(std::string region) {
    return "<CreateBucketConfiguration><LocationConstraint>" + region +
           "</LocationConstraint></CreateBucketConfiguration>";
  }
};

TEST_F(Buckets, AreMadeListedAndRemoved) {
  EXPECT_EQ(error_of(send("PUT", "/plans/k", {}, "x")), "404 NoSuchBucket");
  auto const made = make("plans");
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.headers.get("location"), "/plans");
  EXPECT_EQ(make("plans").status, 200) << "the oldest region takes a repetition for success";
  EXPECT_EQ(send("HEAD", "/plans").status, 200);
  ASSERT_EQ(send("PUT", "/plans/k", {}, "x").status, 200);
  EXPECT_EQ(send("GET", "/plans/k").body, "x");
  EXPECT_NE(send("GET", "/").body.find("<Name>plans</Name>"), std::string::npos);
  EXPECT_EQ(error_of(remove("plans")), "409 BucketNotEmpty");
  ASSERT_EQ(send("DELETE", "/plans/k").status, 204);
  EXPECT_EQ(remove("plans").status, 204);
  EXPECT_EQ(error_of(remove("plans")), "404 NoSuchBucket");
  EXPECT_EQ(error_of(send("GET", "/plans/k")), "404 NoSuchBucket");
}

TEST_F(Buckets, AnUploadThatNobodyFinishedGoesWithItsBucket) {
  ASSERT_EQ(make("plans").status, 200);
  auto const id = element(send("POST", "/plans/k", {{"uploads", ""}}).body, "UploadId");
  ASSERT_FALSE(id.empty());
  EXPECT_EQ(remove("plans").status, 204);
  ASSERT_EQ(make("plans").status, 200);
  EXPECT_EQ(error_of(send("PUT", "/plans/k", {{"partNumber", "1"}, {"uploadId", id}}, "x")),
            "404 NoSuchUpload");
}

TEST_F(Buckets, ThoseOfTheConfigurationStay) {
  EXPECT_EQ(error_of(remove("bucket")), "403 AccessDenied");
  EXPECT_EQ(send("HEAD", "/bucket").status, 200);
}

TEST_F(Buckets, NamesArePartsOfHostNames) {
  for (auto const* name :
       {"ab", "Plans", "-plans", "plans-", "a..b", "a.-b", "a_b", "192.168.5.4", "pl\xC3\xA1n"})
    EXPECT_EQ(error_of(make(name)), "400 InvalidBucketName") << name;
  EXPECT_EQ(error_of(make(std::string(64, 'a'))), "400 InvalidBucketName");
  for (auto const& name : {std::string{"a.b-c.9"}, std::string(63, 'a'), std::string{"1.2.3"}})
    EXPECT_EQ(make(name).status, 200) << name;
}

TEST_F(Buckets, AreMadeByTheOperatorAlone) {
  auto held = Client{{.region = testing::region, .cors_origins = {}}, {{"AKID", testing::secret, "mine/"}}};
  for (auto const* method : {"PUT", "DELETE"})
    EXPECT_EQ(held.call({.method = method, .path = "/plans", .query = {}, .headers = {}}).code(),
              "AccessDenied");
  auto const target = client_.signer().presign(
      {"PUT", "", "localhost", "/plans", {}, {}, std::chrono::minutes{1}}, client_.clock().now());
  EXPECT_EQ(error_of(client_.url("PUT", target)), "403 AccessDenied");
}

TEST_F(Buckets, WhatTheyCannotHaveIsRefused) {
  EXPECT_EQ(error_of(make("plans", in_region("eu-south-2"))), "400 IllegalLocationConstraintException");
  EXPECT_EQ(error_of(make("plans", "<Wrong/>")), "400 MalformedXML");
  EXPECT_EQ(error_of(make("plans", {}, {{"x-amz-acl", "public-read"}})), "400 AccessControlListNotSupported");
  EXPECT_EQ(make("plans", {}, {{"x-amz-bucket-object-lock-enabled", "true"}}).status, 501);
  EXPECT_EQ(make("plans", {}, {{"x-amz-grant-read", "id=1"}}).status, 501);
  EXPECT_EQ(send("HEAD", "/plans").status, 404);
  EXPECT_EQ(make("plans", in_region(testing::region), {{"x-amz-acl", "private"}}).status, 200);
}

TEST_F(Buckets, AreListedInPages) {
  for (auto const* name : {"plans-1", "plans-2", "plans-3"}) ASSERT_EQ(make(name).status, 200);
  auto const page = send("GET", "/", {{"max-buckets", "2"}, {"prefix", "plans"}}).body;
  EXPECT_EQ(page.find("plans-3"), std::string::npos);
  EXPECT_EQ(element(page, "Prefix"), "plans");
  auto const token = element(page, "ContinuationToken");
  auto const rest = send("GET", "/", {{"prefix", "plans"}, {"continuation-token", token}}).body;
  EXPECT_EQ(element(rest, "Name"), "plans-3");
  EXPECT_EQ(element(rest, "ContinuationToken"), "");
  EXPECT_EQ(error_of(send("GET", "/", {{"max-buckets", "0"}})), "400 InvalidArgument");
}

}  // namespace
}  // namespace hoist::s3api
