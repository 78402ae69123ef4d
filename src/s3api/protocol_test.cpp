// The operations, as the SDKs use them.
#include <gtest/gtest.h>

#include "s3api/checksum.hpp"
#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::element;

class Protocol : public testing::Calls {};

TEST_F(Protocol, ObjectsAreStoredReadDescribedAndDeleted) {
  EXPECT_EQ(put("a/b c", "hello",
                {{"Content-Type", "text/plain"},
                 {"x-amz-meta-Camera", "one  two"},
                 {"Cache-Control", "no-store"},
                 {"Content-Encoding", "gzip,aws-chunked"}})
                .status,
            200);
  auto const got = get("a/b c");
  EXPECT_EQ(got.body, "hello");
  EXPECT_EQ(got.headers.get("content-type"), "text/plain");
  EXPECT_EQ(got.headers.get("content-encoding"), "gzip");
  EXPECT_EQ(got.headers.get("cache-control"), "no-store");
  EXPECT_EQ(got.headers.get("x-amz-meta-camera"), "one  two");
  EXPECT_EQ(got.headers.get("x-amz-request-id"), "test");
  auto const head = send("HEAD", "/bucket/a/b c");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(send("DELETE", "/bucket/a/b c").status, 204);
  EXPECT_EQ(send("DELETE", "/bucket/a/b c").status, 204);
  EXPECT_EQ(error_of(get("a/b c")), "404 NoSuchKey");
  EXPECT_EQ(error_of(send("GET", "/nowhere/k")), "404 NoSuchBucket");
}

