#include "net/client.hpp"

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "base/try.hpp"
#include "net/detail/net_test_support.hpp"
#include "net/detail/test_certificate.hpp"

namespace hoist::net {
namespace {

using std::chrono::milliseconds;

Deadline soon() {
  return deadline_in(std::chrono::seconds{5});
}

class ClientTest : public ServerFixture {
 protected:
  [[nodiscard]] std::string url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + std::string{path};
  }
  static Result<Response> send(ClientRequest request, ClientOptions options = {},
                               Deadline deadline = soon()) {
    return run_to_end<Response>([&]() -> Async<Response> {
      auto client = Client{std::move(options)};
      co_return co_await client.send(std::move(request), deadline);
    });
  }
};

TEST_F(ClientTest, SendsAndReceivesOnOneKeptConnection) {
  auto const outcome = run_to_end<int>([&]() -> Async<int> {
    auto client = Client{};
    for (auto i = 0; i < 5; ++i) {
      CO_TRY(
          auto const response,
          co_await client.send({.method = "POST", .url = url("/echo"), .body = std::to_string(i)}, soon()));
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, std::to_string(i));
      EXPECT_EQ(response.headers.get("server"), "hoist");
    }
    EXPECT_NE(metrics.render().find("hoist_http_connections{listener=\"test\"} 1\n"), std::string::npos);
    co_return 0;
  });
  EXPECT_TRUE(outcome) << outcome.error().to_string();
}

TEST_F(ClientTest, StreamsUpAndDown) {
  auto up = ClientRequest{.method = "POST", .url = url("/stream")};
  up.stream = std::make_shared<TextSource>(std::string(1'000'000, 'u'));
  up.stream_length = 1'000'000;
  EXPECT_EQ(send(std::move(up))->body, "1000000");
  for (auto const* path : {"/chunks", "/sized"}) {
    auto received = std::size_t{0};
    auto down = ClientRequest{.url = url(path)};
    down.sink = [&](std::string_view bytes) -> Async<> {
      received += bytes.size();
      co_return Result<void>{};
    };
    auto const response = send(std::move(down));
    ASSERT_TRUE(response);
    EXPECT_EQ(received, 300'000U);
    EXPECT_TRUE(response->body.empty());
  }
}

TEST_F(ClientTest, TheSinkGetsOnlyWhatSucceeded) {
  auto called = false;
  auto request = ClientRequest{.url = url("/nothing")};
  request.sink = [&](std::string_view) -> Async<> {
    called = true;
    co_return Result<void>{};
  };
  auto const response = send(std::move(request));
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 404);
  EXPECT_NE(response->body.find("not_found"), std::string::npos);
  EXPECT_FALSE(called);
}

TEST_F(ClientTest, ARefusalBeforeTheEndOfTheBodyIsHeard) {
  auto request = ClientRequest{.method = "POST", .url = url("/echo")};
  request.stream = std::make_shared<TextSource>(std::string(10'000'000, 'u'));
  request.stream_length = 10'000'000;
  auto const response = send(std::move(request));
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->status, 413);
}

TEST_F(ClientTest, HeadAndRedirectsAreNotFollowed) {
  EXPECT_EQ(send({.method = "HEAD", .url = url("/hello")})->headers.get("Content-Length"), "5");
  auto const response = send({.url = url("/redirect")});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(response->headers.get("Location"), "/hello");
}

TEST_F(ClientTest, ResponsesOverTheLimitAreAnError) {
  for (auto const* path : {"/chunks", "/sized", "/endless"}) {
    auto const response = send({.url = url(path), .response_bytes_max = 1000});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::too_large);
  }
}

TEST_F(ClientTest, DeadlinesEndTheWait) {
  auto const response = send({.url = url("/slow")}, {}, deadline_in(milliseconds{100}));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::timeout);
  release.notify();
}

TEST_F(ClientTest, AClosedPortIsUnavailable) {
  auto const address = url("/hello");
  server.reset();
  auto const response = send({.url = address});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), Code::unavailable);
}

TEST_F(ClientTest, APooledConnectionTheServerClosedIsReplaced) {
  auto const outcome = run_to_end<int>([&]() -> Async<int> {
    auto client = Client{};
    CO_TRY(auto const first, co_await client.send({.url = url("/hello")}, soon()));
    auto const port = server->port();
    server.reset();
    auto options = ServerOptions{.name = "test", .port = port};
    server = *Server::open(options, runtime, router, metrics);
    server->start();
    CO_TRY(auto const second,
           co_await client.send({.method = "POST", .url = url("/echo"), .body = "b"}, soon()));
    co_return first.status + second.status;
  });
  EXPECT_EQ(outcome, 400);
}

