#include "net/router.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "net/detail/net_test_support.hpp"

namespace hoist::net {
namespace {

// Gives one byte, then ends. Notes how much room it was offered.
class OneByte final : public BodySource {
 public:
  Async<std::size_t> read(std::span<char> buffer) override {
    room = std::max(room, buffer.size());
    buffer[0] = 'x';
    co_return std::exchange(left_, 0U);
  }
  std::size_t room = 0;

 private:
  std::size_t left_ = 1;
};

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    router.add({"GET", "/uploads/{id}"}, [](Request& request) -> Async<Response> {
      co_return text_response(200, "one " + request.param("id"));
    });
    router.add({"GET", "/uploads"}, [](Request&) -> Async<Response> { co_return text_response(200, "all"); });
    router.add({"POST", "/uploads"}, [](Request&) -> Async<Response> {
      co_return fail(Error{Code::internal, "secret detail"}.with_cause("secret cause"));
    });
    router.add({"POST", "/uploads/{id}/parts", Role::member},
               [](Request&) -> Async<Response> { co_return text_response(200, "parts"); });
  }
  Response ask(std::string method, std::string target, Headers headers = {}) {
    auto request =
        Request{.method = std::move(method), .target = std::move(target), .headers = std::move(headers)};
    request.content_length = 0;
    request.request_id = "r";
    return *run_to_end<Response>([&]() -> Async<Response> { co_return co_await router.handle(request); });
  }
  OpenGate gate;
  Metrics metrics;
  Router router{{.cors_origins = {"https://app.example"}}, gate, metrics};
};

TEST_F(RouterTest, ParametersThatNobodyReadsAreRefusedByName) {
  auto stream = Route{"GET", "/stream"};
  stream.token_in_query = stream.reads_query = true;
  router.add(stream, [](Request&) -> Async<Response> { co_return text_response(200, "stream"); });
  auto const status = [&](std::string target, std::string name) {
    auto request = Request{.method = "GET", .target = std::move(target)};
    request.query = {{std::move(name), "secret"}};
    auto const response = *run_to_end<Response>(
        [&]() -> Async<Response> { co_return co_await router.handle(std::move(request)); });
    EXPECT_EQ(response.body.find("secret"), response.body.npos);
    return response.status;
  };
  EXPECT_EQ(status("/uploads", "color"), 400);
  EXPECT_EQ(status("/uploads", "access_token"), 400);
  EXPECT_EQ(status("/uploads/7", "ticket"), 400);
  EXPECT_EQ(status("/stream", "ticket"), 200);
  EXPECT_EQ(ask("GET", "/uploads/%C2%84").status, 404);
}

TEST_F(RouterTest, AChallengeIsMadeOnce) {
  auto const response = ask("POST", "/uploads/7/parts");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(
      std::ranges::count(response.headers.all(), std::string{"WWW-Authenticate"}, &Headers::Field::first), 1);
  EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer error=\"invalid_token\"");
}

class TenantGate final : public Gate {
 public:
  Async<Caller> admit(Request const&, Route const&, Headers&) override {
    co_return Caller{.tenant = TenantId{"acme"}};
  }
};

TEST(RouterBudget, AnswersThatWaitForSlowReadersShareTheBudgetOfBodies) {
  constexpr auto long_list = std::size_t{400} << 10;
  auto const budget = std::make_shared<BodyBudget>(std::size_t{1} << 20);  // half of it for one tenant
  auto gate = TenantGate{};
  auto metrics = Metrics{};
  auto router = Router{{.bodies = budget}, gate, metrics};
  for (auto const* method : {"GET", "POST"})
    router.add({method, "/list"}, [](Request&) -> Async<Response> {
      co_return text_response(200, std::string(long_list, 'x'));
    });
  auto const ask = [&](std::string method) {
    auto request = Request{.method = std::move(method), .target = "/list"};
    request.content_length = 0;
    return *run_to_end<Response>(
        [&]() -> Async<Response> { co_return co_await router.handle(std::move(request)); });
  };
  auto slow = std::optional{ask("GET")};
  EXPECT_EQ(budget->held(), long_list);
  auto const refused = ask("GET");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.has("Retry-After"));
  EXPECT_EQ(ask("POST").body.size(), long_list) << "what was done is answered";
  auto buffer = std::vector<char>(long_list + 1);
  EXPECT_EQ(run_to_end<std::size_t>([&] { return slow->stream->read(buffer); }), long_list);
  EXPECT_EQ(slow->stream_length, std::int64_t{long_list});
  slow.reset();
  EXPECT_EQ(budget->held(), 0U);
  EXPECT_EQ(ask("GET").status, 200);
}

TEST_F(RouterTest, MemoryFollowsTheBytesThatComeAndNotTheAnnouncement) {
  constexpr auto announced = std::size_t{8} << 20;
  router.add({"POST", "/large", std::nullopt, RateClass::plain, announced},
             [](Request&) -> Async<Response> { co_return text_response(200, ""); });
  auto const source = std::make_shared<OneByte>();
  auto request = Request{.method = "POST", .target = "/large"};
  request.content_length = announced;
  request.stream = source;
  auto const response = run_to_end<Response>(
      [&]() -> Async<Response> { co_return co_await router.handle(std::move(request)); });
  EXPECT_EQ(response->status, 400);  // it ended early
  EXPECT_LE(source->room, BodyBudget::free_bytes);
}

