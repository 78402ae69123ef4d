// Uploads by browser form.
#include <gtest/gtest.h>

#include "s3api/post_policy.hpp"
#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::element;
using testing::Got;

using Fields = std::vector<std::pair<std::string, std::string>>;

class PostForm : public ::testing::Test {
 protected:
  std::string policy(std::string extra = R"(["content-length-range",3,5])",
                     std::string expiration = "2023-11-14T22:30:00Z") {
    auto const now = client_.clock().now();
    return base64(R"({"expiration":")" + expiration +
                  R"(","conditions":[{"bucket":"bucket"},["starts-with","$key","user/"],)" +
                  R"({"x-amz-algorithm":"AWS4-HMAC-SHA256"},{"x-amz-credential":")" +
                  client_.signer().credential(now) + R"("},{"x-amz-date":")" + aws::amz_date(now) + R"("})" +
                  (extra.empty() ? "" : "," + extra) + "]}");
  }
  Fields fields(std::string policy_text, std::string key = "user/${filename}") {
    auto const now = client_.clock().now();
    auto const signature = client_.signer().sign_policy(policy_text, now);
    return {{"key", std::move(key)},
            {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
            {"x-amz-credential", client_.signer().credential(now)},
            {"x-amz-date", aws::amz_date(now)},
            {"policy", std::move(policy_text)},
            {"x-amz-signature", signature}};
  }
  Got post(Fields const& fields, std::string file, std::string after = {}, std::size_t piece = 13) {
    auto body = std::string{};
    for (auto const& [name, value] : fields)
      body += "--BOUND\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
    body +=
        "--BOUND\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\photo ñ.png\"\r\n"
        "Content-Type: image/png\r\n\r\n" +
        file + "\r\n" + after + "--BOUND--\r\n";
    return client_.raw(
        {.method = "POST",
         .path = "/bucket",
         .query = {},
         .headers = {{"Host", "localhost"}, {"Content-Type", "multipart/form-data; boundary=BOUND"}},
         .body = body,
         .piece = piece});
  }
  static std::string error_of(Got const& got) { return std::to_string(got.status) + " " + got.code(); }
  Client client_;
};

