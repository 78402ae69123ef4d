#include "events/routes.hpp"

#include <set>
#include <sstream>
#include <thread>

#include "events/routes_fixture.hpp"
#include "events/verify.hpp"

namespace hoist::events {
namespace {

std::string named_fields(net::Response const& response) {
  auto names = std::string{};
  auto const body = json::parse(response.body).as_object();
  if (!body.contains("errors")) return "none";
  for (auto const& error : body.at("errors").as_array())
    names += std::string{error.at("field").as_string()} + " ";
  return names;
}

TEST_F(EventRoutes, AnEventIsRecordedWithNestedDetailsAndListed) {
  auto const created =
      post(R"({"userId":"ana","eventType":"photo.tagged","timestamp":"2023-11-14T20:00:00.5+02:00",)"
           R"("details":{"tags":["roof",{"deep":[1,2.5,null,true]}],"note":"ñ"}})");
  ASSERT_EQ(created.status, 201) << created.body;
  auto const body = json::parse(created.body).as_object();
  EXPECT_EQ(body.at("userId"), "ana");
  EXPECT_EQ(body.at("eventType"), "photo.tagged");
  EXPECT_EQ(body.at("timestamp"), "2023-11-14T18:00:00.500000Z");
  EXPECT_EQ(body.at("sequence"), 1);
  EXPECT_EQ(body.at("hash").as_string().size(), 43U);
  EXPECT_EQ(body.at("detailsStatus"), "stored");
  auto const location = std::string{created.headers.get("Location")};
  EXPECT_EQ(location, "/events/ana/" + std::string{body.at("eventId").as_string()});

  auto const listed = call_json("GET", "/events/ana");
  ASSERT_EQ(listed.at("events").as_array().size(), 1U);
  auto const& only = listed.at("events").at(0);
  EXPECT_EQ(only.at("details"), json::parse(R"({"tags":["roof",{"deep":[1,2.5,null,true]}],"note":"ñ"})"));
  EXPECT_TRUE(listed.at("nextCursor").is_null());
  EXPECT_EQ(call_json("GET", location), only.as_object());
  EXPECT_EQ(call("GET", "/api/events/ana").status, 200);
}

TEST_F(EventRoutes, EveryWrongFieldIsNamedAtOnce) {
  auto const response = post(R"({"eventType":"","timestamp":"yesterday","details":[],"extra":1})");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(named_fields(response), "userId eventType timestamp details extra ");
}

TEST_F(EventRoutes, BodiesThatAreNoEventAreRefused) {
  auto const in = [&](std::string_view name, std::string value) {
    auto body = json::object{{"userId", "ana"}, {"eventType", "x"}};
    body[name] = json::parse(value);
    return post(json::serialize(body)).status;
  };
  EXPECT_EQ(in("userId", R"("ana")"), 201);
  EXPECT_EQ(in("userId", "\"" + std::string(128, 'u') + "\""), 201);
  EXPECT_EQ(in("userId", "\"" + std::string(129, 'u') + "\""), 400);
  EXPECT_EQ(in("userId", R"("")"), 400);
  EXPECT_EQ(in("userId", "7"), 400);
  EXPECT_EQ(in("details", "null"), 400);
  EXPECT_EQ(in("eventId", "null"), 400);
  EXPECT_EQ(in("eventType", R"("event.redacted")"), 400);
  EXPECT_EQ(in("eventId", R"("not-a-uuid")"), 400);
  EXPECT_EQ(in("timestamp", R"("2023-11-14T20:00:00")"), 201) << "understood as UTC";
  EXPECT_EQ(in("timestamp", "\"" + to_rfc3339(clock.now() + std::chrono::minutes{5}) + "\""), 201);
  EXPECT_EQ(in("timestamp", "\"" + to_rfc3339(clock.now() + std::chrono::minutes{6}) + "\""), 400);
  auto deep = std::string{"0"};
  for (int i = 0; i < 32; ++i) deep = "{\"a\":" + deep + "}";
  EXPECT_EQ(in("details", deep), 201);
  deep = "{\"a\":" + deep + "}";
  auto const refused = post(R"({"userId":"a","eventType":"b","details":)" + deep + "}");
  EXPECT_EQ(named_fields(refused), "details ") << refused.body;
  auto const batch = call("POST", "/events/batch",
                          {.body = R"({"events":[{"userId":"a","eventType":"b","details":)" + deep +
                                   R"(},{"userId":"a","eventType":"b"}]})"});
  EXPECT_EQ(json::parse(batch.body).at("recorded"), 1) << "it is refused alone";
  auto list = std::string{"0"};
  for (int i = 0; i < 31; ++i) list = "[" + list + "]";
  EXPECT_EQ(in("details", "{\"a\":" + list + "}"), 201);
  EXPECT_EQ(post(R"({"userId":"a","eventType":"b","details":{"a":[)" + list + "]}}").status, 400);
  EXPECT_EQ(post(R"({"userId":"a","userId":"b","eventType":"c"})").status, 400);
  EXPECT_EQ(post("[]").status, 400);
  EXPECT_EQ(post("{").status, 400);
  EXPECT_EQ(post("{}", {.headers = {{"Content-Type", "text/plain"}}}).status, 415);
  EXPECT_EQ(post("{}", {.role = "viewer"}).status, 403);
  auto const other_method = call("DELETE", "/events");
  EXPECT_EQ(other_method.status, 405);
  EXPECT_NE(other_method.headers.get("Allow").find("POST"), std::string_view::npos);
}

TEST_F(EventRoutes, NumbersThatWouldComeBackAsOthersAreRefused) {
  auto const with = [](std::string number) {
    return R"({"userId":"a","eventType":"b","details":{"n":[{"id":)" + number + "}]}}";
  };
  for (auto const* kept : {"9007199254740992", "-9007199254740992", "0.1", "1e300"})
    EXPECT_EQ(post(with(kept)).status, 201) << kept;
  for (auto const* lost : {"9007199254740993", "-9007199254740993", "12345678901234567890"})
    EXPECT_EQ(named_fields(post(with(lost))), "details ") << lost;
  for (auto const* lost : {"123456789012345678901234567890", "1e-999", "1e999"})
    EXPECT_EQ(post(with(lost)).status, 400) << lost;
}

TEST_F(EventRoutes, AUserThatIsAcceptedCanBeAskedFor) {
  auto emoji = std::string{};
  for (auto i = 0; i < 128; ++i) emoji += "😀";
  for (auto const& user : {std::string{"a b|c@d:e?f#g%h"}, std::string{"ñandú"}, emoji}) {
    auto const created = post(json::serialize(json::object{{"userId", user}, {"eventType", "x"}}));
    ASSERT_EQ(created.status, 201) << user;
    EXPECT_EQ(call("GET", std::string{created.headers.get("Location")}).status, 200) << user;
  }
  for (auto const* user : {"a/b", "a\\b", "a;b", ".", "..", "batch"})
    EXPECT_EQ(named_fields(post(json::serialize(json::object{{"userId", user}, {"eventType", "x"}}))),
              "userId ")
        << user;
}

TEST_F(EventRoutes, DetailsAndBodiesHaveTheirLimits) {
  auto const with_details = [](std::size_t bytes) {  // {"t":"..."} is 8 bytes and the text
    return R"({"userId":"a","eventType":"b","details":{"t":")" + std::string(bytes - 8, 'x') + R"("}})";
  };
  EXPECT_EQ(post(with_details(256 * 1024)).status, 201);
  EXPECT_EQ(named_fields(post(with_details(256 * 1024 + 1))), "details ");
  EXPECT_EQ(post(with_details(400 * 1024)).status, 413);
}

TEST_F(EventRoutes, ARepeatWithTheSameIdOrKeyIsADuplicateAndAnotherBodyIs422) {
  auto const id = new_uuid7(clock.now());
  auto const body =
      fmt::format(R"({{"eventId":"{}","userId":"ana","eventType":"x","details":{{"a":1,"b":2}}}})", id);
  auto const first = post(body);
  EXPECT_EQ(first.status, 201);
  clock.advance(std::chrono::seconds{9});
  auto const turned =
      fmt::format(R"({{"details":{{"b":2,"a":1}},"eventType":"x","userId":"ana","eventId":"{}"}})", id);
  auto const again = post(turned);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json::parse(again.body).at("duplicate"), true);
  EXPECT_EQ(json::parse(again.body).at("hash"), json::parse(first.body).at("hash"));
  auto const reused = post(fmt::format(R"({{"eventId":"{}","userId":"ana","eventType":"y"}})", id));
  EXPECT_EQ(reused.status, 422);
  EXPECT_EQ(json::parse(reused.body).at("code"), "idempotency_key_reused");

