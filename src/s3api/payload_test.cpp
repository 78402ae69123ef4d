// Bodies: their hashes, checksums and chunks.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/chunk_signer.hpp"
#include "s3api/aws_chunked.hpp"
#include "s3api/checksum.hpp"
#include "s3api/testing.hpp"

namespace hoist::s3api {
namespace {

using testing::Client;
using testing::Got;
using testing::Sent;

constexpr auto streaming_unsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
constexpr auto streaming_signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr auto streaming_signed_trailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

class Payloads : public ::testing::Test {
 protected:
  static std::string error_of(Got const& got) { return std::to_string(got.status) + " " + got.code(); }

  // A chunked PUT of `body` as framed by the caller, announced as `decoded` bytes.
  Sent chunked(std::string hash, std::string body, std::size_t decoded, aws::Pairs headers = {}) {
    auto sent = Sent{.method = "PUT", .path = "/bucket/k", .query = {}, .headers = std::move(headers)};
    sent.body = std::move(body);
    sent.piece = 7;
    sent.headers.emplace_back("x-amz-decoded-content-length", std::to_string(decoded));
    sent.headers.emplace_back("Content-Encoding", "aws-chunked");
    return client_.sign(std::move(sent), std::move(hash));
  }
  Got put(aws::Pairs headers, std::string body, std::string hash = "") {
    auto sent = Sent{.method = "PUT", .path = "/bucket/k", .query = {}, .headers = std::move(headers)};
    sent.body = std::move(body);
    return client_.raw(client_.sign(std::move(sent), std::move(hash)));
  }
  // The framing of a signed stream; its headers are signed first, because the chain begins there.
  Sent signed_stream(std::vector<std::string> chunks, std::string trailer = {}) {
    auto decoded = std::size_t{0};
    for (auto const& chunk : chunks) decoded += chunk.size();
    auto headers = aws::Pairs{};
    if (!trailer.empty()) headers.emplace_back("x-amz-trailer", trailer.substr(0, trailer.find(':')));
    auto sent = chunked(trailer.empty() ? streaming_signed : streaming_signed_trailer, "", decoded, headers);
    auto const& authorization = sent.headers.back().second;
    auto const seed = authorization.substr(authorization.rfind('=') + 1);
    auto const signer = client_.signer();
    auto const now = client_.clock().now();
    auto chain = aws::ChunkSigner{signer.key(now), aws::amz_date(now), signer.scope(now).str(), seed};
    chunks.emplace_back();
    for (auto const& chunk : chunks) {
      sent.body += fmt::format("{:x};chunk-signature={}\r\n{}", chunk.size(),
                               chain.next_chunk(aws::sha256_hex(chunk)), chunk);
      if (!chunk.empty()) sent.body += "\r\n";
    }
    if (!trailer.empty())
      sent.body += trailer + "\r\nx-amz-trailer-signature:" + chain.trailer(trailer + "\n") + "\r\n";
    sent.body += "\r\n";
    return sent;
  }
  Client client_;
};

TEST_F(Payloads, UnsignedStreamsWithTrailersAreTaken) {
  auto const sum = base64(checksum_of(ChecksumKind::crc32, "hello world"));
  auto const body = "6\r\nhello \r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:" + sum + "\r\n\r\n";
  auto const got = client_.raw(
      chunked(streaming_unsigned, body, 11,
              {{"x-amz-trailer", "x-amz-checksum-crc32"}, {"x-amz-sdk-checksum-algorithm", "CRC32"}}));
  EXPECT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(client_.stored("k"), "hello world");
  EXPECT_EQ(got.headers.get("x-amz-checksum-crc32"), sum);
  EXPECT_EQ(client_.raw(chunked(streaming_unsigned, "2\r\nab\r\n0\r\n\r\n", 2)).status, 200)
      << "no trailer announced";
  EXPECT_EQ(client_.raw(chunked(streaming_unsigned, "2\r\nab\r\n0\r\n", 2)).status, 200)
      << "last CRLF left out";
  EXPECT_EQ(client_.raw(chunked(streaming_unsigned, "0\r\n\r\n", 0)).status, 200);
}

TEST_F(Payloads, SignedStreamsAreTaken) {
  EXPECT_EQ(client_.raw(signed_stream({"hello ", "world"})).status, 200);
  EXPECT_EQ(client_.stored("k"), "hello world");
  auto const trailer = "x-amz-checksum-crc32c:" + base64(checksum_of(ChecksumKind::crc32c, "other"));
  EXPECT_EQ(client_.raw(signed_stream({"oth", "er"}, trailer)).status, 200);
  EXPECT_EQ(client_.stored("k"), "other");
}

TEST_F(Payloads, ChunksMakeTheSameFileHoweverManyArriveAtOnce) {
  for (auto const piece : {1U, 7U, 100U, 100'000U}) {
    auto sent = signed_stream({"several ", "small ", "chunks ", "and a last one"});
    sent.piece = piece;
    EXPECT_EQ(client_.raw(sent).status, 200);
    EXPECT_EQ(client_.stored("k"), "several small chunks and a last one") << piece;
  }
}

// minio-go ends a trailer by LF and its line by CRLF, as AWS's own examples do.
TEST_F(Payloads, ATrailerMayEndInALineFeedBeforeItsLine) {
  auto const sum = base64(checksum_of(ChecksumKind::crc32, "ab"));
  auto const announced = aws::Pairs{{"x-amz-trailer", "x-amz-checksum-crc32"}};
  auto const unsigned_stream = [&](std::string end) {
    return client_.raw(
        chunked(streaming_unsigned, "2\r\nab\r\n0\r\nx-amz-checksum-crc32:" + sum + end, 2, announced));
  };
  EXPECT_EQ(unsigned_stream("\n\r\n\r\n").status, 200);
  EXPECT_EQ(unsigned_stream("\n\r\n").status, 200) << "last CRLF left out";
  EXPECT_EQ(error_of(unsigned_stream("\n\n\r\n\r\n")), "400 InvalidRequest");
  EXPECT_EQ(error_of(unsigned_stream("\nx-amz-other:1\r\n\r\n")), "400 MalformedTrailerError");
  auto const trailer = "x-amz-checksum-crc32c:" + base64(checksum_of(ChecksumKind::crc32c, "other"));
  auto sent = signed_stream({"oth", "er"}, trailer);
  sent.body.insert(sent.body.find("\r\nx-amz-trailer-signature"), "\n");
  EXPECT_EQ(client_.raw(sent).status, 200);
  EXPECT_EQ(client_.stored("k"), "other");
  EXPECT_EQ(error_of(client_.raw(chunked(streaming_unsigned, "2\nab\r\n0\r\n\r\n", 2))),
            "400 InvalidRequest");
}

TEST_F(Payloads, S1_ATrailerStreamIsNotTakenWithoutASignature) {
  auto sent = chunked(streaming_unsigned, "2\r\nab\r\n0\r\n\r\n", 2);
  auto& authorization = sent.headers.back().second;
  authorization.back() = authorization.back() == '0' ? '1' : '0';
  EXPECT_EQ(error_of(client_.raw(sent)), "403 SignatureDoesNotMatch");
  auto const signer = aws::Signer{{"AKID", std::string(40, 'x')}, testing::region};
  auto wrong = Sent{.method = "PUT", .path = "/bucket/k", .query = {}, .headers = {{"Host", "localhost"}}};
  auto const added = signer.sign({wrong.method, wrong.path, wrong.query, wrong.headers}, streaming_unsigned,
                                 client_.clock().now());
  wrong.headers.insert(wrong.headers.end(), added.begin(), added.end());
  EXPECT_EQ(error_of(client_.raw(wrong)), "403 SignatureDoesNotMatch");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Payloads, S2_BrokenFramingStoresNothing) {
  auto const signature = std::string(64, 'a');
  for (auto const& [body, decoded] : std::vector<std::pair<std::string, std::size_t>>{
           {"ffffffffffffffff\r\nab\r\n0\r\n\r\n", 2},
           {"10000000000000000\r\nab\r\n0\r\n\r\n", 2},
           {"2\r\nab\r\n", 2},
           {"2\r\nab", 2},
           {"2\r\nabc\r\n0\r\n\r\n", 2},
           {"2\r\nab\r\n0\r\n\r\n", 3},
           {"3\r\nabc\r\n0\r\n\r\n", 2},
           {"-2\r\nab\r\n0\r\n\r\n", 2},
           {"0x2\r\nab\r\n0\r\n\r\n", 2},
           {"\r\nab\r\n0\r\n\r\n", 2},
           {"2\nab\r\n0\r\n\r\n", 2},
           {"2\r\nab\r\n0\r\n\r\nmore", 2},
           {"2;chunk-signature=" + signature + "\r\nab\r\n0\r\n\r\n", 2},
           {"2\r\nab\r\n0\r\nunasked:1\r\n\r\n", 2},
           {std::string(5000, '0') + "2\r\nab\r\n0\r\n\r\n", 2},
           {"", 2}}) {
    auto const got = client_.raw(chunked(streaming_unsigned, body, decoded));
    EXPECT_EQ(got.status, 400) << body.substr(0, 40);
  }
  for (auto const* decoded : {"-1", "x", "18446744073709551615"}) {
    auto sent = Sent{.method = "PUT",
                     .path = "/bucket/k",
                     .query = {},
                     .headers = {{"x-amz-decoded-content-length", decoded}}};
    EXPECT_EQ(client_.raw(client_.sign(sent, streaming_unsigned)).status, 411) << decoded;
  }
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Payloads, S2_ABadChunkSignatureMidWayStoresNothing) {
  auto const good = signed_stream({"hello ", "world", "again"});
  for (auto const& what : {"hello", "world", "again"}) {
    auto changed = good;
    changed.body[changed.body.find(what)] ^= 1;
    EXPECT_EQ(error_of(client_.raw(changed)), "403 SignatureDoesNotMatch") << what;
  }
  auto forged = good;
  auto const at = forged.body.rfind("chunk-signature=") + 16;
  forged.body[at] = forged.body[at] == '0' ? '1' : '0';
  EXPECT_EQ(error_of(client_.raw(forged)), "403 SignatureDoesNotMatch");
  auto const trailer = "x-amz-checksum-crc32c:" + base64(checksum_of(ChecksumKind::crc32c, "data"));
  auto stripped = signed_stream({"data"}, trailer);
  auto const line = stripped.body.find("x-amz-trailer-signature");
  stripped.body.erase(line, stripped.body.find("\r\n", line) + 2 - line);
  EXPECT_EQ(error_of(client_.raw(stripped)), "403 SignatureDoesNotMatch");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Payloads, S3_WrongDigestsKeepTheOldObject) {
  ASSERT_EQ(put({}, "old").status, 200);
  for (auto const kind : {ChecksumKind::crc32, ChecksumKind::crc32c, ChecksumKind::crc64nvme,
                          ChecksumKind::sha1, ChecksumKind::sha256}) {
    auto const name = "x-amz-checksum-" + std::string{name_of(kind)};
    auto const wrong = base64(checksum_of(kind, "other"));
    EXPECT_EQ(error_of(put({{name, wrong}}, "new")), "400 BadDigest") << name;
    EXPECT_EQ(error_of(put({{name, "!!"}}, "new")), "400 InvalidRequest") << name;
    auto const body = "3\r\nnew\r\n0\r\n" + name + ":" + wrong + "\r\n\r\n";
    EXPECT_EQ(error_of(client_.raw(chunked(streaming_unsigned, body, 3, {{"x-amz-trailer", name}}))),
              "400 BadDigest");
  }
  EXPECT_EQ(error_of(put({{"Content-MD5", base64(checksum_of(ChecksumKind::md5, "other"))}}, "new")),
            "400 BadDigest");
  EXPECT_EQ(error_of(put({{"Content-MD5", "AAAA"}}, "new")), "400 InvalidDigest");
  EXPECT_EQ(error_of(put({}, "new", hex(sha256("other")))), "400 XAmzContentSHA256Mismatch");
  EXPECT_EQ(error_of(put({}, "new", "nonsense")), "400 InvalidArgument");
  EXPECT_EQ(error_of(put({}, "new", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")), "501 NotImplemented");
  EXPECT_EQ(client_.stored("k"), "old");
  EXPECT_EQ(put({{"Content-MD5", base64(checksum_of(ChecksumKind::md5, "new"))}}, "new").status, 200);
}

TEST_F(Payloads, ChecksumHeadersMustAgreeWithEachOther) {
  auto const crc32 = base64(checksum_of(ChecksumKind::crc32, "x"));
  auto const sha1 = base64(checksum_of(ChecksumKind::sha1, "x"));
  EXPECT_EQ(error_of(put({{"x-amz-checksum-crc32", crc32}, {"x-amz-checksum-sha1", sha1}}, "x")),
            "400 InvalidRequest");
  EXPECT_EQ(error_of(put({{"x-amz-checksum-crc32", crc32}, {"x-amz-sdk-checksum-algorithm", "SHA1"}}, "x")),
            "400 InvalidRequest");
  EXPECT_EQ(error_of(put({{"x-amz-trailer", "x-amz-checksum-crc32"}}, "x")), "400 InvalidRequest");
  EXPECT_EQ(error_of(client_.raw(
                chunked(streaming_unsigned, "1\r\nx\r\n0\r\n\r\n", 1, {{"x-amz-trailer", "x-other"}}))),
            "400 InvalidRequest");
  EXPECT_EQ(error_of(client_.raw(chunked(streaming_unsigned, "1\r\nx\r\n0\r\n\r\n", 1,
                                         {{"x-amz-trailer", "x-amz-checksum-crc32"}}))),
            "400 IncompleteBody");
  EXPECT_EQ(error_of(client_.raw(chunked(streaming_unsigned,
                                         "1\r\nx\r\n0\r\nx-amz-checksum-sha1:" + sha1 + "\r\n\r\n", 1,
                                         {{"x-amz-trailer", "x-amz-checksum-crc32"}}))),
            "400 MalformedTrailerError");
  EXPECT_EQ(client_.store().count(), 0U);
}

TEST_F(Payloads, ObjectsAboveTheLimitAreRefusedBeforeTheirBytes) {
  auto client = Client{{.region = testing::region, .cors_origins = {}, .object_bytes_max = 4}};
  auto const got =
      client.call({.method = "PUT", .path = "/bucket/k", .query = {}, .headers = {}, .body = "12345"});
  EXPECT_EQ(got.status, 413);
  EXPECT_EQ(got.code(), "EntityTooLarge");
}

TEST_F(Payloads, EveryCutOfAStreamDecodesTheSame) {
  auto const body = std::string{"6\r\nhello \r\n5\r\nworld\r\n0\r\nname:value\r\n\r\n"};
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    auto parser = AwsChunkedParser{{.decoded_bytes = 11, .signatures = std::nullopt, .trailers = true}};
    auto decoded = std::string{};
    for (auto rest : {std::string_view{body}.substr(0, cut), std::string_view{body}.substr(cut)})
      while (!rest.empty()) {
        auto const step = parser.step(rest);
        ASSERT_TRUE(step);
        decoded += step->bytes;
        rest.remove_prefix(step->consumed);
      }
    EXPECT_TRUE(parser.finish());
    EXPECT_EQ(decoded, "hello world");
    EXPECT_EQ(parser.trailers().at("name"), "value");
  }
}

}  // namespace
}  // namespace hoist::s3api
