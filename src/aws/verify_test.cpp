#include "aws/verify.hpp"

#include <gtest/gtest.h>

#include "aws/sigv4.hpp"

namespace hoist::aws {
namespace {

constexpr auto secret = "0123456789abcdef0123456789abcdef01234567";

struct Sent {
  std::string method = "PUT";
  std::string path = "/bucket/key";
  Pairs query;
  Pairs headers{{"Host", "localhost"}};
};

Time now() {
  return from_us(1'700'000'000'000'000);
}

Sent header_signed() {
  auto sent = Sent{};
  auto const signer = Signer{{"AKID", secret}, "here"};
  auto const added = signer.sign({sent.method, sent.path, sent.query, sent.headers}, unsigned_payload, now());
  sent.headers.insert(sent.headers.end(), added.begin(), added.end());
  return sent;
}

Result<void> check(Sent const& sent, Time at = now(), std::string_view secret_used = secret) {
  auto const view = RequestView{sent.method, sent.path, sent.query, sent.headers};
  auto parsed = parse_authorization(view);
  if (!parsed) return std::unexpected{parsed.error()};
  if (!*parsed) return fail(Error{Code::forbidden}.with_slug("Anonymous"));
  if (auto good = verify_time_and_scope(**parsed, "here", at); !good) return good;
  return verify_signature(view, **parsed, SigningKey{secret_used, (*parsed)->scope});
}

std::string_view slug(Result<void> const& result) {
  return result ? "ok" : result.error().slug();
}

TEST(Verify, AcceptsWhatTheSignerSigned) {
  EXPECT_EQ(slug(check(header_signed())), "ok");
  EXPECT_EQ(slug(check(header_signed(), now(), "another secret")), "SignatureDoesNotMatch");
  EXPECT_EQ(slug(check(Sent{})), "Anonymous");
}

TEST(Verify, P3_ClocksMoreThanFifteenMinutesApartAreRefused) {
  auto const sent = header_signed();
  EXPECT_EQ(slug(check(sent, now() + std::chrono::minutes{15})), "ok");
  EXPECT_EQ(slug(check(sent, now() - std::chrono::minutes{15})), "ok");
  EXPECT_EQ(slug(check(sent, now() + std::chrono::minutes{15} + std::chrono::seconds{1})),
            "RequestTimeTooSkewed");
  EXPECT_EQ(slug(check(sent, now() - std::chrono::minutes{15} - std::chrono::seconds{1})),
            "RequestTimeTooSkewed");
}

TEST(Verify, P8_OneWayOfAuthenticationAndEachParameterOnce) {
  auto both = header_signed();
  both.query.emplace_back("X-Amz-Signature", std::string(64, 'a'));
  EXPECT_EQ(slug(check(both)), "InvalidArgument");

  auto twice = header_signed();
  twice.headers.push_back(twice.headers.back());
  EXPECT_EQ(slug(check(twice)), "InvalidRequest");

  auto repeated = header_signed();
  repeated.query = {{"uploadId", "a"}, {"uploadId", "b"}};
  EXPECT_EQ(slug(check(repeated)), "InvalidArgument");

  auto old = Sent{};
  old.headers.emplace_back("Authorization", "AWS AKID:c2lnbmF0dXJl");
  EXPECT_EQ(slug(check(old)), "InvalidRequest");
  auto asymmetric = Sent{};
  asymmetric.headers.emplace_back("Authorization", "AWS4-ECDSA-P256-SHA256 Credential=x");
  EXPECT_EQ(slug(check(asymmetric)), "InvalidRequest");
  auto version_two = Sent{};
  version_two.query = {{"AWSAccessKeyId", "AKID"}, {"Signature", "x"}, {"Expires", "1"}};
  EXPECT_EQ(slug(check(version_two)), "InvalidRequest");
  auto token = header_signed();
  token.query.emplace_back("X-Amz-Security-Token", "t");
  EXPECT_EQ(slug(check(token)), "InvalidToken");
}

TEST(Verify, P2_UnsignedAmzHeadersAreRefused) {
  auto sent = header_signed();
  sent.headers.emplace_back("X-Amz-Copy-Source", "/bucket/other");
  EXPECT_EQ(slug(check(sent)), "AccessDenied");
}

TEST(Verify, MalformedAuthorizationHeadersAreRefused) {
  for (auto const* text :
       {"AWS4-HMAC-SHA256 x", "AWS4-HMAC-SHA256 Credential=a",
        "AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host,"
        "Signature=00",
        "AWS4-HMAC-SHA256 Credential=AKID/20231114/here/s3/aws4_request,SignedHeaders=host;host,Signature=00",
        "AWS4-HMAC-SHA256 "
        "Credential=AKID/20231114/here/s3/aws4_request,SignedHeaders=x-amz-date,Signature=00"}) {
    auto sent = Sent{};
    sent.headers.emplace_back("Authorization", text);
    EXPECT_EQ(slug(check(sent)), "AuthorizationHeaderMalformed") << text;
  }
}

}  // namespace
}  // namespace hoist::aws