  auto const key = Asked{.headers = {{"Idempotency-Key", "k1"}}};
  EXPECT_EQ(post(R"({"userId":"ana","eventType":"x"})", key).status, 201);
  EXPECT_EQ(post(R"({"userId":"ana","eventType":"x"})", key).status, 200);
  EXPECT_EQ(post(R"({"userId":"ben","eventType":"x"})", key).status, 422);
  EXPECT_EQ(post(R"({"userId":"ana","eventType":"x"})", {.tenant = "other", .headers = key.headers}).status,
            201)
      << "A13: keys are the tenant's own";
  EXPECT_EQ(post("{}", {.headers = {{"Idempotency-Key", std::string(256, 'k')}}}).status, 400);
  EXPECT_EQ(call_json("GET", "/events/ana").at("events").as_array().size(), 2U);
}

TEST_F(EventRoutes, ABatchAnswersForEachItemAndItsKeyMakesTheRetrySafe) {
  auto const body =
      std::string{R"({"events":[{"userId":"ana","eventType":"x"},{"userId":"","eventType":"x"},7,)"
                  R"({"userId":"ben","eventType":"y","details":{"n":1}}]})"};
  auto const asked = Asked{.body = body, .headers = {{"Idempotency-Key", "b1"}}};
  auto const first = call("POST", "/events/batch", asked);
  ASSERT_EQ(first.status, 201) << first.body;
  auto const answer = json::parse(first.body).as_object();
  EXPECT_EQ(answer.at("recorded"), 2);
  EXPECT_EQ(answer.at("refused"), 2);
  EXPECT_EQ(answer.at("items").at(0).at("status"), 201);
  EXPECT_EQ(answer.at("items").at(1).at("error").at("errors").at(0).at("field"), "events[1].userId");
  EXPECT_EQ(answer.at("items").at(2).at("status"), 400);
  EXPECT_EQ(answer.at("items").at(3).at("event").at("sequence"), 2);
  auto const repeated = call("POST", "/events/batch", asked);
  EXPECT_EQ(repeated.status, 200) << "nothing new";
  auto const again = json::parse(repeated.body).as_object();
  EXPECT_EQ(again.at("recorded"), 0);
  EXPECT_EQ(again.at("duplicates"), 2);
  EXPECT_EQ(again.at("items").at(3).at("status"), 200);
  EXPECT_EQ(again.at("items").at(3).at("event").at("eventId"),
            answer.at("items").at(3).at("event").at("eventId"));
  EXPECT_EQ(all().size(), 2U);

  auto many = std::string{R"({"events":[)"};
  for (int i = 0; i < 1001; ++i) many += std::string{i == 0 ? "" : ","} + R"({"userId":"a","eventType":"b"})";
  EXPECT_EQ(call("POST", "/events/batch", {.body = many + "]}"}).status, 400);
  EXPECT_EQ(call("POST", "/events/batch", {.body = R"({"events":[]})"}).status, 400);
  EXPECT_EQ(call("POST", "/events/batch", {.body = R"({"events":[{}]})"}).status, 400);
}

TEST_F(EventRoutes, PagingIsCompleteWhileWritesGoOnAndFiltersNarrow) {
  auto wanted = std::set<std::string>{};
  for (int i = 0; i < 25; ++i) {
    auto const mine = record(event(i % 2 == 0 ? "ana" : "ben", i % 3 == 0 ? "a" : "b", {{"n", i}}));
    if (i % 2 == 0) wanted.insert(mine.event.facts.id.str());
    clock.advance(std::chrono::seconds{1});
  }
  for (auto const* order : {"asc", "desc"}) {
    auto seen = std::vector<std::string>{};
    auto target = fmt::format("/events/ana?limit=4&order={}", order);
    for (auto cursor = std::string{};;) {
      auto const page = call_json("GET", cursor.empty() ? target : target + "&cursor=" + cursor);
      for (auto const& one : page.at("events").as_array()) seen.emplace_back(one.at("eventId").as_string());
      record(event("ben", "noise"));
      if (page.at("nextCursor").is_null()) break;
      cursor = std::string{page.at("nextCursor").as_string()};
    }
    EXPECT_EQ(seen.size(), 13U);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()), wanted);
  }
  auto const full = call_json("GET", "/events/ana?limit=13");
  EXPECT_EQ(full.at("events").as_array().size(), 13U);
  EXPECT_TRUE(full.at("nextCursor").is_null()) << "a page that is full and the last";
  EXPECT_EQ(call_json("GET", "/events/ana?type=a").at("events").as_array().size(), 5U);
  auto const from = percent_encode(to_rfc3339(clock.now() - std::chrono::seconds{5}));
  EXPECT_EQ(call_json("GET", "/events/ana?from=" + from).at("events").as_array().size(), 3U);
  EXPECT_EQ(call_json("GET", "/events/ana?to=" + from).at("events").as_array().size(), 10U);
}

