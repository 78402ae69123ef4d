// Presigned grants: what they allow, and the eleven ways to stretch them.
#include <gtest/gtest.h>

#include <random>

#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::Got;

class Presigned : public ::testing::Test {
 protected:
  // A grant as uploads hand it out: length, type and condition fixed.
  std::string grant() {
    return client_.presign("PUT", "tenant/file",
                           {{"content-length", "5"}, {"content-type", "image/png"}, {"if-none-match", "*"}});
  }
  static aws::Pairs granted_headers() {
    return {{"Content-Length", "5"}, {"Content-Type", "image/png"}, {"If-None-Match", "*"}};
  }
  Client client_;
};

TEST_F(Presigned, AGrantStoresExactlyWhatWasGranted) {
  auto const got = client_.url("PUT", grant(), granted_headers(), "12345");
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(client_.stored("tenant/file"), "12345");
  EXPECT_EQ(got.headers.get("etag"), "\"827ccb0eea8a706c4c34a16891f84e7b\"") << "its MD5";
}

TEST_F(Presigned, P1_NoMutationOfAUrlPasses) {
  client_.call({.method = "PUT", .path = "/bucket/tenant/file", .query = {}, .headers = {}, .body = "12345"});
  auto const url = client_.presign("GET", "tenant/file", {}, {{"response-content-type", "image/png"}});
  ASSERT_EQ(client_.url("GET", url).status, 200);
  auto const meaning = [](std::string_view target) {
    // Hex digits of escapes in either case, and parameters in any order, mean the same.
    auto const question = std::min(target.find('?'), target.size());
    auto parameters = std::vector<std::string>{};
    auto rest = target.substr(std::min(question + 1, target.size()));
    while (!rest.empty()) {
      auto const item = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
      if (!item.empty()) parameters.push_back(percent_decode(item).value_or("?broken"));
    }
    std::ranges::sort(parameters);
    parameters.push_back(percent_decode(target.substr(0, question)).value_or("?broken"));
    return parameters;
  };
  auto random = std::mt19937{20261120};
  auto const pick = [&](std::size_t below) { return random() % below; };
  auto tried = 0;
  while (tried < 10'000) {
    auto mutant = url;
    switch (pick(4)) {
      case 0: mutant[pick(mutant.size())] = static_cast<char>(' ' + 1 + pick(94)); break;
      case 1: mutant.erase(pick(mutant.size()), 1 + pick(8)); break;
      case 2: mutant.insert(pick(mutant.size()), 1, static_cast<char>('0' + pick(75))); break;
      default: std::swap(mutant[pick(mutant.size())], mutant[pick(mutant.size())]);
    }
    if (meaning(mutant) == meaning(url)) continue;
    ++tried;
    auto const got = client_.url("GET", mutant);
    ASSERT_GE(got.status, 400) << mutant;
  }
  for (auto const* method : {"PUT", "DELETE", "POST"})
    EXPECT_EQ(client_.url(method, url).status, 403) << method;
  EXPECT_EQ(client_.raw_target("GET", url, {{"Host", "elsewhere"}}, "").status, 403);
  EXPECT_EQ(client_.raw_target("GET", url, {}, "").status, 403);
}

TEST_F(Presigned, P2_UnsignedAmzHeadersAreRefused) {
  client_.call({.method = "PUT", .path = "/bucket/secret", .query = {}, .headers = {}, .body = "secret"});
  for (auto const* name : {"x-amz-copy-source", "x-amz-tagging", "x-amz-acl", "x-amz-meta-a",
                           "X-Amz-Checksum-Crc32", "x-amz-content-sha256", "x-amz-metadata-directive"}) {
    auto headers = granted_headers();
    headers.emplace_back(name, "/bucket/secret");
    auto const got = client_.url("PUT", grant(), headers, "12345");
    EXPECT_EQ(got.status, 403) << name;
  }
  EXPECT_EQ(client_.store().count(), 1U);
}

