#include "net/server.hpp"

#include <algorithm>
#include <netinet/in.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "base/try.hpp"
#include "net/detail/net_test_support.hpp"

namespace hoist::net {

namespace {

// Never ends; tells when the server has let go of it.
class EndlessSource final : public BodySource {
 public:
  explicit EndlessSource(Signal& gone) : gone_{gone} {}
  ~EndlessSource() override { gone_.notify(); }
  Async<std::size_t> read(std::span<char> buffer) override {
    std::ranges::fill(buffer, 'e');
    co_return buffer.size();
  }

 private:
  Signal& gone_;
};

// Waits for an event that does not come.
class QuietSource final : public BodySource {
 public:
  Async<std::size_t> read(std::span<char>) override {
    CO_CHECK(co_await never_.wait(never_.ticket(), deadline_in(std::chrono::hours{1})));
    co_return std::size_t{0};
  }

 private:
  Signal never_;
};

void add_simple_routes(Router& router) {
  router.add({"GET", "/redirect"}, [](Request&) -> Async<Response> { co_return redirect("/hello"); });
  router.add({"POST", "/large", std::nullopt, RateClass::plain, std::size_t{8} << 20},
             [](Request& request) -> Async<Response> {
               co_return text_response(200, std::to_string(request.body.size()));
             });
  router.add({"POST", "/reads", std::nullopt, RateClass::plain, 0}, [](Request& request) -> Async<Response> {
    auto buffer = std::array<char, 4096>{};
    for (auto reads = 1;; ++reads) {
      CO_TRY(auto const count, co_await request.stream->read(buffer));
      if (count == 0) co_return text_response(200, std::to_string(reads));
    }
  });
}

}  // namespace

void ServerFixture::add_routes() {
  add_simple_routes(router);
  router.add({"GET", "/endless"}, [this](Request&) -> Async<Response> {
    auto response = Response{};
    response.stream = std::make_shared<EndlessSource>(source_gone);
    co_return response;
  });
  router.add({"GET", "/events"}, [](Request&) -> Async<Response> {
    auto response = text_response(200, "", "text/event-stream");
    response.stream = std::make_shared<QuietSource>();
    co_return response;
  });
  router.add({"GET", "/slow"}, [this](Request&) -> Async<Response> {
    auto const ticket = release.ticket();
    ++hits;
    CO_CHECK(co_await release.wait(ticket, deadline_in(std::chrono::seconds{30})));
    co_return text_response(200, "slow");
  });
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
  router.add({"GET", "/firehose"}, [this](Request&) -> Async<Response> {
    auto response = Response{};
    response.upgrade = [this](std::shared_ptr<WebSocket> socket) -> asio::awaitable<void> {
      while (co_await socket->send(std::string(60'000, 'w'))) {
      }
      source_gone.notify();
    };
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

using std::chrono::milliseconds;
using namespace std::string_literals;

constexpr auto hello = std::string_view{"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"};

class ServerTest : public ServerFixture {};

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n" +
         std::string{body};
}

std::size_t count_of(std::string_view text, std::string_view part) {
  auto count = std::size_t{0};
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  auto client = RawClient{server->port()};
  for (auto i = 0; i < 3; ++i) {
    auto const response = client.exchange(hello);
    EXPECT_EQ(status_of(response), 200) << response;
    EXPECT_NE(response.find("X-Request-ID: "), std::string::npos);
    EXPECT_NE(response.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_NE(response.find("Server: hoist\r\n"), std::string::npos);
    EXPECT_NE(response.find("Date: "), std::string::npos);
    EXPECT_TRUE(response.ends_with("\r\n\r\nhello"));
  }
  EXPECT_NE(client.exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                .find("Connection: close"),
            std::string::npos);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  auto client = RawClient{server->port()};
  auto all = std::string{};
  for (auto i = 0; i < 50; ++i) {
    auto const body = std::to_string(i);
    all += post("/echo", "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
    all += post("/echo", "Transfer-Encoding: chunked\r\n", "1\r\nx\r\n0\r\n\r\n");
  }
  client.send(all);
  for (auto i = 0; i < 50; ++i) {
    EXPECT_TRUE(client.response().ends_with("\r\n\r\n" + std::to_string(i)));
    EXPECT_TRUE(client.response().ends_with("\r\n\r\nx"));
  }
}

TEST_F(ServerTest, OneByteAtATimeIsTheSameRequest) {
  auto client = RawClient{server->port()};
  for (auto const c : post("/echo", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"))
    client.send({&c, 1});
  EXPECT_TRUE(client.response().ends_with("abcdefg"));
}

TEST_F(ServerTest, BodiesAreStreamedToTheHandler) {
  auto client = RawClient{server->port()};
  auto const big = std::string(1'000'000, 'x');
  EXPECT_TRUE(
      client.exchange(post("/stream", "Content-Length: 1000000\r\n", big)).ends_with("\r\n\r\n1000000"));
  EXPECT_EQ(status_of(client.exchange(hello)), 200);
}

TEST_F(ServerTest, ResponsesAreStreamedByLengthAndByChunks) {
  auto client = RawClient{server->port()};
  EXPECT_TRUE(client.exchange("GET /sized HTTP/1.1\r\nHost: a\r\n\r\n").ends_with(std::string(300'000, 's')));
  client.send("GET /chunks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  auto const chunks = client.rest();
  EXPECT_NE(chunks.find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(std::ranges::count(chunks.substr(chunks.find("\r\n\r\n")), 'c'), 300'000);
  EXPECT_TRUE(chunks.ends_with("\r\n0\r\n\r\n"));
  auto old = RawClient{server->port()};
  old.send("GET /chunks HTTP/1.0\r\n\r\n");
  auto const to_the_end = old.rest();
  EXPECT_EQ(to_the_end.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(to_the_end.ends_with(std::string(300'000, 'c')));
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  auto client = RawClient{server->port()};
  client.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.response(true).find("Content-Length: 5\r\n"), std::string::npos);
  client.send("HEAD /chunks HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.response(true).find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(client.exchange(hello).ends_with("hello"));
}

TEST_F(ServerTest, H1_H2_DoubtfulFramingIsRefusedAndTheConnectionClosed) {
  for (auto const& bytes : {
           post("/echo", "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX"),
           post("/echo", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
           post("/echo", "Content-Length: +3\r\n", "abc"),
           post("/echo", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"),
           post("/echo", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
           "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"s,
           "GET /hello HTTP/1.1\nHost: a\n\n"s,
           "GET /hello HTTP/1.1\r\n\r\n"s,
           "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"s,
           "GET /hello HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s,
       }) {
    auto client = RawClient{server->port()};
    client.send(bytes + std::string{hello});
    auto const all = client.rest();
    EXPECT_TRUE(status_of(all) == 400 || status_of(all) == 501) << bytes << all;
    EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1U) << all;
  }
  EXPECT_EQ(hits, 0);
  EXPECT_EQ(bodies, 0);
}

TEST_F(ServerTest, H3_BrokenChunksAreRefusedAndTheConnectionClosed) {
  for (auto const* body : {"3;a=b\r\nabc\r\n0\r\n\r\n", "3\r\nabcX0\r\n\r\n", "fffffffffffffffff\r\nabc",
                           "3\nabc\n0\n\n", "0\r\nHost: evil\r\n\r\n"}) {
    auto client = RawClient{server->port()};
    client.send(post("/echo", "Transfer-Encoding: chunked\r\n", body) + std::string{hello});
    auto const all = client.rest();
    EXPECT_EQ(status_of(all), 400) << body;
    EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1U) << all;
  }
  EXPECT_EQ(hits, 0);
}

TEST_F(ServerTest, H3_BytesBehindTheLastChunkAreTheNextRequest) {
  auto client = RawClient{server->port()};
  client.send(post("/echo", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + std::string{hello});
  EXPECT_EQ(status_of(client.response()), 200);
  EXPECT_TRUE(client.response().ends_with("hello"));
}

TEST_F(ServerTest, H4_AnEarlyAnswerNeverLeavesTheBodyBehindAsARequest) {
  auto const body = std::string{hello};
  auto const length = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  {
    auto client = RawClient{server->port()};  // small: read away, the connection goes on
    client.send(post("/private", length, body) + post("/echo", "Content-Length: 1\r\n", "e"));
    EXPECT_EQ(status_of(client.response()), 401);
    EXPECT_TRUE(client.response().ends_with("\r\n\r\ne"));
  }
  {
    auto client = RawClient{server->port()};  // chunked, so of unknown size: closed
    client.send(post("/private", "Transfer-Encoding: chunked\r\n", "20\r\n" + body));
    auto const all = client.rest();
    EXPECT_EQ(status_of(all), 401);
    EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1U);
  }
  {
    auto client = RawClient{server->port()};  // larger than the route takes: 413, then closed
    client.send(post("/echo", "Content-Length: 10000000\r\n", body));
    auto const all = client.rest();
    EXPECT_EQ(status_of(all), 413);
    EXPECT_EQ(count_of(all, "HTTP/1.1 "), 1U);
  }
  EXPECT_EQ(hits, 0);
}

TEST_F(ServerTest, H4_ExpectContinueIsAnsweredOnlyWhenTheBodyIsWanted) {
  auto client = RawClient{server->port()};
  client.send(post("/echo", "Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(client.response(true), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_TRUE(client.exchange("abc").ends_with("\r\n\r\nabc"));
  client.send(post("/private", "Content-Length: 3\r\nExpect: 100-continue\r\n", ""));
  EXPECT_EQ(status_of(client.response()), 401);
  EXPECT_TRUE(client.closed());
}

TEST_F(ServerTest, H6_SlowHeadersAndBodiesAreEnded) {
  start({.header_timeout = milliseconds{100}, .idle_timeout = milliseconds{150}});
  auto header = RawClient{server->port()};
  auto body = RawClient{server->port()};
  auto silent = RawClient{server->port()};
  auto idle = RawClient{server->port()};
  header.send("GET /hello HT");
  body.send(post("/echo", "Content-Length: 10\r\n", "abc"));
  EXPECT_EQ(status_of(idle.exchange(hello)), 200);
  EXPECT_EQ(status_of(header.response()), 408);
  EXPECT_TRUE(header.closed());
  EXPECT_EQ(status_of(body.response()), 408);
  EXPECT_TRUE(body.closed());
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(idle.closed());
}

TEST_F(ServerTest, H6_ABodyMustArriveWithinTheRequestsDeadline) {
  start({.request_timeout = milliseconds{100}});
  auto client = RawClient{server->port()};
  client.send(post("/stream", "Content-Length: 10\r\n", "abc"));
  EXPECT_EQ(status_of(client.response()), 408);
}

TEST_F(ServerTest, H7_HugeHeadsAreAnswered) {
  auto const status_for = [&](std::string const& bytes) {
    auto client = RawClient{server->port()};
    client.send(bytes);
    return status_of(client.rest());
  };
  EXPECT_EQ(status_for("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(64 * 1024, 'x') + "\r\n\r\n"),
            431);
  EXPECT_EQ(status_for("GET /hello HTTP/1.1\r\nHost: a\r\nX: " + std::string(64 * 1024, 'x')), 431);
  EXPECT_EQ(status_for("GET /" + std::string(9 * 1024, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(status_for("GET /" + std::string(200 * 1024, 'a')), 414);
  auto fields = std::string{};
  for (auto i = 0; i < 10'000; ++i) fields += "A:\r\n";
  EXPECT_EQ(status_for("GET /hello HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"), 431);
  EXPECT_EQ(status_for("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(hits, 0);
}

TEST_F(ServerTest, H7_ConnectionsOverTheLimitAreToldSo) {
  start({.connections_max = 20});
  auto held = std::vector<std::unique_ptr<RawClient>>{};
  for (auto i = 0; i < 20; ++i) {
    held.push_back(std::make_unique<RawClient>(server->port()));
    EXPECT_EQ(status_of(held.back()->exchange(hello)), 200);
  }
  auto refused = RawClient{server->port()};
  refused.send(hello);
  auto const response = refused.rest();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_NE(response.find("Retry-After: "), std::string::npos);
  EXPECT_TRUE(metrics.render().contains("hoist_http_refused_connections_total{listener=\"test\"} 1\n"));
  EXPECT_TRUE(metrics.render().contains("hoist_http_refused_heads_total{listener=\"test\"} 0\n"));
  held.clear();
  auto const deadline = deadline_in(std::chrono::seconds{5});
  auto status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < deadline)
    status = status_of(RawClient{server->port()}.exchange(hello));
  EXPECT_EQ(status, 200);
}

TEST_F(ServerTest, OneAddressCannotHoldAllConnections) {
  start({.connections_per_address_max = 3});
  auto held = std::vector<std::unique_ptr<RawClient>>{};
  for (auto i = 0; i < 3; ++i) {
    held.push_back(std::make_unique<RawClient>(server->port()));
    EXPECT_EQ(status_of(held.back()->exchange(hello)), 200);
  }
  auto refused = RawClient{server->port()};
  auto const response = refused.rest();
  EXPECT_EQ(status_of(response), 503);
  EXPECT_NE(response.find("Your address has as many connections"), response.npos) << response;

  start({.connections_per_address_max = 3, .trusted_proxies = {"127.0.0.1"}});
  held.clear();
  for (auto i = 0; i < 6; ++i) {
    held.push_back(std::make_unique<RawClient>(server->port()));
    EXPECT_EQ(status_of(held.back()->exchange(hello)), 200);
  }
}

TEST_F(ServerTest, WhoIsOneTooManyAmongTheRefusedIsToldToo) {
  start({.connections_max = 1});
  auto held = RawClient{server->port()};
  EXPECT_EQ(status_of(held.exchange(hello)), 200);
  auto refused = std::vector<std::unique_ptr<RawClient>>{};
  for (auto i = 0; i < 100; ++i) refused.push_back(std::make_unique<RawClient>(server->port()));
  for (auto const& client : refused) EXPECT_EQ(status_of(client->response()), 503);
}

// Nothing below this test's last descriptor is free, so no thread can open one.
TEST_F(ServerTest, WithoutADescriptorLeftNewConnectionsAreToldSo) {
  auto clients = std::vector<int>{};
  for (auto i = 0; i < 10; ++i) clients.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (std::size_t i = 0; i < runtime.threads(); ++i)  // every thread has what it needs by then
    EXPECT_EQ(status_of(RawClient{server->port()}.exchange(hello)), 200);
  auto before = rlimit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  auto const lowest_free = ::dup(0);
  ::close(lowest_free);
  auto none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  auto address = sockaddr_in{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (auto const client : clients) {
    ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    auto waiting = pollfd{client, POLLIN, 0};
    EXPECT_EQ(::poll(&waiting, 1, 5'000), 1) << "no answer";
    auto answer = std::array<char, 1024>{};
    auto const count = ::recv(client, answer.data(), answer.size(), MSG_DONTWAIT);
    EXPECT_EQ(status_of({answer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))}), 503);
  }
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  for (auto const client : clients) ::close(client);
  EXPECT_EQ(status_of(RawClient{server->port()}.exchange(hello)), 200);
}

TEST_F(ServerTest, BodiesBeyondTheBudgetAreToldToWait) {
  auto client = RawClient{server->port()};
  auto const half = std::string(400'000, 'x');
  EXPECT_TRUE(client.exchange(post("/large", "Content-Length: 400000\r\n", half)).ends_with("\r\n400000"));
  auto greedy = RawClient{server->port()};
  greedy.send(post("/large", "Content-Length: 8000000\r\n", half + half));
  auto const refused = greedy.response();
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_NE(refused.find("Retry-After: "), refused.npos);
  EXPECT_EQ(budget->held(), 0U);
  EXPECT_EQ(status_of(client.exchange(hello)), 200);
}

TEST_F(ServerTest, L3_ChunksOfOneByteAreReadTogether) {
  auto body = std::string{};
  for (auto i = 0; i < 1000; ++i) body += "1\r\nx\r\n";
  auto client = RawClient{server->port()};
  auto const response = client.exchange(post("/reads", "Transfer-Encoding: chunked\r\n", body + "0\r\n\r\n"));
  ASSERT_EQ(status_of(response), 200);
  EXPECT_LT(std::stoi(response.substr(response.find("\r\n\r\n") + 4)), 20);
}

TEST_F(ServerTest, ABodyOverTheServersLimitIsRefusedBeforeItIsRead) {
  start({.body_bytes_max = 1000});
  auto client = RawClient{server->port()};
  EXPECT_EQ(status_of(client.exchange(post("/stream", "Content-Length: 1001\r\n", ""))), 413);
  auto chunked = RawClient{server->port()};
  EXPECT_EQ(status_of(chunked.exchange(post("/stream", "Transfer-Encoding: chunked\r\n",
                                            "3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"))),
            413);
}

TEST_F(ServerTest, H14_AReaderThatNeverReadsIsDropped) {
  start({.idle_timeout = milliseconds{200}});
  auto client = RawClient{server->port()};
  client.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  auto const ticket = source_gone.ticket();
  auto const dropped = run_to_end<bool>([&]() -> Async<bool> {
    co_return co_await source_gone.wait(ticket, deadline_in(std::chrono::seconds{5}));
  });
  EXPECT_TRUE(dropped && *dropped);
}

TEST_F(ServerTest, StopLetsWhatIsInFlightFinish) {
  auto busy = RawClient{server->port()};
  auto idle = RawClient{server->port()};
  auto events = RawClient{server->port()};
  EXPECT_EQ(status_of(idle.exchange(hello)), 200);
  events.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(status_of(events.response()), 200);
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  while (hits < 2) std::this_thread::yield();
  auto stopping = std::jthread{[&] { server->stop(std::chrono::seconds{5}); }};
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(events.rest().ends_with("0\r\n\r\n"));  // whole to the last chunk, not broken off
  release.notify();
  auto const response = busy.response();
  EXPECT_TRUE(response.ends_with("\r\n\r\nslow")) << response;
  EXPECT_NE(response.find("Connection: close"), std::string::npos);
  stopping.join();
  EXPECT_THROW(RawClient{server->port()}, boost::system::system_error);
}

TEST_F(ServerTest, StopEndsWhatOutlastsTheGrace) {
  auto busy = RawClient{server->port()};
  busy.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
  while (hits < 1) std::this_thread::yield();
  server->stop(milliseconds{50});
  EXPECT_TRUE(busy.closed());
}

TEST_F(ServerTest, RefusesAddressesAndCertificatesItCannotUse) {
  auto const code_for = [&](ServerOptions options) {
    auto opened = Server::open(std::move(options), runtime, router, metrics);
    return opened ? Code::count_ : opened.error().code();
  };
  EXPECT_EQ(code_for({.address = "localhost"}), Code::invalid);
  EXPECT_EQ(code_for({.port = server->port()}), Code::unavailable);
  EXPECT_EQ(code_for({.tls_certificate_file = "/nonexistent", .tls_key_file = "/nonexistent"}),
            Code::invalid);
}

}  // namespace
}  // namespace hoist::net