TEST_F(Protocol, RangesAndConditionsFollowTheRfc) {
  auto const etag = std::string{put("k", "0123456789").headers.get("etag")};
  auto const range = [&](std::string text) { return get("k", {{"Range", text}}); };
  EXPECT_EQ(range("bytes=2-4").body, "234");
  EXPECT_EQ(range("bytes=2-4").status, 206);
  EXPECT_EQ(range("bytes=2-4").headers.get("content-range"), "bytes 2-4/10");
  EXPECT_EQ(range("bytes=-3").body, "789");
  EXPECT_EQ(range("bytes=7-").body, "789");
  EXPECT_EQ(error_of(range("bytes=10-")), "416 InvalidRange");
  EXPECT_EQ(range("bytes=10-").headers.get("content-range"), "bytes */10");
  EXPECT_EQ(get("k", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(get("k", {{"If-None-Match", "\"x\", W/" + etag}}).status, 304);
  EXPECT_EQ(get("k", {{"If-Match", "\"x\""}}).status, 412);
  EXPECT_EQ(get("k", {{"If-Match", "*"}}).status, 200);
  auto const now = to_http_date(client_.clock().now());
  EXPECT_EQ(get("k", {{"If-Modified-Since", now}}).status, 304);
  EXPECT_EQ(get("k", {{"If-Unmodified-Since", "Fri, 01 Jan 2010 00:00:00 GMT"}}).status, 412);
  EXPECT_EQ(get("k", {{"Range", "bytes=0-1"}, {"If-Range", "\"x\""}}).status, 200);
}

TEST_F(Protocol, S11_AbusiveRangesAndListsAreBounded) {
  ASSERT_EQ(put("k", "0123456789").status, 200);
  auto many = std::string{"bytes=0-0"};
  for (auto i = 0; i < 1000; ++i) many += ",1-1";
  for (auto const& text : {many, std::string{"bytes=5-2"}, std::string{"bytes=a-b"}, std::string{"lines=0-1"},
                           std::string{"bytes="}, std::string{"bytes=-"}})
    EXPECT_EQ(get("k", {{"Range", text}}).body, "0123456789") << text;
  EXPECT_EQ(get("k", {{"Range", "bytes=0-99999999999999999999999"}}).body, "0123456789");
  EXPECT_EQ(get("k", {{"Range", "bytes=9223372036854775808-"}}).status, 416);
  EXPECT_EQ(get("k", {{"Range", "bytes=-9223372036854775808"}}).body, "0123456789");
  auto const list = [&](aws::Pairs query) { return send("GET", "/bucket", std::move(query)); };
  EXPECT_EQ(element(list({{"list-type", "2"}, {"max-keys", "1000000000"}}).body, "MaxKeys"), "1000");
  for (auto const* wrong : {"-1", "x", "9223372036854775808", "1e3"})
    EXPECT_EQ(error_of(list({{"list-type", "2"}, {"max-keys", wrong}})), "400 InvalidArgument") << wrong;
  for (auto const* token : {"!", "AAA=", "_w"})
    EXPECT_EQ(error_of(list({{"list-type", "2"}, {"continuation-token", token}})), "400 InvalidArgument")
        << token;
}

TEST_F(Protocol, ListsArePagedRolledUpAndEncoded) {
  for (auto const* key : {"a/1", "a/2", "b c", "d&e"}) ASSERT_EQ(put(key, "x").status, 200);
  auto const first =
      send("GET", "/bucket",
           {{"list-type", "2"}, {"delimiter", "/"}, {"max-keys", "2"}, {"encoding-type", "url"}});
  EXPECT_EQ(element(first.body, "KeyCount"), "2");
  EXPECT_EQ(element(first.body, "IsTruncated"), "true");
  EXPECT_EQ(element(element(first.body, "CommonPrefixes"), "Prefix"), "a/");
  EXPECT_EQ(element(first.body, "Key"), "b%20c");
  auto const token = element(first.body, "NextContinuationToken");
  auto const second =
      send("GET", "/bucket", {{"list-type", "2"}, {"delimiter", "/"}, {"continuation-token", token}});
  EXPECT_EQ(element(second.body, "Key"), "d&amp;e");
  EXPECT_EQ(element(second.body, "IsTruncated"), "false");
  auto const old = send("GET", "/bucket", {{"marker", "a/1"}, {"prefix", "a/"}});
  EXPECT_EQ(element(old.body, "Key"), "a/2");
  EXPECT_EQ(element(send("GET", "/").body, "Name"), "bucket");
  EXPECT_EQ(send("HEAD", "/bucket").headers.get("x-amz-bucket-region"), "us-east-1");
  EXPECT_EQ(send("HEAD", "/nowhere").status, 404);
  EXPECT_EQ(send("GET", "/bucket", {{"location", ""}}).status, 200);
}

TEST_F(Protocol, MultipartUploadsWithFullObjectChecksums) {
  auto const begun = send("POST", "/bucket/k", {{"uploads", ""}}, "",
                          {{"x-amz-checksum-algorithm", "CRC64NVME"}, {"Content-Type", "image/png"}});
  auto const id = element(begun.body, "UploadId");
  ASSERT_FALSE(id.empty()) << begun.body;
  auto const part = [&](std::string number, std::string body) {
    auto const sum = base64(checksum_of(ChecksumKind::crc64nvme, body));
    auto const got = send("PUT", "/bucket/k", {{"partNumber", number}, {"uploadId", id}}, body,
                          {{"x-amz-checksum-crc64nvme", sum}});
    return "<Part><PartNumber>" + number + "</PartNumber><ETag>" + std::string{got.headers.get("etag")} +
           "</ETag><ChecksumCRC64NVME>" + sum + "</ChecksumCRC64NVME></Part>";
  };
  auto const list = part("1", "hello ") + part("2", "world");
  EXPECT_EQ(element(send("GET", "/bucket/k", {{"uploadId", id}, {"max-parts", "1"}}).body, "IsTruncated"),
            "true");
  EXPECT_NE(send("GET", "/bucket", {{"uploads", ""}}).body.find(id), std::string::npos);
  auto const whole = base64(checksum_of(ChecksumKind::crc64nvme, "hello world"));
  auto const document = "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>";
  auto const complete = [&](aws::Pairs headers) {
    return send("POST", "/bucket/k", {{"uploadId", id}}, document, std::move(headers));
  };
  EXPECT_EQ(error_of(complete({{"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}})), "400 BadDigest");
  EXPECT_EQ(error_of(complete({{"x-amz-mp-object-size", "12"}})), "400 InvalidRequest");
  auto const done = complete({{"x-amz-checksum-crc64nvme", whole}, {"x-amz-mp-object-size", "11"}});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(element(done.body, "ChecksumCRC64NVME"), whole);
  EXPECT_EQ(element(done.body, "ChecksumType"), "FULL_OBJECT");
  EXPECT_TRUE(element(done.body, "ETag").ends_with("-2&quot;"));
  EXPECT_EQ(complete({}).status, 200) << "repeating a completion answers the same object";
  auto const got = get("k", {{"x-amz-checksum-mode", "ENABLED"}});
  EXPECT_EQ(got.body, "hello world");
  EXPECT_EQ(got.headers.get("x-amz-checksum-crc64nvme"), whole);
  EXPECT_EQ(got.headers.get("content-type"), "image/png");
}

TEST_F(Protocol, MultipartUploadsWithCompositeChecksums) {
  auto const id =
      element(send("POST", "/bucket/k", {{"uploads", ""}}, "", {{"x-amz-checksum-algorithm", "SHA256"}}).body,
              "UploadId");
  auto document = std::string{"<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"};
  for (auto const* number : {"1", "2"}) {
    auto const body = std::string{"part "} + number;
    auto const got = send("PUT", "/bucket/k", {{"partNumber", number}, {"uploadId", id}}, body,
                          {{"x-amz-checksum-sha256", base64(sha256(body))}});
    document += "<Part><ETag>" + std::string{got.headers.get("etag")} + "</ETag><PartNumber>" + number +
                "</PartNumber><ChecksumSHA256>" + base64(sha256(body)) + "</ChecksumSHA256></Part>";
  }
  auto unnamed = document;
  unnamed.replace(unnamed.rfind("<ChecksumSHA256>"), unnamed.npos, "</Part>");
  auto const end = std::string{"</CompleteMultipartUpload>"};
  EXPECT_EQ(error_of(send("POST", "/bucket/k", {{"uploadId", id}}, unnamed + end)), "400 InvalidRequest");
  // minio-go leaves out the number of parts behind the composite checksum.
  auto const bare = base64(sha256(sha256("part 1") + sha256("part 2")));
  auto const done =
      send("POST", "/bucket/k", {{"uploadId", id}}, document + end, {{"x-amz-checksum-sha256", bare}});
  EXPECT_EQ(element(done.body, "ChecksumSHA256"), base64(sha256(sha256("part 1") + sha256("part 2"))) + "-2");
  EXPECT_EQ(get("k", {{"x-amz-checksum-mode", "ENABLED"}}).headers.get("x-amz-checksum-type"), "COMPOSITE");
}

TEST_F(Protocol, S7_MultipartAbuseGetsTheProtocolsErrors) {
  auto const id = element(send("POST", "/bucket/k", {{"uploads", ""}}).body, "UploadId");
  auto const part = [&](std::string number, std::string body) {
    return send("PUT", "/bucket/k", {{"partNumber", number}, {"uploadId", id}}, body);
  };
  for (auto const* number : {"0", "10001", "-1", "x", ""})
    EXPECT_EQ(error_of(part(number, "x")), "400 InvalidArgument");
  EXPECT_EQ(error_of(send("PUT", "/bucket/k", {{"partNumber", "1"}, {"uploadId", "none"}}, "x")),
            "404 NoSuchUpload");
  auto const etag = std::string{part("1", "tiny").headers.get("etag")};
  auto const second = std::string{part("2", "more!").headers.get("etag")};
  auto const complete = [&](std::string parts) {
    return error_of(send("POST", "/bucket/k", {{"uploadId", id}},
                         "<CompleteMultipartUpload>" + parts + "</CompleteMultipartUpload>"));
  };
  auto const item = [](std::string number, std::string tag) {
    return "<Part><PartNumber>" + number + "</PartNumber><ETag>" + tag + "</ETag></Part>";
  };
  EXPECT_EQ(complete(""), "400 MalformedXML");
  EXPECT_EQ(complete(item("0", etag)), "400 MalformedXML");
  EXPECT_EQ(complete(item("2", second) + item("1", etag)), "400 InvalidPartOrder");
  EXPECT_EQ(complete(item("1", second)), "400 InvalidPart");
  EXPECT_EQ(complete(item("1", etag) + item("2", second)), "400 EntityTooSmall");
  EXPECT_EQ(send("DELETE", "/bucket/k", {{"uploadId", id}}).status, 204);
  EXPECT_EQ(error_of(part("3", "late")), "404 NoSuchUpload");
  EXPECT_EQ(complete(item("2", second)), "404 NoSuchUpload");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Protocol, S5_KeysInBodiesAreCheckedLikeThoseInUrls) {
  for (auto const* key : {"a", "b"}) ASSERT_EQ(put(key, "x").status, 200);
  auto const remove = [&](std::string objects) {
    return send("POST", "/bucket", {{"delete", ""}}, "<Delete>" + objects + "</Delete>");
  };
  auto const got = remove(
      "<Object><Key>a</Key></Object><Object><Key>../b</Key></Object><Object><Key>absent</Key></Object>");
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(element(element(got.body, "Error"), "Key"), "../b");
  EXPECT_EQ(client_.store().count(), 1U);
  auto many = std::string{};
  for (auto i = 0; i < 1001; ++i) many += "<Object><Key>k" + std::to_string(i) + "</Key></Object>";
  EXPECT_EQ(error_of(remove(many)), "400 MalformedXML");
  EXPECT_EQ(error_of(remove("")), "400 MalformedXML");
  EXPECT_EQ(remove("<Quiet>true</Quiet><Object><Key>b</Key></Object>").body.find("Deleted"),
            std::string::npos);
}

TEST_F(Protocol, S6_HostileXmlIsRefusedAtOnce) {
  auto deep = std::string{};
  for (auto i = 0; i < 100'000; ++i) deep += "<a>";
  auto const entities =
      "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><Delete>&lol2;</Delete>";
  auto const external =
      "<!DOCTYPE d [<!ENTITY x SYSTEM "
      "\"file:///etc/passwd\">]><Delete><Object><Key>&x;</Key></Object></Delete>";
  auto const one = std::string{"<Delete><Object><Key>a</Key></Object></Delete>"};
  EXPECT_EQ(send("POST", "/bucket", {{"delete", ""}}, "<?xml version=\"1.0\"?>" + one).status, 200);
  for (auto const& text :
       {std::string{entities}, std::string{external}, "<Delete>" + deep, std::string{"<Delete"},
        std::string{"<Other/>"}, std::string{}, std::string{"<Delete></Delete></Delete>"},
        std::string{"<Delete><![CDATA[x]]></Delete>"}, std::string{"<Delete><"}, "<!DOCTYPE Delete>" + one,
        "<!-- a remark -->" + one}) {
    auto const got = send("POST", "/bucket", {{"delete", ""}}, text);
    EXPECT_EQ(error_of(got), "400 MalformedXML") << text.substr(0, 60);
    EXPECT_EQ(got.body.find("root:"), std::string::npos);
  }
  EXPECT_EQ(send("POST", "/bucket", {{"delete", ""}}, std::string(5'000'000, '<')).status, 413);
}

TEST_F(Protocol, TagsAreKeptBesideTheObject) {
  ASSERT_EQ(put("k", "x", {{"x-amz-tagging", "a=1&b=two+words"}}).status, 200);
  EXPECT_NE(send("GET", "/bucket/k", {{"tagging", ""}}).body.find("<Value>two words</Value>"),
            std::string::npos);
  auto const set = [&](std::string tags) {
    return send("PUT", "/bucket/k", {{"tagging", ""}}, "<Tagging><TagSet>" + tags + "</TagSet></Tagging>");
  };
  EXPECT_EQ(set("<Tag><Key>scan</Key><Value>clean</Value></Tag>").status, 200);
  EXPECT_EQ(element(send("GET", "/bucket/k", {{"tagging", ""}}).body, "Value"), "clean");
  auto many = std::string{};
  for (auto i = 0; i < 11; ++i) many += "<Tag><Key>" + std::to_string(i) + "</Key><Value/></Tag>";
  EXPECT_EQ(error_of(set(many)), "400 InvalidTag");
  EXPECT_EQ(send("DELETE", "/bucket/k", {{"tagging", ""}}).status, 204);
  EXPECT_EQ(get("k").body, "x");
}

TEST_F(Protocol, CopiesAreForSignedHeadersOnly) {
  ASSERT_EQ(put("from", "bytes", {{"x-amz-meta-a", "b"}}).status, 200);
  auto const copied = put("to", "", {{"x-amz-copy-source", "/bucket/from"}});
  EXPECT_EQ(copied.status, 200) << copied.body;
  EXPECT_EQ(get("to").body, "bytes");
  EXPECT_EQ(get("to").headers.get("x-amz-meta-a"), "b");
  EXPECT_EQ(error_of(put("to", "", {{"x-amz-copy-source", "bucket/absent"}})), "404 NoSuchKey");
  EXPECT_EQ(put("to", "", {{"x-amz-copy-source", "bucket/../from"}}).status, 400);
}

TEST_F(Protocol, WhatIsNotOfferedIsNotMistakenForSomethingElse) {
  ASSERT_EQ(put("k", "x").status, 200);
  for (auto const* name :
       {"acl", "versioning", "retention", "torrent", "select", "versionId", "cors", "unknown"}) {
    EXPECT_EQ(send("PUT", "/bucket/k", {{name, ""}}, "overwritten").status, 501) << name;
    EXPECT_EQ(send("DELETE", "/bucket/k", {{name, ""}}).status, 501) << name;
    EXPECT_EQ(send("PUT", "/bucket", {{name, ""}}, "<x/>").status, 501) << name;
    EXPECT_EQ(send("DELETE", "/bucket", {{name, ""}}).status, 501) << name;
  }
  for (auto const* name : {"retention", "torrent", "select", "versionId", "unknown"}) {
    EXPECT_EQ(send("GET", "/bucket/k", {{name, ""}}).status, 501) << name;
    EXPECT_EQ(send("GET", "/bucket", {{name, ""}}).status, 501) << name;
  }
  EXPECT_EQ(send("GET", "/bucket/k", {{"versionId", "other"}}).status, 501);
  EXPECT_EQ(send("PUT", "/bucket/k", {{"versionId", "null"}}, "overwritten").status, 501);
  EXPECT_EQ(get("k").body, "x");
  EXPECT_EQ(send("PATCH", "/bucket/k").status, 405);
  EXPECT_EQ(put("k", "y", {{"x-amz-server-side-encryption", "AES256"}}).status, 501);
  EXPECT_EQ(put("k", "y", {{"x-amz-acl", "public-read"}}).status, 400);
  EXPECT_EQ(put("k", "y", {{"x-amz-storage-class", "GLACIER"}}).status, 400);
}

TEST_F(Protocol, S4_APathReachesOnlyTheBucketItNames) {
  ASSERT_EQ(send("PUT", "/other/k", {}, "theirs").status, 200);
  EXPECT_EQ(send("GET", "/bucket/../other/k").status, 400);
  EXPECT_EQ(send("PUT", "/bucket/../other/k", {}, "mine").status, 400);
  EXPECT_EQ(client_.store().bytes({"other", "k"}), "theirs");
}

TEST_F(Protocol, S12_NothingIsOpenByOmission) {
  auto const anonymous = [&](std::string method, std::string target, std::string body = {}) {
    return client_.raw_target(std::move(method), target, {{"Host", "localhost"}}, std::move(body));
  };
  ASSERT_EQ(put("k", "x").status, 200);
  for (auto const* target : {"/", "/bucket", "/bucket?list-type=2", "/bucket/k", "/minio/admin", "/metrics"})
    EXPECT_EQ(anonymous("GET", target).status, 403) << target;
  EXPECT_EQ(anonymous("PUT", "/bucket/new", "x").status, 403);
  EXPECT_EQ(anonymous("DELETE", "/bucket/k").status, 403);
  EXPECT_FALSE(AccessKeys::make({}));
  EXPECT_FALSE(AccessKeys::make({{"AKID", "short", {}}}));
  EXPECT_FALSE(AccessKeys::make({{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", {}}}));
  EXPECT_FALSE(AccessKeys::make({{"A", std::string(40, 'x'), {}}, {"A", std::string(40, 'y'), {}}}));
}

TEST_F(Protocol, AccessKeysMayBeConfinedToAPrefix) {
  auto client = Client{{.region = testing::region, .cors_origins = {}}, {{"AKID", testing::secret, "mine/"}}};
  auto const send_as = [&](std::string method, std::string path, aws::Pairs query = {},
                           std::string body = {}) {
    return client
        .call({.method = std::move(method),
               .path = std::move(path),
               .query = std::move(query),
               .headers = {},
               .body = std::move(body)})
        .status;
  };
  EXPECT_EQ(send_as("PUT", "/bucket/mine/k", {}, "x"), 200);
  EXPECT_EQ(send_as("PUT", "/bucket/theirs/k", {}, "x"), 403);
  EXPECT_EQ(send_as("GET", "/bucket", {{"list-type", "2"}}), 403);
  EXPECT_EQ(send_as("GET", "/bucket", {{"list-type", "2"}, {"prefix", "mine/"}}), 200);
  EXPECT_NE(client
                .call({.method = "POST",
                       .path = "/bucket",
                       .query = {{"delete", ""}},
                       .headers = {},
                       .body = "<Delete><Object><Key>theirs/k</Key></Object></Delete>"})
                .body.find("AccessDenied"),
            std::string::npos);
}

TEST_F(Protocol, CorsAnswersKnownOriginsOnly) {
  auto const preflight = [&](std::string origin) {
    return client_.raw_target("OPTIONS", "/bucket/k",
                              {{"Host", "localhost"},
                               {"Origin", origin},
                               {"Access-Control-Request-Method", "PUT"},
                               {"Access-Control-Request-Headers", "content-type,x-amz-meta-a"}},
                              "");
  };
  auto const good = preflight("https://app.example.com");
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.headers.get("access-control-allow-origin"), "https://app.example.com");
  EXPECT_EQ(good.headers.get("access-control-allow-headers"), "content-type,x-amz-meta-a");
  EXPECT_EQ(preflight("https://evil.example.com").status, 403);
  EXPECT_EQ(preflight("null").status, 403);
  auto const exposed = put("k", "x", {{"Origin", "https://app.example.com"}});
  EXPECT_NE(exposed.headers.get("access-control-expose-headers").find("ETag"), std::string::npos);
  EXPECT_FALSE(exposed.headers.has("access-control-allow-credentials"));
  EXPECT_FALSE(
      put("k", "x", {{"Origin", "https://evil.example.com"}}).headers.has("access-control-allow-origin"));
  auto const refused = client_.raw_target("GET", "/bucket/k",
                                          {{"Host", "localhost"}, {"Origin", "https://app.example.com"}}, "");
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.headers.has("access-control-allow-origin")) << "so that the page can read why";
}

TEST_F(Protocol, S10_DamagedObjectsAre500OrBreakOffRatherThanEnd) {
  for (auto const* key : {"small", "large"})
    ASSERT_EQ(put(key, std::string(key == std::string_view{"small"} ? 10'000 : 1'000'000, 'x')).status, 200);
  client_.store().damage({"bucket", "small"});
  EXPECT_EQ(error_of(get("small")), "500 InternalError");
  client_.store().damage({"bucket", "large"});  // which is known at its end only
  auto const broken = get("large");
  EXPECT_EQ(broken.status, 200);
  EXPECT_FALSE(broken.complete);
}

TEST_F(Protocol, FailuresOfTheStoreHaveNamesOfTheProtocol) {
  auto const failing = [&](Code code) {
    client_.store().fail_next(code);
    return error_of(put("k", "x"));
  };
  EXPECT_EQ(failing(Code::storage_full), "507 ServiceUnavailable");
  EXPECT_EQ(failing(Code::unavailable), "503 ServiceUnavailable");
  EXPECT_EQ(failing(Code::quota_exceeded), "403 QuotaExceeded");
  EXPECT_EQ(failing(Code::throttled), "503 SlowDown");
  EXPECT_EQ(failing(Code::internal), "500 InternalError");
}

}  // namespace
}  // namespace hoist::s3api