TEST_F(EventRoutes, E1_CursorsOfOthersAndForgedOnesAre400) {
  record_many(5);
  auto const page = call_json("GET", "/events/ana?limit=2");
  auto const cursor = std::string{page.at("nextCursor").as_string()};
  EXPECT_EQ(call("GET", "/events/ana?limit=2&cursor=" + cursor).status, 200);
  EXPECT_EQ(call("GET", "/events/ben?limit=2&cursor=" + cursor).status, 400) << "another user's";
  EXPECT_EQ(call("GET", "/events/ana?limit=2&type=x&cursor=" + cursor).status, 400) << "other filters";
  EXPECT_EQ(call("GET", "/events?limit=2&log=audit&cursor=" + cursor).status, 400) << "another log's";
  EXPECT_EQ(call("GET", "/events/ana?limit=2&cursor=" + cursor, {.tenant = "other"}).status, 400);
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    auto forged = cursor;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(call("GET", "/events/ana?limit=2&cursor=" + forged).status, 400) << i;
  }
  for (auto const* bad : {"cursor=", "cursor=-1", "limit=0", "limit=1001", "order=up", "from=x", "nonsense=1",
                          "limit=1&limit=2", "wait=26"})
    EXPECT_EQ(call("GET", std::string{"/events/ana?"} + bad).status, 400) << bad;
}

