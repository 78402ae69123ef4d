#include "net/message.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "net/detail/inbound.hpp"
#include "net/detail/wire.hpp"
#include "net/url.hpp"

namespace hoist::net {
namespace {

json::object parsed(Response const& response) {
  return json::parse(response.body).as_object();
}

TEST(Problem, NamesCodeFieldsAndRequest) {
  auto const error = invalid_field("files[3].size", "must be at least 1");
  auto const response = problem(error.error(), "r-1");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.get("content-type"), "application/problem+json");
  auto const body = parsed(response);
  EXPECT_EQ(body.at("type"), "urn:hoist:problem:invalid");
  EXPECT_EQ(body.at("code"), "invalid");
  EXPECT_EQ(body.at("status"), 400);
  EXPECT_EQ(body.at("request_id"), "r-1");
  EXPECT_EQ(body.at("errors").as_array().at(0).at("field"), "files[3].size");
  EXPECT_EQ(body.at("errors").as_array().at(0).at("reason"), "must be at least 1");
}

TEST(Problem, OurOwnFaultsShowNothingOfTheirCause) {
  for (auto const code : {Code::internal, Code::corrupt}) {
    auto const error = Error{code, "row 7 of table uploads"}.with_cause("SQLITE_CORRUPT in /var/lib/hoist");
    auto const response = problem(error, "r-2");
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(response.body.find("uploads"), std::string::npos);
    EXPECT_EQ(response.body.find("SQLITE"), std::string::npos);
    EXPECT_EQ(parsed(response).at("request_id"), "r-2");
  }
}

TEST(Problem, SaysWhenToComeBack) {
  EXPECT_EQ(problem(Error{Code::throttled}.with_retry_after(7), "r").headers.get("Retry-After"), "7");
  EXPECT_EQ(problem(Error{Code::unavailable}, "r").headers.get("Retry-After"), "1");
  EXPECT_FALSE(problem(Error{Code::conflict}, "r").headers.has("Retry-After"));
  EXPECT_TRUE(problem(Error{Code::unauthenticated}, "r").headers.has("WWW-Authenticate"));
}

Code json_code(std::string type, std::string body) {
  auto request = Request{};
  if (!type.empty()) request.headers.add("Content-Type", std::move(type));
  request.body = std::move(body);
  auto const parsed_body = json_body(request);
  return parsed_body ? Code::count_ : parsed_body.error().code();
}

TEST(JsonBody, WantsApplicationJsonAndAnObject) {
  EXPECT_EQ(json_code("application/json", "{}"), Code::count_);
  EXPECT_EQ(json_code("Application/JSON; charset=utf-8", "{}"), Code::count_);
  EXPECT_EQ(json_code("", "{}"), Code::unsupported_type);
  EXPECT_EQ(json_code("text/plain", "{}"), Code::unsupported_type);
  EXPECT_EQ(json_code("application/jsonx", "{}"), Code::unsupported_type);
  EXPECT_EQ(json_code("application/json", "[]"), Code::invalid);
  EXPECT_EQ(json_code("application/json", ""), Code::invalid);
  EXPECT_EQ(json_code("application/json", R"({"a":1,"a":2})"), Code::invalid);
}

TEST(Headers, CompareWithoutCaseAndKeepOrder) {
  auto headers = Headers{};
  headers.add("Set-A", "1");
  headers.add("set-a", "2");
  EXPECT_EQ(headers.get("SET-A"), "1");
  headers.set("SeT-a", "3");
  EXPECT_EQ(headers.all().size(), 1U);
  EXPECT_EQ(headers.get("set-a"), "3");
}

struct Made {
  Head head;
  std::set<std::string, std::less<>> trusted;
  std::mt19937_64 random{1};
  Result<Request> operator()(std::string const& bytes, std::string_view peer) {
    EXPECT_TRUE(admit(bytes, {}, head));
    return make_request(head, {peer, trusted, random});
  }
};

TEST(MakeRequest, DecodesPathAndQuery) {
  auto made = Made{};
  auto const request = made("GET /a%20b?x=1&y=%C3%B1&&z HTTP/1.1\r\nHost: h\r\n\r\n", "10.0.0.1");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->path, "/a b");
  EXPECT_EQ(request->query_value("y"), "ñ");
  EXPECT_EQ(request->query_value("z"), "");
  EXPECT_FALSE(request->query_value("w"));
  EXPECT_EQ(request->content_length, 0);
  EXPECT_FALSE(made("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "10.0.0.1"));
  EXPECT_FALSE(made("GET /?a=%1 HTTP/1.1\r\nHost: h\r\n\r\n", "10.0.0.1"));
}

TEST(MakeRequest, AcceptsOnlyWellFormedIds) {
  auto made = Made{};
  auto const trace = std::string{"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
  auto const good =
      made("GET / HTTP/1.1\r\nHost: h\r\nX-Request-ID: job-7\r\ntraceparent: " + trace + "\r\n\r\n", "::1");
  EXPECT_EQ(good->request_id, "job-7");
  EXPECT_EQ(trace_id(*good), "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_NE(good->trace_parent, trace);  // a span of our own
  auto const bad =
      made("GET / HTTP/1.1\r\nHost: h\r\nX-Request-ID: a b<script>\r\ntraceparent: 00-x\r\n\r\n", "::1");
  EXPECT_EQ(bad->request_id.size(), 32U);
  EXPECT_EQ(bad->request_id, trace_id(*bad));
  EXPECT_EQ(bad->trace_parent.size(), 55U);
}

TEST(MakeRequest, ATraceThatIsNotWellFormedGoesNoFurther) {
  auto made = Made{};
  auto const trace_of = [&](std::string const& parent) {
    return std::string{
        trace_id(*made("GET / HTTP/1.1\r\nHost: h\r\ntraceparent: " + parent + "\r\n\r\n", "::1"))};
  };
  auto const trace = std::string{"4bf92f3577b34da6a3ce929d0e0e4736"};
  auto const span = std::string{"00f067aa0ba902b7"};
  EXPECT_EQ(trace_of("00-" + trace + "-" + span + "-01"), trace);
  for (auto const& parent :
       {"01-" + trace + "-" + span + "-01", "00-" + trace + "-" + span + "-0G",
        "00-" + trace + "-" + std::string(16, '0') + "-01", "00-" + trace + "-00F067AA0BA902B7-01",
        "00-" + trace + "-" + span + "_01", "00-" + trace + "-" + span + "-01-x"})
    EXPECT_NE(trace_of(parent), trace) << parent;
  EXPECT_NE(trace_of("00-" + std::string(32, '0') + "-" + span + "-01"), std::string(32, '0'));
}

TEST(MakeRequest, H10_ForwardedAddressesAreBelievedOnlyFromListedProxies) {
  auto made = Made{};
  auto const bytes = std::string{
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\nX-Forwarded-For: 10.0.0.2\r\n"
      "X-Real-IP: 7.7.7.7\r\nForwarded: for=8.8.8.8\r\n\r\n"};
  EXPECT_EQ(made(bytes, "198.51.100.1")->remote_address, "198.51.100.1");
  made.trusted = {"10.0.0.1", "10.0.0.2"};
  EXPECT_EQ(made(bytes, "198.51.100.1")->remote_address, "198.51.100.1");
  EXPECT_EQ(made(bytes, "10.0.0.1")->remote_address, "203.0.113.9");
}

TEST(MakeRequest, AForwardedAddressThatCannotBeReadIsNobodys) {
  auto made = Made{};
  made.trusted = {"127.0.0.1"};
  for (auto const* value : {"nonsense", "unknown", "9.9.9.9:1234", "9.9.9.9,", "", ",", " , 127.0.0.1"}) {
    auto const bytes = fmt::format("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: {}\r\n\r\n", value);
    EXPECT_EQ(made(bytes, "127.0.0.1")->remote_address, "unknown") << value;
  }
  auto const none = std::string{"GET / HTTP/1.1\r\nHost: h\r\n\r\n"};
  EXPECT_EQ(made(none, "127.0.0.1")->remote_address, "127.0.0.1");  // the proxy asks for itself
}

TEST(AppendHead, KeepsTheFramingToItselfAndDataOutOfTheHead) {
  auto response = text_response(200, "abc");
  response.headers.add("Content-Length", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
  auto out = std::string{};
  EXPECT_EQ(append_head(out, response, {.request_id = "r", .date = "d"}), BodyForm::fixed);
  EXPECT_NE(out.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_EQ(out.find("99"), std::string::npos);
  EXPECT_EQ(out.find("chunked"), std::string::npos);
  EXPECT_EQ(out.find("Set-Cookie"), std::string::npos);
}

TEST(AppendHead, AnswersWithoutBodySayNoLength) {
  for (auto const status : {204, 304}) {
    auto out = std::string{};
    EXPECT_EQ(append_head(out, Response{.status = status}, {.request_id = "r", .date = "d"}), BodyForm::none);
    EXPECT_EQ(out.find("Content-Length"), std::string::npos);
  }
  auto out = std::string{};
  auto sized = Response{.status = 200};
  sized.stream_length = 5'000'000'000;
  EXPECT_EQ(append_head(out, sized, {.head = true, .request_id = "r", .date = "d"}), BodyForm::none);
  EXPECT_NE(out.find("Content-Length: 5000000000\r\n"), std::string::npos);
}

TEST(ParseUrl, TakesApartAndRefuses) {
  auto const url = parse_url("https://Example.com:8443/a/b?c=d");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/a/b?c=d");
  EXPECT_EQ(parse_url("http://h")->target, "/");
  EXPECT_EQ(parse_url("http://h?x=1")->target, "/?x=1");
  EXPECT_EQ(parse_url("http://[::1]:80/")->host, "::1");
  for (auto const* bad : {"", "h", "ftp://h/", "file:///etc/passwd", "http://user@h/", "http:///x",
                          "http://h:0/", "http://h:99999/", "http://h /"})
    EXPECT_FALSE(parse_url(bad)) << bad;
}

}  // namespace
}  // namespace hoist::net
