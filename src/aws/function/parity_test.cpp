// The same request over a socket and in every event shape has the same answer: status, headers and bytes.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/encode.hpp"
#include "net/client.hpp"
#include "net/router.hpp"
#include "net/server.hpp"
#include "support/allow_gate.hpp"
#include "support/function_events.hpp"
#include "support/text_source.hpp"

namespace hoist::aws {
namespace {

using testing::AskedOfFunction;

constexpr std::size_t answer_bytes_max = 1 << 20;

// What only a connection says.
bool is_of_the_connection(std::string_view lower_name) {
  return std::set<std::string_view>{"connection", "content-length", "date", "transfer-encoding"}.contains(
      lower_name);
}

// Lines of one name are one list (RFC 9110 section 5.3), which some shapes write in one line.
std::string described(int status, net::Headers const& headers, std::string_view body) {
  auto fields = std::map<std::string, std::string>{};
  for (auto const& [name, value] : headers.all()) {
    auto& joined = fields[to_lower(name)];
    joined += (joined.empty() ? "" : ", ") + value;
  }
  auto text = std::to_string(status) + "\n";
  for (auto const& [name, value] : fields)
    if (!is_of_the_connection(name)) text += name + ": " + value + "\n";
  return text + "\n" + std::string{body};
}

class Parity : public ::testing::Test {
 protected:
  Parity() {
    add_routes();
    runtime_.start();
    server_ = *net::Server::open({.name = "parity"}, runtime_, router_, metrics_);
    server_->start();
  }
  ~Parity() override {
    server_.reset();
    runtime_.stop();
  }