TEST_F(EventRoutes, E7_ACursorPastRetentionIs410) {
  record_many(10);
  auto const cursor = std::string{call_json("GET", "/events/ana?limit=2").at("nextCursor").as_string()};
  clock.advance(std::chrono::hours{2});
  record_many(1);
  ASSERT_EQ(*sync(retention.retire(acme, clock.now(), soon())), 10);
  auto const expired = call("GET", "/events/ana?limit=2&cursor=" + cursor);
  EXPECT_EQ(expired.status, 410);
  EXPECT_EQ(json::parse(expired.body).at("code"), "cursor_expired");
  EXPECT_EQ(call_json("GET", "/events/ana").at("events").as_array().size(), 1U);
}

TEST_F(EventRoutes, ATailWaitsForTheNextEvent) {
  record_many(1);
  auto const tail = std::string{call_json("GET", "/events").at("tailCursor").as_string()};
  EXPECT_EQ(call_json("GET", "/events?order=desc").at("tailCursor"), json::value(tail));
  EXPECT_EQ(call_json("GET", "/events?cursor=" + tail).at("events").as_array().size(), 0U);
  auto writer = std::jthread{[&] { record_many(1); }};
  auto const page = call_json("GET", "/events?wait=20&cursor=" + tail);
  EXPECT_EQ(page.at("events").as_array().size(), 1U);
  EXPECT_NE(page.at("tailCursor"), json::value(tail));
}