TEST_F(RouterTest, FindsRoutesAndTheirParametersAlsoUnderApi) {
  EXPECT_EQ(ask("GET", "/uploads").body, "all");
  EXPECT_EQ(ask("GET", "/api/uploads?x=/y").body, "all");
  EXPECT_EQ(ask("GET", "/uploads/7").body, "one 7");
  EXPECT_EQ(ask("GET", "/api/uploads/a%20b").body, "one a b");
  EXPECT_EQ(ask("HEAD", "/uploads").status, 200);
}

TEST_F(RouterTest, AHostOfOneRouteRefusesTheOtherMethodsOfItsPath) {
  auto one = Router{{.only = {"POST /tasks"}}, gate, metrics};
  auto const answer = [](Request&) -> Async<Response> { co_return text_response(201, "made"); };
  for (auto const* method : {"GET", "POST", "DELETE"}) one.add({method, "/tasks"}, answer);
  one.add({"GET", "/uploads"}, answer);
  auto const status = [&](std::string method, std::string target) {
    auto request = Request{.method = std::move(method), .target = std::move(target)};
    request.content_length = 0;
    return run_to_end<Response>([&]() -> Async<Response> { co_return co_await one.handle(request); })->status;
  };
  EXPECT_EQ(status("POST", "/tasks"), 201);
  for (auto const* method : {"GET", "HEAD", "DELETE", "PUT", "PATCH"})
    EXPECT_EQ(status(method, "/tasks"), 405);
  EXPECT_EQ(status("GET", "/uploads"), 404);
}

TEST_F(RouterTest, H9_OnlyTheCanonicalSpellingIsARoute) {
  for (auto const* target : {"/uploads/",
                             "//uploads",
                             "/uploads//7",
                             "/./uploads",
                             "/uploads/.",
                             "/uploads/..",
                             "/uploads/%2e%2e",
                             "/uploads/a%2fb",
                             "/uploads/a%2Fb",
                             "/uploads/a%5cb",
                             "/uploads/7;x",
                             "/uploads/7%3bx",
                             "/Uploads",
                             "/UPLOADS",
                             "/%75ploads",
                             "/uploads%2f7",
                             "/uploads%00",
                             "/uploads/%00",
                             "/uploads/%0a",
                             "/uploads/%ff",
                             "/api",
                             "/api/",
                             "/api/api/uploads",
                             "/api//uploads",
                             "/API/uploads",
                             "/uploads/7/parts/",
                             "/",
                             "*",
                             ""})
    EXPECT_EQ(ask("GET", target).status, 404) << target;
  auto headers = Headers{};
  headers.add("X-HTTP-Method-Override", "POST");
  EXPECT_EQ(ask("GET", "/uploads", headers).body, "all");
}

TEST_F(RouterTest, AnotherMethodIsToldWhatIsAllowed) {
  auto const response = ask("DELETE", "/uploads");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.get("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(ask("TRACE", "/uploads").status, 405);
  EXPECT_EQ(ask("DELETE", "/nothing").status, 404);
}

TEST_F(RouterTest, PreflightIsAnsweredForConfiguredOriginsOnly) {
  auto headers = Headers{};
  headers.add("Origin", "https://app.example");
  auto const allowed = ask("OPTIONS", "/uploads", headers);
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_NE(allowed.headers.get("Access-Control-Allow-Methods").find("POST"), std::string_view::npos);
  for (auto const* origin :
       {"https://app.example.evil", "https://evil-app.example", "null", "http://app.example"}) {
    auto other = Headers{};
    other.add("Origin", origin);
    EXPECT_FALSE(ask("OPTIONS", "/uploads", other).headers.has("Access-Control-Allow-Origin")) << origin;
    EXPECT_FALSE(ask("GET", "/uploads", other).headers.has("Access-Control-Allow-Origin")) << origin;
  }
}

TEST_F(RouterTest, H11_CrossSiteWebSocketsAreRefusedBeforeTheUpgrade) {
  auto const status_for = [&](std::string origin) {
    auto headers = Headers{};
    headers.add("Host", "hoist.example");
    headers.add("Upgrade", "websocket");
    if (!origin.empty()) headers.add("Origin", std::move(origin));
    return ask("GET", "/uploads", headers).status;
  };
  for (auto const* origin : {"https://evil.example", "null", "https://hoist.example.evil",
                             "https://xhoist.example", "https://hoist.example:8443", "hoist.example"})
    EXPECT_EQ(status_for(origin), 403) << origin;
  EXPECT_EQ(status_for("https://hoist.example"), 200);
  EXPECT_EQ(status_for("https://app.example"), 200);
  EXPECT_EQ(status_for(""), 200);
}

TEST_F(RouterTest, ErrorsHideTheirCauseAndGateHeadersStay) {
  auto const failed = ask("POST", "/uploads");
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.body.find("secret"), std::string::npos);
  EXPECT_EQ(failed.headers.get("RateLimit-Remaining"), "9");
  auto const refused = ask("POST", "/uploads/7/parts");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.headers.get("RateLimit-Remaining"), "9");
}

TEST_F(RouterTest, CountsByRouteMethodAndStatus) {
  (void)ask("GET", "/uploads/1");
  (void)ask("GET", "/api/uploads/2");
  (void)ask("GET", "/nothing/at/all");
  auto const text = metrics.render();
  EXPECT_NE(text.find(R"(hoist_http_requests_total{method="GET",route="/uploads/{id}",status="200"} 2)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(route="unmatched",status="404"} 1)"), std::string::npos);
  EXPECT_NE(text.find(R"(hoist_http_request_seconds_count{route="/uploads/{id}"} 2)"), std::string::npos);
}

TEST_F(RouterTest, ListsItsRoutes) {
  EXPECT_EQ(router.routes().size(), 4U);
}

}  // namespace
}  // namespace hoist::net
