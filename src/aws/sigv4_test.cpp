#include "aws/sigv4.hpp"

#include <gtest/gtest.h>

#include "aws/chunk_signer.hpp"
#include "base/encode.hpp"

// The expected values are those printed in Amazon's documentation of Signature Version 4 for S3.
namespace hoist::aws {
namespace {

Time example_day() {
  return *parse_amz_date("20130524T000000Z");
}

Signer example_signer() {
  return Signer{{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}, "us-east-1"};
}

std::string signature_of(Pairs const& added) {
  auto const& text = added.back().second;
  return text.substr(text.rfind('=') + 1);
}

TEST(Signer, SignsTheDocumentedGetWithRange) {
  auto const headers = Pairs{{"Host", "examplebucket.s3.amazonaws.com"}, {"Range", "bytes=0-9"}};
  auto const added =
      example_signer().sign({"GET", "/test.txt", {}, headers}, empty_payload_sha256, example_day());
  EXPECT_EQ(signature_of(added), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Signer, SignsTheDocumentedPutWithASpecialCharacterInItsKey) {
  auto const headers = Pairs{{"Host", "examplebucket.s3.amazonaws.com"},
                             {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                             {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  auto const added = example_signer().sign({"PUT", "/test$file.text", {}, headers},
                                           sha256_hex("Welcome to Amazon S3."), example_day());
  EXPECT_EQ(signature_of(added), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Signer, SignsTheDocumentedRequestsWithQueries) {
  auto const headers = Pairs{{"Host", "examplebucket.s3.amazonaws.com"}};
  auto const lifecycle = Pairs{{"lifecycle", ""}};
  auto const listing = Pairs{{"prefix", "J"}, {"max-keys", "2"}};
  auto const signer = example_signer();
  EXPECT_EQ(signature_of(signer.sign({"GET", "/", lifecycle, headers}, empty_payload_sha256, example_day())),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature_of(signer.sign({"GET", "/", listing, headers}, empty_payload_sha256, example_day())),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Signer, PresignsTheDocumentedUrl) {
  auto const url = example_signer().presign({"GET",
                                             "https://examplebucket.s3.amazonaws.com",
                                             "examplebucket.s3.amazonaws.com",
                                             "/test.txt",
                                             {},
                                             {},
                                             std::chrono::seconds{86400}},
                                            example_day());
  EXPECT_EQ(
      url,
      "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
      "AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
      "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
      "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(ChunkSigner, SignsTheDocumentedChunksOfAStream) {
  auto const headers = Pairs{{"Host", "s3.amazonaws.com"},
                             {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                             {"Content-Encoding", "aws-chunked"},
                             {"x-amz-decoded-content-length", "66560"},
                             {"Content-Length", "66824"}};
  auto const signer = example_signer();
  auto const seed = signature_of(signer.sign({"PUT", "/examplebucket/chunkObject.txt", {}, headers},
                                             "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", example_day()));
  EXPECT_EQ(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
  auto chunks =
      ChunkSigner{signer.key(example_day()), "20130524T000000Z", signer.scope(example_day()).str(), seed};
  EXPECT_EQ(chunks.next_chunk(sha256_hex(std::string(65536, 'a'))),
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
  EXPECT_EQ(chunks.next_chunk(sha256_hex(std::string(1024, 'a'))),
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
  EXPECT_EQ(chunks.next_chunk(empty_payload_sha256),
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
}

TEST(ChunkSigner, SignsTheDocumentedTrailer) {
  auto const signer = example_signer();
  auto chunks = ChunkSigner{signer.key(example_day()), "20130524T000000Z", signer.scope(example_day()).str(),
                            "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"};
  EXPECT_EQ(chunks.next_chunk(sha256_hex(std::string(65536, 'a'))),
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
  EXPECT_EQ(chunks.next_chunk(sha256_hex(std::string(1024, 'a'))),
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
  EXPECT_EQ(chunks.next_chunk(empty_payload_sha256),
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
  EXPECT_EQ(chunks.trailer("x-amz-checksum-crc32c:sOO8/Q==\n"),
            "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

TEST(Signer, SignsTheDocumentedPostPolicy) {
  auto const* policy =
      "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldC"
      "I6ICJz"
      "aWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbC"
      "I6ICJw"
      "dWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy"
      "5hbWF6"
      "b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW"
      "1hZ2Uv"
      "Il0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3"
      "J5cHRp"
      "b24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LW"
      "NyZWRl"
      "bnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC"
      "1hbXot"
      "YWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KIC"
      "BdDQp9";
  EXPECT_EQ(example_signer().sign_policy(policy, *parse_amz_date("20151229T000000Z")),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e");
}

TEST(Canonical, DatesAreReadStrictly) {
  EXPECT_EQ(amz_date(example_day()), "20130524T000000Z");
  for (auto const* text : {"20130524T000000", "20131324T000000Z", "20130524T240000Z", "2013-524T000000Z", ""})
    EXPECT_FALSE(parse_amz_date(text)) << text;
}

TEST(Canonical, HeadersAreTrimmedSqueezedAndJoined) {
  auto const headers = Pairs{{"X-Amz-Meta-A", "  one   two "}, {"x-amz-meta-a", "three"}};
  EXPECT_EQ(canonical_header(headers, "x-amz-meta-a"), "one two,three");
  EXPECT_EQ(canonical_header(Pairs{{"X-AMZ-META-Z", "last"}}, "x-amz-meta-z"), "last");
}

TEST(SigningKeys, AreKeptPerDayAndBounded) {
  auto keys = SigningKeys{};
  auto const first = keys.get("A", "secret", {"20130524", "r"});
  EXPECT_EQ(keys.get("A", "secret", {"20130524", "r"}), first);
  EXPECT_NE(keys.get("A", "other", {"20130524", "r"})->sign("x"), first->sign("x"));
  for (std::size_t i = 0; i < 2 * SigningKeys::entries_max; ++i)
    EXPECT_EQ(keys.get("A", "secret", {std::to_string(i), "r"})->sign("x").size(), 64U);
}

}  // namespace
}  // namespace hoist::aws
