#include "net/server.hpp"

#include "net/net_test_support.hpp"

namespace hoist::net {

void ServerFixture::add_routes() {
  router.add({"GET", "/hello"}, [this](Request&) -> Async<Response> {
    ++hits;
    co_return text_response(200, "hello");
  });
  router.add({"POST", "/echo"}, [this](Request& request) -> Async<Response> {
    ++bodies;
    co_return text_response(200, request.body);
  });
  router.add({"POST", "/private", Role::member},
             [](Request&) -> Async<Response> { co_return text_response(200, "in"); });
  router.add({"POST", "/stream", std::nullopt, RateClass::plain, 0}, [](Request& request) -> Async<Response> {
    auto total = std::size_t{0};
    auto buffer = std::array<char, 1000>{};
    for (;;) {
      auto read = co_await request.stream->read(buffer);
      if (!read) co_return std::unexpected{std::move(read).error()};
      if (*read == 0) break;
      total += *read;
    }
    co_return text_response(200, std::to_string(total));
  });
  router.add({"GET", "/chunks"}, [](Request&) -> Async<Response> {
    auto response = text_response(200, "");
    response.stream = std::make_shared<TextSource>(std::string(300'000, 'c'));
    co_return response;
  });
  router.add({"GET", "/sized"}, [](Request&) -> Async<Response> {
    auto response = text_response(200, "");
    response.stream = std::make_shared<TextSource>(std::string(300'000, 's'));
    response.stream_length = 300'000;
    co_return response;
  });
  router.add({"GET", "/ws"}, [](Request&) -> Async<Response> {
    auto response = Response{};
    response.upgrade = [](std::shared_ptr<WebSocket> socket) -> asio::awaitable<void> {
      for (;;) {
        auto message = co_await socket->receive();
        if (!message) co_return;
        if (!co_await socket->send(*std::move(message))) co_return;
      }
    };
    co_return response;
  });
}

namespace {

constexpr auto hello = std::string_view{"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"};

using Server_ = ServerFixture;

TEST_F(Server_, AnswersAndKeepsTheConnection) {
  auto client = RawClient{server->port()};
  for (auto i = 0; i < 3; ++i) {
    auto const response = client.exchange(hello);
    EXPECT_EQ(status_of(response), 200) << response;
    EXPECT_NE(response.find("X-Request-ID: "), std::string::npos);
    EXPECT_NE(response.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(response.find("Date: "), std::string::npos);
    EXPECT_TRUE(response.ends_with("\r\n\r\nhello"));
  }
}

TEST_F(Server_, ReadsBodiesByLengthAndByChunks) {
  auto client = RawClient{server->port()};
  EXPECT_TRUE(
      client.exchange("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc").ends_with("abc"));
  EXPECT_TRUE(client
                  .exchange("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
                  .ends_with("abcdefg"));
  auto const big = std::string(1'000'000, 'x');
  EXPECT_TRUE(client.exchange("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + big)
                  .ends_with("1000000"));
}

}  // namespace
}  // namespace hoist::net