TEST_F(Presigned, P2_ASignedCopySourceInAUrlIsRefusedToo) {
  client_.call({.method = "PUT", .path = "/bucket/secret", .query = {}, .headers = {}, .body = "secret"});
  auto const url = client_.presign("PUT", "k", {{"x-amz-copy-source", "/bucket/secret"}});
  EXPECT_EQ(client_.url("PUT", url, {{"x-amz-copy-source", "/bucket/secret"}}).status, 403);
  EXPECT_EQ(client_.stored("k"), "");
}

TEST_F(Presigned, P2_UnsignedHeadersThatWouldBeStoredAreRefused) {
  for (auto const& [name, value] : aws::Pairs{{"Content-Encoding", "deflate"},
                                              {"content-encoding", "br"},
                                              {"Content-Encoding", "identity"},
                                              {"Content-Disposition", "inline"},
                                              {"Content-Language", "es"},
                                              {"Expires", "Fri, 01 Jan 2100 00:00:00 GMT"}}) {
    auto headers = granted_headers();
    headers.emplace_back(name, value);
    auto const got = client_.url("PUT", grant(), headers, "12345");
    EXPECT_EQ(got.status, 403) << name;
    EXPECT_EQ(got.code(), "AccessDenied") << name;
    EXPECT_NE(got.body.find(to_lower(name)), std::string::npos) << "the refusal names the header";
    auto const multipart = client_.presign("POST", "tenant/file", {}, {{"uploads", ""}});
    EXPECT_EQ(client_.url("POST", multipart, {{name, value}}).status, 403) << name;
  }
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Presigned, TheCacheControlThatBrowsersAddIsNeitherRefusedNorStored) {
  auto const url = client_.presign("PUT", "k", {{"if-none-match", "*"}});
  auto const headers =
      aws::Pairs{{"If-None-Match", "*"}, {"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}};
  EXPECT_EQ(client_.url("PUT", url, headers, "1").status, 200);
  EXPECT_NE(client_.url("GET", client_.presign("GET", "k")).headers.get("cache-control"), "no-cache");
}

TEST_F(Presigned, HeadersThatWereSignedAreStored) {
  auto const url =
      client_.presign("PUT", "k", {{"content-encoding", "gzip"}, {"cache-control", "max-age=60"}});
  EXPECT_EQ(
      client_.url("PUT", url, {{"Content-Encoding", "gzip"}, {"Cache-Control", "max-age=60"}}, "1").status,
      200);
  auto const got = client_.url("GET", client_.presign("GET", "k"));
  EXPECT_EQ(got.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(got.headers.get("cache-control"), "max-age=60");
}

TEST_F(Presigned, ADownloadCarriesWhatItsUrlSaysRatherThanWhatIsStored) {
  client_.call({.method = "PUT",
                .path = "/bucket/k",
                .query = {},
                .headers = {{"Content-Encoding", "deflate"},
                            {"Cache-Control", "public, max-age=31536000"},
                            {"Content-Type", "text/html"}},
                .body = "bytes"});
  auto const got = client_.url("GET", client_.presign("GET", "k", {},
                                                      {{"response-content-encoding", "identity"},
                                                       {"response-cache-control", "private, no-store"},
                                                       {"response-content-type", "image/png"}}));
  EXPECT_EQ(got.status, 200);
  EXPECT_FALSE(got.headers.has("content-encoding"));
  EXPECT_EQ(got.headers.get("cache-control"), "private, no-store");
  EXPECT_EQ(got.headers.get("content-type"), "image/png");
}

TEST_F(Presigned, P3_LifetimesEndAndHaveBounds) {
  auto const url = client_.presign("GET", "k", {}, {}, std::chrono::seconds{60});
  EXPECT_EQ(client_.url("GET", url).status, 404);
  client_.clock().advance(std::chrono::seconds{59});
  EXPECT_EQ(client_.url("GET", url).status, 404);
  client_.clock().advance(std::chrono::seconds{1});
  EXPECT_EQ(client_.url("GET", url).status, 403);
  for (auto const seconds : {0, -1, 604'801})
    EXPECT_EQ(client_.url("GET", client_.presign("GET", "k", {}, {}, std::chrono::seconds{seconds})).status,
              400)
        << seconds;
  EXPECT_EQ(client_.url("GET", client_.presign("GET", "k", {}, {}, std::chrono::seconds{604'800})).status,
            404);
  for (auto const* value : {"abc", "", "18446744073709551616", "1e3", "+60", " 60"}) {
    auto changed = client_.presign("GET", "k");
    changed.replace(changed.find("Expires=900"), 11, "Expires=" + std::string{value});
    EXPECT_EQ(client_.url("GET", changed).status, 400) << value;
  }
}

TEST_F(Presigned, P3_FutureDatesBeyondFifteenMinutesAreRefused) {
  auto const url = client_.presign("GET", "k");
  client_.clock().advance(-std::chrono::minutes{15});
  EXPECT_EQ(client_.url("GET", url).status, 404);
  client_.clock().advance(-std::chrono::seconds{1});
  EXPECT_EQ(client_.url("GET", url).code(), "RequestTimeTooSkewed");
}

TEST_F(Presigned, P4_OtherLengthsThanGrantedAreRefused) {
  auto const put = [&](std::string length, std::string body) {
    auto headers = granted_headers();
    headers[0].second = std::move(length);
    return client_.url("PUT", grant(), headers, std::move(body)).status;
  };
  EXPECT_EQ(put("6", "123456"), 403);
  EXPECT_EQ(put("4", "1234"), 403);
  EXPECT_EQ(put("5 ", "123456"), 400) << "a length that lies";
  EXPECT_EQ(put("5", "1234"), 400) << "fewer bytes than promised";
  auto chunked = testing::Sent{.method = "PUT", .path = "/bucket/tenant/file", .query = {}, .headers = {}};
  chunked.has_length = false;
  chunked.body = "12345";
  EXPECT_EQ(client_.raw(client_.sign(chunked)).status, 411);
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Presigned, P5_OtherTypesThanGrantedAreRefused) {
  auto headers = granted_headers();
  headers[1].second = "text/html";
  EXPECT_EQ(client_.url("PUT", grant(), headers, "12345").status, 403);
  headers = granted_headers();
  headers.emplace_back("Content-Type", "text/html");
  EXPECT_EQ(client_.url("PUT", grant(), headers, "12345").status, 403);
  auto const open = client_.presign("PUT", "k");
  EXPECT_EQ(client_.url("PUT", open, {{"Content-Type", "a/b"}, {"Content-Type", "c/d"}}, "1").status, 400);
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Presigned, P6_AGrantWithItsConditionWorksOnce) {
  EXPECT_EQ(client_.url("PUT", grant(), granted_headers(), "12345").status, 200);
  auto const again = client_.url("PUT", grant(), granted_headers(), "evil!");
  EXPECT_EQ(again.status, 412);
  EXPECT_EQ(client_.stored("tenant/file"), "12345");
  auto headers = granted_headers();
  headers.pop_back();
  EXPECT_EQ(client_.url("PUT", grant(), headers, "evil!").status, 403) << "the condition may not be left out";
}

TEST_F(Presigned, P7_KeysThatEscapeAreRefused) {
  for (auto const& key : {std::string{"../up"}, std::string{"a/../b"}, std::string{"a/.."},
                          std::string{"./a"}, std::string{"a/./b"}, std::string(1025, 'k'),
                          std::string{"bad\xFF"}, std::string{"nul\0l", 5}, std::string{"line\nbreak"}}) {
    auto const got = client_.url("PUT", client_.presign("PUT", key), {}, "x");
    EXPECT_EQ(got.status, 400) << key;
  }
  EXPECT_EQ(client_.store().count(), 0U);
  for (auto const& key : {std::string{"a\\b"}, std::string{"%2e%2e/a"}, std::string{"trailing."},
                          std::string{"...."}, std::string{"a//b"}, std::string(1024, 'k'),
                          std::string{"caf\xC3\xA9"}, std::string{"cafe\xCC\x81"}}) {
    EXPECT_EQ(client_.url("PUT", client_.presign("PUT", key), {}, key).status, 200) << key;
    EXPECT_EQ(client_.stored(key), key);
  }
  EXPECT_EQ(client_.raw_target("PUT", "/bucket/%2e%2e/other/k", {{"Host", "localhost"}}, "x").status, 400);
}

TEST_F(Presigned, P8_DoubledAndMixedAuthenticationIsRefused) {
  auto const url = client_.presign("GET", "k");
  auto const signature = url.substr(url.find("&X-Amz-Signature="));
  EXPECT_EQ(client_.url("GET", url + signature).status, 400);
  EXPECT_EQ(client_.url("GET", url + "&X-Amz-Expires=900").status, 400);
  EXPECT_EQ(client_.url("GET", url + "&response-content-type=a&response-content-type=b").status, 400);
  EXPECT_EQ(client_.url("GET", url + "&X-Amz-Security-Token=t").status, 400);
  EXPECT_EQ(client_.url("GET", url, {{"Authorization", "AWS4-HMAC-SHA256 Credential=x"}}).status, 400);
  auto const old = client_.url("GET", "/bucket/k?AWSAccessKeyId=AKID&Signature=a&Expires=9999999999");
  EXPECT_EQ(old.status, 400);
  EXPECT_NE(old.body.find("s3v4"), std::string::npos) << "the refusal says what to set";
  auto asymmetric = url;
  asymmetric.replace(asymmetric.find("AWS4-HMAC-SHA256"), 16, "AWS4-ECDSA-P256-SHA256");
  EXPECT_EQ(client_.url("GET", asymmetric).status, 400);
}

TEST_F(Presigned, P9_OverridesCountOnlyWhenSignedAndStayHarmless) {
  client_.call({.method = "PUT", .path = "/bucket/k", .query = {}, .headers = {}, .body = "<script>"});
  EXPECT_EQ(client_.url("GET", client_.presign("GET", "k") + "&response-content-type=text/html").status, 403);
  auto const got =
      client_.url("GET", client_.presign("GET", "k", {}, {{"response-content-type", "text/html"}}));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.headers.get("content-type"), "text/html");
  EXPECT_EQ(got.headers.get("content-disposition"), "attachment");
  EXPECT_EQ(got.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(got.headers.get("content-security-policy"), "sandbox");
  auto const split =
      client_.presign("GET", "k", {}, {{"response-content-disposition", "a\r\nSet-Cookie: b=c"}});
  EXPECT_EQ(client_.url("GET", split).status, 400);
}

TEST_F(Presigned, P11_SignaturesAppearNowhereInAnswersAndMetrics) {
  auto const url = client_.presign("GET", "k");
  auto const signature = url.substr(url.find("Signature=") + 10);
  auto wrong = url;
  wrong.replace(wrong.find("GET") == wrong.npos ? wrong.find("/k?") : wrong.find("/k?"), 3, "/j?");
  for (auto const& target : {url, wrong, url + "&X-Amz-Signature=" + signature}) {
    auto const got = client_.url("GET", target);
    EXPECT_GE(got.status, 400);
    EXPECT_EQ(got.body.find(signature), got.body.npos);
    for (auto const& [name, value] : got.headers.all()) EXPECT_EQ(value.find(signature), value.npos);
  }
  EXPECT_EQ(client_.metrics().render().find(signature), std::string::npos);
}

TEST_F(Presigned, EmptyBodyChecksumsThatPresignersHoistAreIgnored) {
  auto const url = client_.presign("PUT", "k", {},
                                   {{"x-amz-checksum-crc32", "AAAAAA=="},
                                    {"x-amz-sdk-checksum-algorithm", "CRC32"},
                                    {"x-id", "PutObject"}});
  EXPECT_EQ(client_.url("PUT", url, {}, "12345").status, 200);
  auto const fixed = client_.presign("PUT", "k", {}, {{"x-amz-checksum-crc32", "y/Q5Jg=="}});
  EXPECT_EQ(client_.url("PUT", fixed, {}, "12345").code(), "BadDigest");
  EXPECT_EQ(client_.url("PUT", fixed, {}, "123456789").status, 200);
}

}  // namespace
}  // namespace hoist::s3api
