// A server on a free port with a few routes, and a raw socket to say exact bytes to it.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>

#include "net/router.hpp"
#include "net/server.hpp"
#include "net/websocket.hpp"
#include "support/text_source.hpp"

namespace hoist::net {

// Lets everybody in except for paths under /private.
class OpenGate final : public Gate {
 public:
  Async<Caller> admit(Request const& request, Route const& route, Headers& extra) override {
    extra.add("RateLimit-Remaining", "9");
    if (route.role_min) extra.set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    if (route.role_min) co_return fail(Code::unauthenticated, "Send a token.");
    co_return Caller{.address = request.remote_address};
  }
};

// One plain connection. Everything has a deadline of five seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_{context_} {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }
  bool send(std::string_view bytes) {
    auto error = boost::system::error_code{};
    boost::asio::write(socket_, boost::asio::buffer(bytes), error);
    return !error;
  }
  // One response; its body by Content-Length, or to the end when there is none. "" at end or deadline.
  std::string response(bool head_only = false) {
    while (in_.find("\r\n\r\n") == in_.npos)
      if (!more()) return std::exchange(in_, {});
    auto const head = in_.find("\r\n\r\n") + 4;
    auto const at = in_.find("Content-Length: ");
    auto total = head;
    if (at < head && !head_only) total += std::stoul(in_.substr(at + 16));
    while (in_.size() < total)
      if (!more()) break;
    auto whole = in_.substr(0, total);
    in_.erase(0, total);
    return whole;
  }
  // Everything until the server closes.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(in_, {});
  }
  std::string exchange(std::string_view bytes) {
    send(bytes);
    return response();
  }
  // Did the server end the connection (within the deadline)?
  bool closed() { return rest().empty() && ended_; }
  bool more() {
    auto descriptor = pollfd{socket_.native_handle(), POLLIN, 0};
    if (::poll(&descriptor, 1, 5'000) <= 0) return false;
    auto buffer = std::array<char, 16'384>{};
    auto const count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), 0);
    ended_ = count <= 0;
    if (count > 0) in_.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::string in_;
  bool ended_ = false;
};

inline int status_of(std::string_view response) {
  return response.size() < 12 ? 0 : std::atoi(response.substr(9, 3).data());
}

using hoist::testing::TextSource;

class ServerFixture : public ::testing::Test {
 protected:
  void SetUp() override { start({}); }
  void start(ServerOptions options) {
    server.reset();
    options.name = "test";
    options.address = "127.0.0.1";
    auto opened = Server::open(std::move(options), runtime, router, metrics);
    ASSERT_TRUE(opened) << opened.error().to_string();
    server = *std::move(opened);
    server->start();
  }
  ServerFixture() {
    add_routes();
    runtime.start();
  }
  ~ServerFixture() override {
    server.reset();
    runtime.stop();
  }
  void add_routes();

  std::atomic<int> hits{0};
  std::atomic<int> bodies{0};
  Signal release;
  Signal source_gone;
  OpenGate gate;
  Metrics metrics;
  Runtime runtime{2};
  std::shared_ptr<BodyBudget> budget = std::make_shared<BodyBudget>(std::size_t{1} << 20);
  Router router{{.cors_origins = {"https://app.example"}, .bodies = budget}, gate, metrics};
  std::unique_ptr<Server> server;
};

}  // namespace hoist::net