TEST_F(PostForm, AFormWithAMatchingPolicyIsStored) {
  for (std::size_t piece : {1U, 13U, 100'000U}) {
    EXPECT_EQ(post(fields(policy()), "1234", {}, piece).status, 204);
    EXPECT_EQ(client_.stored("user/photo ñ.png"), "1234");
  }
  auto with_status =
      fields(policy(R"(["eq","$success_action_status","201"],["starts-with","$x-amz-meta-a",""])"), "user/k");
  with_status.emplace_back("success_action_status", "201");
  with_status.emplace_back("x-amz-meta-A", "b");
  auto const got = post(with_status, "file with --BOUND inside\r\n--BOUN");
  EXPECT_EQ(got.status, 201) << got.body;
  EXPECT_EQ(element(got.body, "Key"), "user/k");
  EXPECT_EQ(client_.stored("user/k"), "file with --BOUND inside\r\n--BOUN");
}

TEST_F(PostForm, P10_LengthsOutsideTheRangeAreRefused) {
  EXPECT_EQ(error_of(post(fields(policy()), "12")), "400 EntityTooSmall");
  EXPECT_EQ(post(fields(policy()), "123").status, 204);
  EXPECT_EQ(post(fields(policy()), "12345").status, 204);
  EXPECT_EQ(error_of(post(fields(policy()), "123456")), "400 EntityTooLarge");
}

TEST_F(PostForm, P10_UncoveredAndUnmetFieldsAreRefused) {
  auto uncovered = fields(policy());
  uncovered.emplace_back("x-amz-meta-a", "b");
  EXPECT_EQ(error_of(post(uncovered, "1234")), "403 AccessDenied");
  auto typed = fields(policy());
  typed.emplace_back("Content-Type", "text/html");
  EXPECT_EQ(error_of(post(typed, "1234")), "403 AccessDenied");
  auto ignored = fields(policy());
  ignored.emplace_back("x-ignore-this", "b");
  EXPECT_EQ(post(ignored, "1234").status, 204);
  EXPECT_EQ(error_of(post(fields(policy(), "elsewhere/k"), "1234")), "403 AccessDenied");
  EXPECT_EQ(error_of(post(fields(policy(R"({"acl":"private"})")), "1234")), "403 AccessDenied")
      << "a condition without its field";
  EXPECT_EQ(client_.store().count(), 1U);
}

TEST_F(PostForm, P10_EachTypeOfAListMustBeginAsThePolicySays) {
  auto const typed = [&](std::string type) {
    auto form = fields(policy(R"(["starts-with","$content-type","image/"])"), "user/k");
    form.emplace_back("Content-Type", std::move(type));
    return error_of(post(form, "1234"));
  };
  EXPECT_EQ(typed("text/plain"), "403 AccessDenied");
  EXPECT_EQ(typed("image/png, text/html"), "403 AccessDenied");
  EXPECT_EQ(typed("text/html,image/png"), "403 AccessDenied");
  EXPECT_EQ(typed("image/png,"), "403 AccessDenied");
  EXPECT_EQ(client_.store().count(), 0U);
  EXPECT_EQ(typed("image/png, image/jpeg"), "204 ");
}

TEST_F(PostForm, ChecksumsAndTagsOfAFormAreVerifiedAndKept) {
  auto const form = [&](std::string name, std::string value) {
    auto with = fields(policy(R"(["starts-with","$)" + name + R"(",""])"), "user/k");
    with.emplace_back(name, std::move(value));
    return post(with, "1234");
  };
  EXPECT_EQ(error_of(form("x-amz-checksum-sha256", base64(sha256("other")))), "400 BadDigest");
  EXPECT_EQ(error_of(form("x-amz-checksum-xxhash64", "AAAAAAAAAAA=")), "400 InvalidRequest");
  EXPECT_EQ(error_of(form("tagging", "<Tagging")), "400 MalformedXML");
  EXPECT_EQ(client_.store().count(), 0U);
  auto const got = form("x-amz-checksum-sha256", base64(sha256("1234")));
  EXPECT_EQ(got.status, 204) << got.body;
  EXPECT_EQ(got.headers.get("location"), "http://localhost/bucket/user/k");
  auto const tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(form("tagging", tags).status, 204);
  auto const read = client_.call({.method = "HEAD", .path = "/bucket/user/k", .query = {}, .headers = {}});
  EXPECT_EQ(read.headers.get("x-amz-tagging-count"), "1");
}

TEST_F(PostForm, P10_ExpiredForgedAndMissingPoliciesAreRefused) {
  EXPECT_EQ(error_of(post(fields(policy("", "2023-11-14T22:13:19Z")), "1234")), "403 AccessDenied");
  auto forged = fields(policy());
  forged[4].second = policy(R"(["content-length-range",0,999])");
  EXPECT_EQ(error_of(post(forged, "1234")), "403 SignatureDoesNotMatch");
  EXPECT_EQ(error_of(post({{"key", "user/k"}}, "1234")), "403 AccessDenied");
  auto old = fields(policy());
  old.emplace_back("AWSAccessKeyId", "AKID");
  EXPECT_EQ(error_of(post(old, "1234")), "400 InvalidRequest");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(PostForm, P10_ABucketFieldCannotSpeakForTheAddress) {
  auto reserved = fields(policy());
  reserved.emplace_back("bucket", "other");
  EXPECT_EQ(error_of(post(reserved, "1234")), "403 AccessDenied");
  auto twice = fields(policy());
  twice.emplace_back("key", "user/other");
  EXPECT_EQ(error_of(post(twice, "1234")), "400 InvalidArgument");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(PostForm, P7_KeysOfFormsAreChecked) {
  EXPECT_EQ(error_of(post(fields(policy(), "user/../k"), "1234")), "400 InvalidArgument");
}

TEST_F(PostForm, BrokenFormsAreRefused) {
  auto const send = [&](std::string type, std::string body) {
    return error_of(client_.raw({.method = "POST",
                                 .path = "/bucket",
                                 .query = {},
                                 .headers = {{"Host", "localhost"}, {"Content-Type", type}},
                                 .body = body}));
  };
  auto const form = std::string{"multipart/form-data; boundary=B"};
  for (auto const* body :
       {"", "--B", "--B\r\n", "--B\r\nno headers", "--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends", "--X--\r\n"})
    EXPECT_EQ(send(form, body), "400 MalformedPOSTRequest") << body;
  EXPECT_EQ(send(form, "--B--\r\n"), "400 InvalidArgument");
  EXPECT_EQ(send("text/plain", "--B--"), "400 MalformedPOSTRequest");
  EXPECT_EQ(send(form, "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" +
                           std::string(70'000, 'x') + "\r\n--B--"),
            "400 MaxPostPreDataLengthExceeded");
}

TEST(PostPolicy, P10_OddPoliciesAreRefused) {
  for (auto const* text :
       {"", "[]", "{}", R"({"expiration":"x","conditions":[]})", R"({"expiration":"2030-01-01T00:00:00Z"})",
        R"({"expiration":"2030-01-01 00:00:00+00:00","conditions":[]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[1]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["eq","key","x"]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["matches","$key","x"]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["content-length-range",5,3]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["content-length-range","0","3"]]})"})
    EXPECT_FALSE(parse_post_policy(text)) << text;
  auto const open = parse_post_policy(R"({"expiration":"2030-01-01T00:00:00Z","conditions":[]})");
  ASSERT_TRUE(open);
  EXPECT_FALSE(check_policy(*open, {}, from_us(0))) << "a policy without bucket and key allows nothing";
}

}  // namespace
}  // namespace hoist::s3api
