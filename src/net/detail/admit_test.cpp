#include "net/detail/admit.hpp"

#include <gtest/gtest.h>

#include <string>

#include "net/detail/chunked.hpp"

namespace hoist::net {
namespace {

int status_of_head(std::string const& bytes, HeadLimits limits = {}) {
  auto head = Head{};
  auto const end = find_head_end(bytes, 0, limits);
  if (!end) return end.error().status;
  if (*end == 0) return 0;
  auto const admitted = admit(std::string_view{bytes}.substr(0, *end), limits, head);
  return admitted ? 200 : admitted.error().status;
}

std::string with(std::string const& fields) {
  return "POST /tasks HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

TEST(Admit, AnOrdinaryHeadIsReadWhole) {
  auto head = Head{};
  auto const bytes = with("Content-Length: 12\r\nX-A:  two words \t\r\nConnection: Keep-Alive, close\r\n");
  ASSERT_TRUE(admit(bytes, {}, head));
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/tasks");
  EXPECT_EQ(head.content_length, 12);
  EXPECT_EQ(head.get("x-a"), "two words");
  EXPECT_FALSE(head.keep_alive);
  EXPECT_EQ(head.fields.size(), 4U);
}

TEST(Admit, HTTP10ClosesUnlessAskedToStay) {
  auto head = Head{};
  ASSERT_TRUE(admit("GET / HTTP/1.0\r\n\r\n", {}, head));
  EXPECT_FALSE(head.keep_alive);
  ASSERT_TRUE(admit("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", {}, head));
  EXPECT_TRUE(head.keep_alive);
}

TEST(Admit, AWebSocketHandshakeIsOneByTheBook) {
  constexpr auto key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  auto const status = [](std::string const& fields) {
    return status_of_head("GET /ws HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  };
  EXPECT_EQ(status(key), 200);
  for (auto const* wrong : {"eA==", "", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZR==",
                            "dGhlIHNhbXBsZSBub25jZQ=a", "dGhlIHNhbXBsZS*ub25jZQ=="})
    EXPECT_EQ(status("Sec-WebSocket-Key: " + std::string{wrong} + "\r\n"), 400) << wrong;
  EXPECT_EQ(status(std::string{key} + key), 400);
  EXPECT_EQ(status("Origin: https://a\r\nOrigin: https://evil\r\n"), 400);
  EXPECT_EQ(status("Origin:\r\nOrigin: https://evil\r\n"), 400);
  auto head = Head{};
  ASSERT_TRUE(admit("GET /ws HTTP/1.0\r\nConnection: Upgrade\r\n\r\n", {}, head));
  EXPECT_FALSE(head.upgrade);
}

TEST(Admit, H1_ConflictingLengthsAreRefused) {
  for (auto const* fields : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\nContent-Length: 5\r\n",
           "Content-Length: 5\r\ncontent-length: 6\r\n",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
           "Content-Length: 5, 5\r\n",
           "Content-Length: +5\r\n",
           "Content-Length: -0\r\n",
           "Content-Length: 0x5\r\n",
           "Content-Length: 5 5\r\n",
           "Content-Length: 05\r\n",
           "Content-Length: 5.0\r\n",
           "Content-Length:\r\n",
           "Content-Length: 99999999999999999999\r\n",
       })
    EXPECT_EQ(status_of_head(with(fields)), 400) << fields;
}

TEST(Admit, H1_OnlyPlainChunkedIsATransferCoding) {
  for (auto const* fields : {
           "Transfer-Encoding: gzip, chunked\r\n",
           "Transfer-Encoding: chunked, identity\r\n",
           "Transfer-Encoding: xchunked\r\n",
           "Transfer-Encoding: chunked;a=b\r\n",
           "Transfer-Encoding: \"chunked\"\r\n",
           "Transfer-Encoding: identity\r\n",
           "Transfer-Encoding:\r\n",
       })
    EXPECT_EQ(status_of_head(with(fields)), 501) << fields;
  EXPECT_EQ(status_of_head(with("Transfer-Encoding: Chunked\r\n")), 200);
  EXPECT_EQ(status_of_head("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
}

TEST(Admit, H2_LineAndFieldSyntaxIsStrict) {
  using namespace std::string_literals;
  for (auto const& bytes : {
           "GET / HTTP/1.1\nHost: a\n\n"s,
           "GET / HTTP/1.1\r\nHost: a\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA: b\rc\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"s,
           "GET / HTTP/1.1\r\n Host: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost : a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA\0B: c\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA: b\0c\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA: b\x0b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nA\xc3\xa9: b\r\n\r\n"s,
           "GET / HTTP/1.1\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: k\r\nidempotency-key: k\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost:\r\n\r\n"s,
           "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"s,
           " GET / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"s,
           "GET /\r\nHost: a\r\n\r\n"s,
           "get / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTPS/1.1\r\nHost: a\r\n\r\n"s,
           "GET /a\x01 HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET http://evil/ HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nConnection: close upgrade\r\n\r\n"s,
           "GET * HTTP/1.1\r\nHost: a\r\n\r\n"s,
           "GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: c/d\r\n\r\n"s,
       })
    EXPECT_EQ(status_of_head(bytes), 400) << ::testing::PrintToString(bytes);
}

TEST(Admit, OtherVersionsAndExpectationsAreNamed) {
  EXPECT_EQ(status_of_head("PRI * HTTP/2.0\r\n\r\n"), 400);
  EXPECT_EQ(status_of_head("GET / HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of_head("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(status_of_head(with("Expect: 200-ok\r\n")), 417);
  EXPECT_EQ(status_of_head(with("Expect: 100-Continue\r\n")), 200);
}

TEST(Admit, AMethodIsAWordOfCapitalsAndDashes) {
  auto const status = [](std::string const& method) {
    return status_of_head(method + " / HTTP/1.1\r\nHost: a\r\n\r\n");
  };
  for (std::string const method : {"A", "Z", "PATCH", "M-SEARCH", "ABCDEFGHIJKLMNOP"})
    EXPECT_EQ(status(method), 200) << method;
  for (std::string const method : {"", "get", "G@T", "G[T", "ABCDEFGHIJKLMNOPQ"})
    EXPECT_EQ(status(method), 400) << method;
}

TEST(Admit, H7_LimitsAreAnswered) {
  auto const limits = HeadLimits{.target_bytes_max = 100, .fields_max = 3};
  EXPECT_EQ(status_of_head("GET /" + std::string(99, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits), 200);
  EXPECT_EQ(status_of_head("GET /" + std::string(100, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", limits), 414);
  EXPECT_EQ(status_of_head("GET /" + std::string(500, 'a'), limits), 414);
  EXPECT_EQ(status_of_head(with("A: 1\r\nB: 2\r\n"), limits), 200);
  EXPECT_EQ(status_of_head(with("A: 1\r\nB: 2\r\nC: 3\r\n"), limits), 431);
}

TEST(Admit, TheEndIsFoundHoweverTheBytesAreCut) {
  auto const bytes = with("A: 1\r\n") + "body\r\n\r\n";
  auto const whole = find_head_end(bytes, 0, {}).value();
  for (auto cut = std::size_t{1}; cut < whole; ++cut) {
    EXPECT_EQ(find_head_end(bytes.substr(0, cut), 0, {}).value(), 0U);
    EXPECT_EQ(find_head_end(bytes, cut, {}).value(), whole);
  }
}

// The whole body of `bytes`, or "malformed"; fed `piece` bytes at a time.
std::string decode(std::string_view bytes, std::size_t piece) {
  auto decoder = ChunkedDecoder{};
  auto body = std::string{};
  auto held = std::string{};
  while (!decoder.done()) {
    auto const step = decoder.next(held);
    if (!step) return "malformed";
    body += held.substr(step->framing, step->data);
    held.erase(0, step->framing + step->data);
    if (step->data > 0) decoder.took(step->data);
    if (step->framing + step->data > 0) continue;
    if (bytes.empty()) return "unfinished";
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return body + (held.empty() && bytes.empty() ? "" : "|" + held + std::string{bytes});
}

TEST(ChunkedDecoder, TakesTheCodingOffHoweverTheBytesAreCut) {
  auto const bytes = std::string_view{"4\r\nWiki\r\n00A\r\n0123456789\r\n0\r\n\r\n"};
  for (auto piece = std::size_t{1}; piece <= bytes.size(); ++piece)
    EXPECT_EQ(decode(bytes, piece), "Wiki0123456789");
  EXPECT_EQ(decode("0\r\n\r\nGET /", 100), "|GET /");
}

TEST(ChunkedDecoder, H3_ChunkSyntaxIsStrict) {
  for (auto const* bytes : {
           "4;a=b\r\nWiki\r\n0\r\n\r\n",
           "4 \r\nWiki\r\n0\r\n\r\n",
           " 4\r\nWiki\r\n0\r\n\r\n",
           "+4\r\nWiki\r\n0\r\n\r\n",
           "0x4\r\nWiki\r\n0\r\n\r\n",
           "4\nWiki\n0\n\n",
           "4\r\nWikiX\r\n0\r\n\r\n",
           "4\r\nWiki0\r\n\r\n",
           "4\r\nWiki\n0\r\n\r\n",
           "\r\n",
           "-1\r\n",
           "g\r\n",
           "10000000000000000\r\nx",
           "fffffffffffffffff\r\nx",
           "0\r\nHost: evil\r\n\r\n",
           "0\r\nContent-Length: 5\r\n\r\n",
           "0\n\n",
       })
    for (auto const piece : {std::size_t{1}, std::size_t{100}})
      EXPECT_EQ(decode(bytes, piece), "malformed") << bytes;
}

}  // namespace
}  // namespace hoist::net
