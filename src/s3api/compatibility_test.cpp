// What clients rely on beyond the plain operations: copies with other metadata, parts made of objects,
// reading by part, paging, and harmless answers about buckets.
#include <gtest/gtest.h>

#include "s3api/checksum.hpp"
#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::element;
using testing::Got;

class Compatibility : public testing::Calls {
 protected:
  std::string begin(std::string key) {
    return element(send("POST", "/bucket/" + key, {{"uploads", ""}}).body, "UploadId");
  }
  // An object of the parts given; the answer of its completion.
  Got assemble(std::string key, std::vector<std::string> const& parts) {
    auto const id = begin(key);
    auto list = std::string{};
    for (auto number = 1; auto const& part : parts) {
      auto const got =
          send("PUT", "/bucket/" + key, {{"partNumber", std::to_string(number)}, {"uploadId", id}}, part);
      list += "<Part><PartNumber>" + std::to_string(number++) + "</PartNumber><ETag>" +
              std::string{got.headers.get("etag")} + "</ETag></Part>";
    }
    return send("POST", "/bucket/" + key, {{"uploadId", id}},
                "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>");
  }
};

TEST_F(Compatibility, EtagsAreMd5AsClientsCompareThem) {
  EXPECT_EQ(put("k", "hello").headers.get("etag"), "\"5d41402abc4b2a76b9719d911017c592\"");
  // md5(md5("hello ") + md5("world"))
  EXPECT_EQ(element(assemble("p", {"hello ", "world"}).body, "ETag"),
            "&quot;e09e4fd6265b36115fe3db32df945d84-2&quot;");
  auto internal = Client{{.region = testing::region, .cors_origins = {}},
                         {{.id = "AKID", .secret = testing::secret, .prefix = {}, .md5_etags = false}}};
  auto const got =
      internal.call({.method = "PUT", .path = "/bucket/k", .query = {}, .headers = {}, .body = "hello"});
  EXPECT_EQ(got.headers.get("etag"), '"' + hex(sha256("hello")) + '"');
}

TEST_F(Compatibility, ACopyWithOtherMetadataReplacesAllOfIt) {
  ASSERT_EQ(put("from", "bytes",
                {{"x-amz-meta-a", "b"},
                 {"Cache-Control", "no-store"},
                 {"Content-Type", "text/plain"},
                 {"x-amz-tagging", "t=1"}})
                .status,
            200);
  auto const copied = put("to", "",
                          {{"x-amz-copy-source", "bucket/from"},
                           {"x-amz-metadata-directive", "REPLACE"},
                           {"x-amz-meta-c", "d"},
                           {"Content-Type", "image/png"}});
  EXPECT_EQ(copied.status, 200) << copied.body;
  auto const got = get("to");
  EXPECT_EQ(got.body, "bytes");
  EXPECT_EQ(got.headers.get("content-type"), "image/png");
  EXPECT_EQ(got.headers.get("x-amz-meta-c"), "d");
  EXPECT_FALSE(got.headers.has("x-amz-meta-a"));
  EXPECT_FALSE(got.headers.has("cache-control"));
  EXPECT_EQ(got.headers.get("x-amz-tagging-count"), "1") << "tags have a directive of their own";
  ASSERT_EQ(put("to", "",
                {{"x-amz-copy-source", "bucket/from"},
                 {"x-amz-tagging-directive", "REPLACE"},
                 {"x-amz-tagging", "u=1&v=2"}})
                .status,
            200);
  EXPECT_EQ(get("to").headers.get("x-amz-tagging-count"), "2");
  EXPECT_EQ(get("to").headers.get("x-amz-meta-a"), "b");
}

TEST_F(Compatibility, AnObjectIsCopiedOntoItselfOnlyForOtherMetadata) {
  ASSERT_EQ(put("k", "bytes").status, 200);
  EXPECT_EQ(error_of(put("k", "", {{"x-amz-copy-source", "bucket/k"}})), "400 InvalidRequest");
  EXPECT_EQ(
      put("k", "",
          {{"x-amz-copy-source", "bucket/k"}, {"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-a", "b"}})
          .status,
      200);
  EXPECT_EQ(get("k").headers.get("x-amz-meta-a"), "b");
  EXPECT_EQ(get("k").body, "bytes");
}

TEST_F(Compatibility, ACopyBringsOrComputesItsChecksum) {
  auto const crc = base64(checksum_of(ChecksumKind::crc32, "bytes"));
  ASSERT_EQ(put("from", "bytes", {{"x-amz-checksum-crc32", crc}}).status, 200);
  auto const same = put("to", "", {{"x-amz-copy-source", "bucket/from"}});
  EXPECT_EQ(element(same.body, "ChecksumCRC32"), crc);
  auto const other =
      put("to", "", {{"x-amz-copy-source", "bucket/from"}, {"x-amz-checksum-algorithm", "SHA256"}});
  EXPECT_EQ(element(other.body, "ChecksumSHA256"), base64(sha256("bytes")));
  EXPECT_EQ(get("to", {{"x-amz-checksum-mode", "ENABLED"}}).headers.get("x-amz-checksum-sha256"),
            base64(sha256("bytes")));
}

