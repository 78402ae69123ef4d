// Conditions and checks are obeyed or refused, never passed over.
#include "s3api/conditions.hpp"

#include <gtest/gtest.h>

#include "s3api/checksum.hpp"
#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::element;
using testing::Got;

class Conditions : public testing::Calls {
 protected:
  Got remove(std::string key, aws::Pairs headers) {
    return send("DELETE", "/bucket/" + key, {}, {}, std::move(headers));
  }
  std::string etag_of(std::string key) {
    return std::string{send("HEAD", "/bucket/" + key).headers.get("etag")};
  }
  // Headers of a copy of "from".
  static aws::Pairs copying(std::string name, std::string value) {
    return {{"x-amz-copy-source", "/bucket/from"}, {std::move(name), std::move(value)}};
  }
  std::string now() { return to_http_date(client_.clock().now()); }
  static constexpr auto long_ago = "Fri, 01 Jan 2010 00:00:00 GMT";
};

TEST_F(Conditions, ADeletionObeysIfMatch) {
  ASSERT_EQ(put("k", "x").status, 200);
  EXPECT_EQ(error_of(remove("k", {{"If-Match", "\"other\""}})), "412 PreconditionFailed");
  EXPECT_EQ(error_of(remove("k", {{"x-amz-if-match-size", "2"}})), "412 PreconditionFailed");
  EXPECT_EQ(error_of(remove("k", {{"x-amz-if-match-last-modified-time", long_ago}})),
            "412 PreconditionFailed");
  EXPECT_EQ(error_of(remove("k", {{"x-amz-if-match-size", "many"}})), "400 InvalidArgument");
  EXPECT_EQ(remove("k", {{"If-None-Match", "*"}}).status, 501);
  EXPECT_EQ(remove("k", {{"If-Unmodified-Since", long_ago}}).status, 501);
  EXPECT_EQ(client_.stored("k"), "x");
  EXPECT_EQ(remove("k", {{"If-Match", etag_of("k")},
                         {"x-amz-if-match-size", "1"},
                         {"x-amz-if-match-last-modified-time", now()}})
                .status,
            204);
  EXPECT_EQ(client_.store().count(), 0U);
  EXPECT_EQ(remove("k", {{"If-Match", "\"other\""}}).status, 204) << "an absent key is gone already";
  ASSERT_EQ(put("k", "x").status, 200);
  EXPECT_EQ(remove("k", {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Conditions, AListOfDeletionsObeysTheConditionOfEach) {
  for (auto const* key : {"a", "b", "c", " "}) ASSERT_EQ(put(key, "x").status, 200);
  auto const got = send(
      "POST", "/bucket", {{"delete", ""}},
      "<Delete><Object><Key>a</Key><ETag>\"other\"</ETag></Object><Object><Key>b</Key><Size>1</Size></Object>"
      "<Object><Key>c</Key><LastModifiedTime>2010-01-01T00:00:00.000Z</LastModifiedTime></Object>"
      "<Object><Key> </Key><VersionId>null</VersionId></Object></Delete>");
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(element(element(got.body, "Error"), "Code"), "PreconditionFailed");
  EXPECT_EQ(client_.stored("a"), "x");
  EXPECT_EQ(client_.stored("c"), "x");
  EXPECT_EQ(client_.store().count(), 2U) << "a key of white space is a key";
}

TEST_F(Conditions, AWriteObeysIfMatchOrRefusesWhatItDoesNotOffer) {
  EXPECT_EQ(error_of(put("k", "x", {{"If-Match", "*"}})), "404 NoSuchKey");
  ASSERT_EQ(put("k", "x").status, 200);
  EXPECT_EQ(put("k", "y", {{"If-Match", "*"}}).status, 200);
  EXPECT_EQ(error_of(put("k", "z", {{"If-Match", "\"other\""}})), "412 PreconditionFailed");
  EXPECT_EQ(put("k", "z", {{"If-Unmodified-Since", long_ago}}).status, 501);
  EXPECT_EQ(error_of(put("k", "z", {{"If-None-Match", etag_of("k")}})), "412 PreconditionFailed");
  EXPECT_EQ(put("k", "z", {{"If-None-Match", "\"a\", \"b\""}}).status, 501);
  EXPECT_EQ(put("k", "y", {{"If-None-Match", "\"other\""}}).status, 200);
  EXPECT_EQ(client_.stored("k"), "y");
}

TEST_F(Conditions, ACopyObeysTheConditionsOfItsSource) {
  ASSERT_EQ(put("from", "bytes").status, 200);
  auto const etag = etag_of("from");
  auto const failing = aws::Pairs{{"x-amz-copy-source-if-match", "\"other\""},
                                  {"x-amz-copy-source-if-none-match", etag},
                                  {"x-amz-copy-source-if-none-match", "*"},
                                  {"x-amz-copy-source-if-modified-since", now()},
                                  {"x-amz-copy-source-if-unmodified-since", long_ago}};
  for (auto const& [name, value] : failing)
    EXPECT_EQ(error_of(put("to", "", copying(name, value))), "412 PreconditionFailed") << name;
  EXPECT_EQ(error_of(put("to", "", copying("x-amz-copy-source-if-modified-since", "soon"))),
            "400 InvalidArgument");
  EXPECT_EQ(client_.stored("to"), "");
  EXPECT_EQ(put("to", "", copying("x-amz-copy-source-if-match", etag)).status, 200);
  EXPECT_EQ(client_.stored("to"), "bytes");
}

TEST_F(Conditions, ACopyObeysTheConditionsOfItsTarget) {
  ASSERT_EQ(put("from", "bytes").status, 200);
  ASSERT_EQ(put("to", "there").status, 200);
  EXPECT_EQ(error_of(put("to", "", copying("If-None-Match", "*"))), "412 PreconditionFailed");
  EXPECT_EQ(error_of(put("to", "", copying("If-Match", "\"other\""))), "412 PreconditionFailed");
  EXPECT_EQ(client_.stored("to"), "there");
  EXPECT_EQ(put("to", "", copying("If-Match", etag_of("to"))).status, 200);
  EXPECT_EQ(put("new", "", copying("If-None-Match", "*")).status, 200);
}

TEST_F(Conditions, WhatACopyDoesNotKnowIsRefused) {
  ASSERT_EQ(put("from", "bytes").status, 200);
  for (auto const* name : {"x-amz-metadata-directive", "x-amz-tagging-directive"})
    for (auto const* value : {"replace", "MERGE", "garbage"})
      EXPECT_EQ(error_of(put("to", "", copying(name, value))), "400 InvalidArgument") << name << value;
  for (auto const* name :
       {"x-amz-object-lock-legal-hold", "x-amz-copy-source-server-side-encryption-customer-key"})
    EXPECT_EQ(put("to", "", copying(name, "ON")).status, 501) << name;
  EXPECT_EQ(error_of(put("to", "", copying("x-amz-checksum-algorithm", "XXHASH64"))), "400 InvalidRequest");
  EXPECT_EQ(send("POST", "/bucket/to", {{"uploads", ""}}, "", copying("x-amz-acl", "private")).status, 501);
  EXPECT_EQ(client_.stored("to"), "");
}

TEST_F(Conditions, ChecksumsAreVerifiedOrRefused) {
  auto const body = std::string{"body"};
  for (auto const kind : {ChecksumKind::sha512, ChecksumKind::md5}) {
    auto const name = "x-amz-checksum-" + std::string{name_of(kind)};
    EXPECT_EQ(put("k", body, {{name, base64(checksum_of(kind, body))}}).status, 200) << name;
    EXPECT_EQ(error_of(put("bad", body, {{name, base64(checksum_of(kind, "other"))}})), "400 BadDigest");
    EXPECT_EQ(error_of(put("bad", body, {{name, "AAAA"}})), "400 InvalidRequest") << name;
  }
  for (auto const* name : {"x-amz-checksum-xxhash64", "x-amz-checksum-xxhash3", "x-amz-checksum-unknown"})
    EXPECT_EQ(error_of(put("bad", body, {{name, "AAAAAAAAAAA="}})), "400 InvalidRequest") << name;
  EXPECT_EQ(client_.stored("bad"), "");
  auto const got = get("k", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(got.headers.get("x-amz-checksum-md5"), base64(checksum_of(ChecksumKind::md5, body)));
  EXPECT_EQ(got.headers.get("x-amz-checksum-type"), "FULL_OBJECT");
}

TEST_F(Conditions, AnotherOwnerThanExpectedIsRefused) {
  ASSERT_EQ(put("k", "x").status, 200);
  auto const owner = element(element(send("GET", "/").body, "Owner"), "ID");
  EXPECT_EQ(get("k", {{"x-amz-expected-bucket-owner", owner}}).status, 200);
  EXPECT_EQ(error_of(get("k", {{"x-amz-expected-bucket-owner", "123456789012"}})), "403 AccessDenied");
  EXPECT_EQ(error_of(put("k", "y", {{"x-amz-expected-bucket-owner", ""}})), "403 AccessDenied");
  EXPECT_EQ(remove("k", {{"x-amz-expected-bucket-owner", "123456789012"}}).status, 403);
  EXPECT_EQ(error_of(put("to", "",
                         {{"x-amz-copy-source", "/bucket/k"},
                          {"x-amz-source-expected-bucket-owner", "123456789012"}})),
            "403 AccessDenied");
  EXPECT_EQ(client_.stored("k"), "x");
}

TEST_F(Conditions, AnAbortIsOfTheUploadThatWasMeant) {
  auto const id = element(send("POST", "/bucket/k", {{"uploads", ""}}).body, "UploadId");
  auto const initiated = element(send("GET", "/bucket", {{"uploads", ""}}).body, "Initiated");
  auto const abort = [&](std::string time) {
    return send("DELETE", "/bucket/k", {{"uploadId", id}}, {}, {{"x-amz-if-match-initiated-time", time}});
  };
  EXPECT_EQ(error_of(abort(long_ago)), "412 PreconditionFailed");
  EXPECT_EQ(error_of(abort("soon")), "400 InvalidArgument");
  EXPECT_EQ(send("GET", "/bucket/k", {{"uploadId", id}}).status, 200);
  EXPECT_EQ(abort(initiated).status, 204);
  EXPECT_EQ(error_of(abort(initiated)), "404 NoSuchUpload");
}

TEST_F(Conditions, APartCarriesTheChecksumOfItsUpload) {
  auto const begin = [&](std::string algorithm, std::string type) {
    return element(send("POST", "/bucket/k", {{"uploads", ""}}, "",
                        {{"x-amz-checksum-algorithm", algorithm}, {"x-amz-checksum-type", type}})
                       .body,
                   "UploadId");
  };
  auto const part = [&](std::string const& id, aws::Pairs headers) {
    return send("PUT", "/bucket/k", {{"partNumber", "1"}, {"uploadId", id}}, "bytes", std::move(headers));
  };
  auto const other = aws::Pairs{{"x-amz-checksum-sha256", base64(sha256("bytes"))}};
  auto const composite = begin("CRC32", "COMPOSITE");
  EXPECT_EQ(error_of(part(composite, other)), "400 InvalidRequest");
  EXPECT_EQ(error_of(part(composite, {})), "400 InvalidRequest");
  auto const full = begin("CRC32", "FULL_OBJECT");
  EXPECT_EQ(error_of(part(full, other)), "400 InvalidRequest");
  auto const computed = part(full, {});
  EXPECT_EQ(computed.headers.get("x-amz-checksum-crc32"), base64(checksum_of(ChecksumKind::crc32, "bytes")));
}

TEST_F(Conditions, AnUploadIsBegunOnlyWithAChecksumThatItsPartsCanMake) {
  struct Wish {
    std::string algorithm;
    std::string type;
    int status;
  };
  for (auto const& [algorithm, type, status] :
       {Wish{"CRC32", "FULL_OBJECT", 200}, Wish{"CRC32", "COMPOSITE", 200}, Wish{"SHA256", "COMPOSITE", 200},
        Wish{"CRC64NVME", "FULL_OBJECT", 200}, Wish{"SHA256", "FULL_OBJECT", 400},
        Wish{"CRC64NVME", "COMPOSITE", 400}, Wish{"CRC32", "OTHER", 400}})
    EXPECT_EQ(send("POST", "/bucket/k", {{"uploads", ""}}, "",
                   {{"x-amz-checksum-algorithm", algorithm}, {"x-amz-checksum-type", type}})
                  .status,
              status)
        << algorithm << " " << type;
}

TEST_F(Conditions, AChecksumOfACompletionIsVerifiedThoughTheUploadWasCreatedWithout) {
  auto const id = element(send("POST", "/bucket/k", {{"uploads", ""}}).body, "UploadId");
  auto const sum = base64(checksum_of(ChecksumKind::crc32, "bytes"));
  auto const etag = std::string{send("PUT", "/bucket/k", {{"partNumber", "1"}, {"uploadId", id}}, "bytes",
                                     {{"x-amz-checksum-crc32", sum}})
                                    .headers.get("etag")};
  auto const complete = [&](aws::Pairs headers) {
    return send("POST", "/bucket/k", {{"uploadId", id}},
                "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>" + etag +
                    "</ETag></Part></CompleteMultipartUpload>",
                std::move(headers));
  };
  EXPECT_EQ(error_of(complete({{"x-amz-checksum-crc32", "AAAAAA=="}})), "400 BadDigest");
  EXPECT_EQ(error_of(complete({{"x-amz-checksum-sha256", base64(sha256("bytes"))}})), "400 InvalidRequest");
  EXPECT_EQ(error_of(complete({{"x-amz-checksum-xxhash64", "AAAAAAAAAAA="}})), "400 InvalidRequest");
  auto const done = complete({{"x-amz-checksum-crc32", sum}});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(element(done.body, "ChecksumCRC32"), sum);
}

}  // namespace
}  // namespace hoist::s3api