TEST_F(EventRoutes, ThePromisesHoldWhileTheDetailsStoreFails) {
  details.fail_puts = details.fail_gets = true;
  auto const created = post(R"({"userId":"ana","eventType":"x","details":{"a":1}})");
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(json::parse(created.body).at("detailsStatus"), "pending");
  auto const pending = json::value{{"status", "pending"}};
  EXPECT_EQ(call_json("GET", "/events/ana").at("events").at(0).at("details"), pending);
  details.fail_puts = details.fail_gets = false;
  ASSERT_TRUE(sync(service.relay(soon())));
  EXPECT_EQ(call_json("GET", "/events/ana").at("events").at(0).at("details"), json::parse(R"({"a":1})"));
}

TEST_F(EventRoutes, A8_OtherTenantsEventsAnswerAsMissingOnes) {
  auto const created = json::parse(post(R"({"userId":"ana","eventType":"x"})").body).as_object();
  auto const target = "/events/ana/" + std::string{created.at("eventId").as_string()};
  auto const other = call("GET", target, {.tenant = "other"});
  auto const missing = call("GET", "/events/ana/" + new_uuid7(clock.now()), {.tenant = "other"});
  EXPECT_EQ(other.status, 404);
  EXPECT_EQ(other.body, missing.body);
  EXPECT_EQ(call("GET", "/events/ben/" + std::string{created.at("eventId").as_string()}).status, 404);
  EXPECT_EQ(call_json("GET", "/events/ana", {.tenant = "other"}).at("events").as_array().size(), 0U);
  EXPECT_EQ(call_json("GET", "/events", {.tenant = "other"}).at("events").as_array().size(), 0U);
  EXPECT_EQ(call("GET", "/events", {.role = "member"}).status, 403);
  EXPECT_EQ(call("GET", "/events?format=ndjson", {.role = "member"}).status, 403);
}

TEST_F(EventRoutes, A13_AnotherTenantMayUseTheSameIdUserAndType) {
  auto const body =
      fmt::format(R"({{"eventId":"{}","userId":"ana","eventType":"x"}})", new_uuid7(clock.now()));
  EXPECT_EQ(post(body).status, 201);
  auto const other = post(body, {.tenant = "other"});
  EXPECT_EQ(other.status, 201);
  EXPECT_EQ(json::parse(other.body).at("sequence"), 1);
}

TEST_F(EventRoutes, E6_TextThatBreaksLinesTerminalsOrJsonIsRefusedOrEncoded) {
  for (auto const* bad : {"a\\nb", "\\u001b[31m", "\\u202e", "\\u0000", "\\u2028", " a", "\\u0085"}) {
    EXPECT_EQ(post(fmt::format(R"({{"userId":"{}","eventType":"x"}})", bad)).status, 400) << bad;
    EXPECT_EQ(post(fmt::format(R"({{"userId":"a","eventType":"{}"}})", bad)).status, 400) << bad;
  }
  ASSERT_EQ(post(R"({"userId":"\",\"x\":\"","eventType":"}\n{","details":{}})").status, 400);
  ASSERT_EQ(post(R"({"userId":"\",\"x\":\"","eventType":"},{","details":{"\n":"\u001b\u202e\r\n"}})").status,
            201);
  auto const exported = text_of(call("GET", "/events?format=ndjson"));
  EXPECT_EQ(std::ranges::count(exported, '\n'), 2) << "a header and one event";
  EXPECT_EQ(exported.find('\x1b'), std::string::npos);
  EXPECT_EQ(exported.find('\r'), std::string::npos);
  auto text = std::stringstream{exported};
  EXPECT_TRUE(verify_export(text, key.public_key()).ok());
}

}  // namespace
}  // namespace hoist::events