TEST_F(Compatibility, PartsAreMadeOfObjects) {
  ASSERT_EQ(put("from", "0123456789").status, 200);
  auto const id = begin("to");
  auto const copy = [&](std::string number, aws::Pairs headers) {
    headers.emplace_back("x-amz-copy-source", "/bucket/from");
    return send("PUT", "/bucket/to", {{"partNumber", number}, {"uploadId", id}}, {}, std::move(headers));
  };
  auto list = std::string{};
  for (auto const& [number, range] : aws::Pairs{{"1", "bytes=0-6"}, {"2", "bytes=7-9"}}) {
    auto const got = copy(number, {{"x-amz-copy-source-range", range}});
    ASSERT_EQ(got.status, 200) << got.body;
    list +=
        "<Part><PartNumber>" + number + "</PartNumber><ETag>" + element(got.body, "ETag") + "</ETag></Part>";
  }
  for (auto const* range : {"bytes=0-10", "bytes=5-", "bytes=-5", "bytes=6-2", "0-5", "bytes=0-1,2-3"})
    EXPECT_EQ(error_of(copy("3", {{"x-amz-copy-source-range", range}})), "400 InvalidArgument") << range;
  EXPECT_EQ(error_of(copy("0", {})), "400 InvalidArgument");
  EXPECT_EQ(error_of(copy("3", {{"x-amz-copy-source-if-match", "\"other\""}})), "412 PreconditionFailed");
  ASSERT_EQ(send("POST", "/bucket/to", {{"uploadId", id}},
                 "<CompleteMultipartUpload>" + list + "</CompleteMultipartUpload>")
                .status,
            200);
  EXPECT_EQ(get("to").body, "0123456789");
}

TEST_F(Compatibility, ObjectsAreReadByPart) {
  ASSERT_EQ(assemble("k", {"hello", " world", "!"}).status, 200);
  auto const part = [&](std::string key, std::string number) {
    return get(key, {}, {{"partNumber", number}});
  };
  auto const second = part("k", "2");
  EXPECT_EQ(second.status, 206);
  EXPECT_EQ(second.body, " world");
  EXPECT_EQ(second.headers.get("content-range"), "bytes 5-10/12");
  EXPECT_EQ(second.headers.get("x-amz-mp-parts-count"), "3");
  EXPECT_FALSE(get("k").headers.has("x-amz-mp-parts-count")) << "no part was asked for";
  auto const head = send("HEAD", "/bucket/k", {{"partNumber", "1"}});
  EXPECT_EQ(head.status, 206);
  EXPECT_EQ(head.headers.get("x-amz-mp-parts-count"), "3");
  EXPECT_EQ(error_of(part("k", "4")), "416 InvalidPartNumber");
  EXPECT_EQ(error_of(part("k", "0")), "400 InvalidArgument");
  EXPECT_EQ(error_of(get("k", {{"Range", "bytes=0-1"}}, {{"partNumber", "1"}})), "400 InvalidRequest");
  ASSERT_EQ(put("one", "whole").status, 200);
  EXPECT_EQ(part("one", "1").body, "whole");
  EXPECT_EQ(part("one", "1").status, 206);
  EXPECT_FALSE(part("one", "1").headers.has("x-amz-mp-parts-count"));
  EXPECT_EQ(error_of(part("one", "2")), "416 InvalidPartNumber");
  ASSERT_EQ(put("empty", "").status, 200);
  EXPECT_EQ(part("empty", "1").status, 200);
}

TEST_F(Compatibility, RangesOfNothingAreAsThoseOfSomething) {
  ASSERT_EQ(put("empty", "").status, 200);
  auto const range = [&](std::string text) { return get("empty", {{"Range", text}}).status; };
  EXPECT_EQ(range("bytes=-1"), 200);
  EXPECT_EQ(range("bytes=0-"), 416);
  EXPECT_EQ(range("bytes=-0"), 416);
  EXPECT_EQ(range("bytes= -1"), 200) << "not a range";
}

TEST_F(Compatibility, AttributesAreThoseThatWereAskedFor) {
  ASSERT_EQ(assemble("k", {"hello", "world"}).status, 200);
  auto const ask = [&](std::string names) {
    return send("GET", "/bucket/k", {{"attributes", ""}}, {}, {{"x-amz-object-attributes", names}});
  };
  auto const got = ask("ETag, ObjectSize,ObjectParts");
  EXPECT_EQ(element(got.body, "ObjectSize"), "10");
  EXPECT_EQ(element(got.body, "PartsCount"), "2");
  EXPECT_EQ(got.body.find("StorageClass"), std::string::npos);
  EXPECT_EQ(error_of(ask("Colour")), "400 InvalidArgument");
  EXPECT_EQ(error_of(ask("")), "400 InvalidArgument");
}