  void add_routes() {
    auto const echo = [](net::Request& request) -> Async<net::Response> {
      auto query = json::array{};
      for (auto const& [name, value] : request.query) query.push_back(json::array{name, value});
      auto response = net::json_response(200, json::object{{"method", request.method},
                                                           {"path", request.path},
                                                           {"id", request.param("id")},
                                                           {"query", std::move(query)},
                                                           {"type", request.headers.get("Content-Type")},
                                                           {"body", base64(request.body)}});
      response.headers.add("Location", "/things/1");
      co_return response;
    };
    for (auto const* method : {"GET", "POST", "PUT", "DELETE"})
      router_.add({.method = method, .pattern = "/things/{id}", .body_max = 1'000, .reads_query = true},
                  echo);
    router_.add({.method = "GET", .pattern = "/plain"}, echo);
    router_.add({.method = "GET", .pattern = "/admin", .role_min = Role::admin}, echo);
    router_.add({.method = "GET", .pattern = "/bytes"}, [](net::Request&) -> Async<net::Response> {
      co_return net::text_response(200, std::string{"\x89PNG\0\xFF", 6}, "image/png");
    });
    router_.add({.method = "GET", .pattern = "/stream"}, [](net::Request&) -> Async<net::Response> {
      auto response = net::text_response(200, "");
      response.stream = std::make_shared<testing::TextSource>(std::string(100'000, 's'), 1'000);
      co_return response;
    });
    router_.add({.method = "GET", .pattern = "/none"},
                [](net::Request&) -> Async<net::Response> { co_return net::Response{.status = 204}; });
    router_.add({.method = "GET", .pattern = "/error"}, [](net::Request&) -> Async<net::Response> {
      co_return fail(Error{Code::throttled, "Too many."}.with_retry_after(7));
    });
  }

  std::string over_socket(AskedOfFunction const& asked) {
    auto request = net::ClientRequest{.method = asked.method};
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + asked.path +
                  (asked.query.empty() ? "" : "?" + asked.query);
    for (auto const& [name, value] : asked.headers) request.headers.add(name, value);
    request.body = asked.body;
    auto const answer = run_to_end<net::Response>([&]() -> Async<net::Response> {
      auto client = net::Client{};
      co_return co_await client.send(request, deadline_in(std::chrono::seconds{10}));
    });
    EXPECT_TRUE(answer);
    return answer ? described(answer->status, answer->headers, answer->body) : "";
  }
  std::string in_process(json::object const& event) {
    auto const answer = run_to_end<net::WholeAnswer>([&]() -> Async<net::WholeAnswer> {
      auto read = **read_http_event(event, {});
      read.parts.deadline = deadline_in(std::chrono::seconds{10});
      auto const made = co_await net::answer_in_process(router_, std::move(read.parts), answer_bytes_max);
      co_return testing::seen_by_client(write_http_answer(read.shape, made));
    });
    return described(answer->status, answer->headers, answer->body);
  }
  // Without the header, each would get an id of its own.
  void expect_the_same(AskedOfFunction asked) {
    asked.headers.emplace_back("Host", "api.example");
    asked.headers.emplace_back("X-Request-ID", "r1");
    auto const expected = over_socket(asked);
    for (auto const& [name, event] : testing::all_shapes(asked))
      EXPECT_EQ(in_process(event), expected) << name << ": " << asked.method << " " << asked.path;
    asked.as_base64 = true;
    EXPECT_EQ(in_process(testing::rest_event(asked)), expected)
        << "base64: " << asked.method << " " << asked.path;
  }

  testing::AllowGate gate_;
  Metrics metrics_;
  Runtime runtime_{1};
  net::Router router_{{.cors_origins = {"https://app.example"}}, gate_, metrics_};
  std::unique_ptr<net::Server> server_;
};

TEST_F(Parity, OfWhatIsAnswered) {
  expect_the_same({.path = "/plain"});
  expect_the_same({.path = "/bytes"});
  expect_the_same({.path = "/stream"});
  expect_the_same({.path = "/none"});
  expect_the_same({.method = "HEAD", .path = "/plain"});
  expect_the_same({.path = "/api/plain"});
  for (auto const* method : {"POST", "PUT", "DELETE"})
    expect_the_same({.method = method,
                     .path = "/things/7",
                     .headers = {{"Content-Type", "application/json"}},
                     .body = R"({"text":"ñ 🙂"})"});
}

TEST_F(Parity, OfWhatIsInTheAddress) {
  for (auto const* path :
       {"/things/jos%C3%A9", "/things/a%20b", "/things/a+b", "/things/%25", "/things/a:b@c", "/things/a%2Fb",
        "/things/..", "/things//x", "/THINGS/1", "/things/1/", "/%74hings/1", "/things/%C3"})
    expect_the_same({.path = path});
  expect_the_same({.path = "/things/1", .query = "a=1&b=x%26y%3D%20%2B&empty=&%C3%B1=%F0%9F%99%82"});
  expect_the_same({.path = "/plain", .query = "unknown=1"});
}

TEST_F(Parity, OfWhatIsRefused) {
  expect_the_same({.path = "/error"});
  expect_the_same({.path = "/absent"});
  expect_the_same({.method = "PATCH", .path = "/plain"});
  expect_the_same({.path = "/admin", .headers = {{"x-test-role", "viewer"}}});
  expect_the_same({.method = "POST", .path = "/things/1", .body = std::string(1'001, 'x')});
  expect_the_same({.path = "/plain", .headers = {{"Accept-Language", "es"}}});
  expect_the_same({.path = "/absent", .headers = {{"Accept-Language", "pt"}}});
}

TEST_F(Parity, OfWhatBrowsersAskAcrossOrigins) {
  for (auto const* origin : {"https://app.example", "https://evil.example"}) {
    expect_the_same({.path = "/plain", .headers = {{"Origin", origin}}});
    expect_the_same({.method = "OPTIONS",
                     .path = "/plain",
                     .headers = {{"Origin", origin}, {"Access-Control-Request-Method", "GET"}}});
  }
}

TEST_F(Parity, NoEventBringsALineOfItsOwn) {
  for (auto const* bad : {"x\r\nx-test-role: admin", "x\nx-test-role: admin"}) {
    auto const header =
        AskedOfFunction{.path = "/admin", .headers = {{"Host", "x"}, {"x-test-role", "viewer"}, {"a", bad}}};
    for (auto const& [name, event] : testing::all_shapes(header))
      EXPECT_TRUE(in_process(event).starts_with("400\n")) << name;
    auto event = testing::http_event({.path = "/plain", .headers = {{"Host", "x"}}});
    event["requestContext"].at("http").as_object()["method"] = bad;
    EXPECT_TRUE(in_process(event).starts_with("400\n"));
    event = testing::http_event({.path = "/plain", .query = bad, .headers = {{"Host", "x"}}});
    EXPECT_TRUE(in_process(event).starts_with("400\n"));
  }
}

TEST_F(Parity, EndsWhereAFunctionCannotFollow) {
  router_.add({.method = "GET", .pattern = "/long"}, [](net::Request&) -> Async<net::Response> {
    co_return net::text_response(200, std::string(answer_bytes_max + 1, 'x'));
  });
  auto const answer = in_process(testing::http_event({.path = "/long", .headers = {{"Host", "x"}}}));
  EXPECT_TRUE(answer.starts_with("413\n")) << answer;
  EXPECT_TRUE(answer.contains("Ask for less at a time"));
}

}  // namespace
}  // namespace hoist::aws