// Answers one request on each connection and closes it when the next one arrives, as a server does whose
// time for idle connections is over at that moment.
class ImpatientServer {
 public:
  ImpatientServer() : acceptor_{context_, {boost::asio::ip::address_v4::loopback(), 0}} {
    thread_ = std::thread{[this] {
      for (auto connections = 0; connections < 2; ++connections) {
        auto socket = acceptor_.accept();
        read_request(socket);
        boost::asio::write(
            socket, boost::asio::buffer(std::string_view{"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"}));
        read_request(socket);
      }
    }};
  }
  ~ImpatientServer() { thread_.join(); }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/";
  }

 private:
  static void read_request(boost::asio::ip::tcp::socket& socket) {
    auto error = boost::system::error_code{};
    auto bytes = std::string{};
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(bytes), "\r\n\r\n", error);
  }

  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

TEST_F(ClientTest, WhatMayBeRepeatedIsSentOnceMoreWhenItsPooledConnectionEnds) {
  struct Case {
    std::string method;
    bool repeatable;
    bool repeated;
  };
  for (auto const& [method, repeatable, repeated] :
       {Case{"POST", false, false}, Case{"PATCH", false, false}, Case{"POST", true, true},
        Case{"GET", false, true}, Case{"HEAD", false, true}, Case{"PUT", false, true},
        Case{"DELETE", false, true}}) {
    auto impatient = ImpatientServer{};
    auto const outcome = run_to_end<int>([&]() -> Async<int> {
      auto client = Client{};
      auto first = ClientRequest{.method = method, .url = impatient.url(), .repeatable = repeatable};
      auto second = first;
      CO_CHECK(co_await client.send(std::move(first), soon()));
      auto const again = co_await client.send(std::move(second), soon());
      EXPECT_EQ(again.has_value(), repeated) << method;
      if (!repeated) CO_CHECK(co_await client.send({.url = impatient.url()}, soon()));
      co_return 0;
    });
    EXPECT_TRUE(outcome.has_value());
  }
}

TEST_F(ClientTest, W1_AddressesAreVettedBeforeConnecting) {
  auto seen = std::vector<std::string>{};
  auto options = ClientOptions{};
  options.address_allowed = [&](std::string const& address) {
    seen.push_back(address);
    return false;
  };
  auto const by_name =
      send({.url = "http://localhost:" + std::to_string(server->port()) + "/hello"}, options);
  ASSERT_FALSE(by_name);
  EXPECT_EQ(by_name.error().code(), Code::forbidden);
  EXPECT_EQ(by_name.error().slug(), "address_not_allowed");
  auto const by_address = send({.url = url("/hello")}, options);
  ASSERT_FALSE(by_address);
  EXPECT_EQ(seen.back(), "127.0.0.1");
  EXPECT_EQ(hits, 0);
}

TEST_F(ClientTest, W2_OddUrlsAreRefused) {
  for (auto const* odd :
       {"http://user@127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/", "127.0.0.1"}) {
    auto const response = send({.url = odd});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), Code::invalid) << odd;
  }
}

TEST_F(ClientTest, W9_ProxyVariablesAreIgnoredAndFieldsCannotBeInjected) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  auto const response = send({.url = url("/hello")});
  ::unsetenv("http_proxy");
  EXPECT_EQ(response->status, 200);
  auto request = ClientRequest{.url = url("/hello")};
  request.headers.add("X-A", "b\r\nX-Injected: c");
  auto const refused = send(std::move(request));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid);
}

TEST_F(ClientTest, TlsIsSpokenAndCertificatesAreVerified) {
  auto const certificate = Certificate{"IP:127.0.0.1"};
  start({.tls_certificate_file = certificate.certificate_file, .tls_key_file = certificate.key_file});
  auto const address = "https://127.0.0.1:" + std::to_string(server->port());
  auto const trusted = ClientOptions{.ca_file = certificate.certificate_file};
  auto const response =
      send({.method = "POST", .url = address + "/echo", .body = std::string(60'000, 't')}, trusted);
  ASSERT_TRUE(response) << response.error().to_string();
  EXPECT_EQ(response->body.size(), 60'000U);
  EXPECT_EQ(send({.url = address + "/chunks"}, trusted)->body.size(), 300'000U);
  EXPECT_FALSE(send({.url = address + "/hello"}));  // no authority that we know signed it
  auto const other_name = "https://localhost:" + std::to_string(server->port());
  EXPECT_FALSE(send({.url = other_name + "/hello"}, trusted));
  EXPECT_EQ(hits, 0);
}

}  // namespace
}  // namespace hoist::net