TEST_F(Compatibility, OpenUploadsAreListedByPages) {
  for (auto const* key : {"a/1", "a/2", "b", "c"}) ASSERT_FALSE(begin(key).empty());
  auto const second_b = begin("b");
  auto seen = std::vector<std::string>{};
  auto query = aws::Pairs{{"uploads", ""}, {"delimiter", "/"}, {"max-uploads", "1"}};
  for (auto page = 0; page < 10; ++page) {
    auto const got = send("GET", "/bucket", query);
    ASSERT_EQ(got.status, 200) << got.body;
    auto const prefix = element(element(got.body, "CommonPrefixes"), "Prefix");
    seen.push_back(prefix.empty() ? element(got.body, "Key") : prefix);
    if (element(got.body, "IsTruncated") == "false") break;
    query.resize(3);
    query.emplace_back("key-marker", element(got.body, "NextKeyMarker"));
    query.emplace_back("upload-id-marker", element(got.body, "NextUploadIdMarker"));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"a/", "b", "b", "c"}));
}

TEST_F(Compatibility, KeysOfOpenUploadsAreEncodedForWhoAsks) {
  ASSERT_FALSE(begin("a folder/k").empty());
  auto const key = [&](aws::Pairs query) { return element(send("GET", "/bucket", query).body, "Key"); };
  EXPECT_EQ(key({{"uploads", ""}}), "a folder/k");
  EXPECT_EQ(key({{"uploads", ""}, {"encoding-type", "url"}}), "a%20folder/k");
}

TEST_F(Compatibility, PagesOfPrefixesGoOnWhereTheirMarkerSays) {
  for (auto const* key : {"a/1", "a/2", "b/1", "c"}) ASSERT_EQ(put(key, "x").status, 200);
  auto const page = [&](std::string marker) {
    return send("GET", "/bucket", {{"delimiter", "/"}, {"max-keys", "1"}, {"marker", marker}}).body;
  };
  EXPECT_EQ(element(page(""), "NextMarker"), "a/");
  EXPECT_EQ(element(page("a/"), "NextMarker"), "b/");
  EXPECT_EQ(element(page("b/"), "Key"), "c");
  auto const modified = element(page("b/"), "LastModified");
  EXPECT_EQ(modified.size(), std::string{"2026-11-20T18:25:43.123Z"}.size()) << modified;
}

TEST_F(Compatibility, QuestionsAboutABucketHaveHarmlessAnswers) {
  ASSERT_EQ(put("k", "x").status, 200);
  auto const ask = [&](std::string name) { return send("GET", "/bucket", {{name, ""}}); };
  EXPECT_NE(ask("versioning").body.find("<VersioningConfiguration"), std::string::npos);
  EXPECT_EQ(element(ask("acl").body, "Permission"), "FULL_CONTROL");
  EXPECT_EQ(element(ask("policyStatus").body, "IsPublic"), "false");
  EXPECT_EQ(error_of(ask("cors")), "404 NoSuchCORSConfiguration");
  EXPECT_EQ(error_of(ask("lifecycle")), "404 NoSuchLifecycleConfiguration");
  EXPECT_EQ(error_of(send("GET", "/nowhere", {{"acl", ""}})), "404 NoSuchBucket");
  EXPECT_EQ(send("GET", "/bucket/k", {{"acl", ""}}).status, 200);
  EXPECT_EQ(error_of(send("GET", "/bucket/none", {{"acl", ""}})), "404 NoSuchKey");
  EXPECT_EQ(element(ask("versions").body, "VersionId"), "null");
  EXPECT_EQ(get("k", {}, {{"versionId", "null"}}).body, "x");
}

TEST_F(Compatibility, ABucketThatIsThereMayBeAskedForAgain) {
  EXPECT_EQ(send("PUT", "/bucket").status, 200);
  auto elsewhere = Client{{.region = "eu-south-2", .cors_origins = {}}, {{"AKID", testing::secret, {}}}};
  auto const signed_for_another =
      elsewhere.call({.method = "PUT", .path = "/bucket", .query = {}, .headers = {}});
  EXPECT_EQ(signed_for_another.code(), "AuthorizationHeaderMalformed");
  EXPECT_EQ(element(signed_for_another.body, "Region"), "eu-south-2") << "so that clients learn it";
  EXPECT_EQ(signed_for_another.headers.get("x-amz-bucket-region"), "eu-south-2");
}

TEST_F(Compatibility, LocationsAreAddresses) {
  EXPECT_EQ(element(assemble("a b", {"bytes"}).body, "Location"), "http://localhost/bucket/a%20b");
}

TEST_F(Compatibility, TagsAreCountedInCharacters) {
  ASSERT_EQ(put("k", "x").status, 200);
  auto const tag = [&](std::string name, std::string value) {
    return send(
        "PUT", "/bucket/k", {{"tagging", ""}},
        "<Tagging><TagSet><Tag><Key>" + name + "</Key><Value>" + value + "</Value></Tag></TagSet></Tagging>");
  };
  auto wide = std::string{};
  for (auto i = 0; i < 128; ++i) wide += "\u00f1";
  EXPECT_EQ(tag(wide, wide + wide).status, 200);
  EXPECT_EQ(error_of(tag(wide + "n", "")), "400 InvalidTag");
  EXPECT_EQ(error_of(tag("k", wide + wide + "n")), "400 InvalidTag");
}

}  // namespace
}  // namespace hoist::s3api
