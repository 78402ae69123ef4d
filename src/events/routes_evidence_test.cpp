#include <sstream>

#include "events/routes_fixture.hpp"
#include "events/verify.hpp"

namespace hoist::events {
namespace {

class EvidenceRoutes : public EventRoutes {
 protected:
  static std::vector<std::string> path_of(json::object const& proof) {
    auto path = std::vector<std::string>{};
    for (auto const& hash : proof.at("path").as_array()) path.push_back(raw(hash));
    return path;
  }
  static std::string raw(json::value const& text) { return *unbase64url(std::string{text.as_string()}); }
};

TEST_F(EvidenceRoutes, ProofsAreCheckedWithNothingButTheKey) {
  auto const ids = record_many(7);
  auto const first = *sync(checkpoints.make(acme, soon()));
  record_many(6);
  ASSERT_TRUE(sync(checkpoints.make(acme, soon())));
  auto const public_key = raw(call_json("GET", "/event-key").at("publicKey"));
  EXPECT_EQ(public_key, key.public_key());

  auto const included = call_json("GET", "/event-proofs/inclusion?eventId=" + ids[3].str());
  auto const& latest = included.at("checkpoint").as_object();
  EXPECT_EQ(latest.at("size"), 13);
  EXPECT_TRUE(verify_inclusion(raw(included.at("leaf")), 3, 13, path_of(included), raw(latest.at("root"))));
  auto const earlier = call_json("GET", "/event-proofs/inclusion?size=7&eventId=" + ids[3].str());
  EXPECT_EQ(earlier.at("checkpoint").at("size"), 7);

  auto const consistent = call_json("GET", "/event-proofs/consistency?first=7&second=13");
  EXPECT_TRUE(verify_consistency(7, 13, first.root, raw(latest.at("root")), path_of(consistent)));
  EXPECT_EQ(consistent.at("first"), json::value(render(first)));

  auto const listed = call_json("GET", "/event-checkpoints?limit=1");
  EXPECT_EQ(listed.at("checkpoints").as_array().size(), 1U);
  EXPECT_EQ(listed.at("nextAfter"), 7);
  EXPECT_EQ(call_json("GET", "/event-checkpoints?after=7").at("checkpoints").at(0).at("size"), 13);
}

TEST_F(EvidenceRoutes, WrongQuestionsAreNamed) {
  record_many(2);
  ASSERT_TRUE(sync(checkpoints.make(acme, soon())));
  EXPECT_EQ(call("GET", "/event-proofs/inclusion").status, 400);
  EXPECT_EQ(call("GET", "/event-proofs/inclusion?eventId=x").status, 400);
  EXPECT_EQ(call("GET", "/event-proofs/inclusion?eventId=" + new_uuid7(clock.now())).status, 404);
  EXPECT_EQ(call("GET", "/event-proofs/consistency?first=2").status, 400);
  EXPECT_EQ(call("GET", "/event-proofs/consistency?first=3&second=2").status, 400);
  EXPECT_EQ(call("GET", "/event-proofs/consistency?first=1&second=2").status, 404);
  EXPECT_EQ(call("GET", "/event-checkpoints?after=-1").status, 400);
  EXPECT_EQ(call("POST", "/event-key").status, 405);
}

TEST_F(EvidenceRoutes, A8_ProofsOfAnotherTenantAreMissing) {
  auto const ids = record_many(2);
  ASSERT_TRUE(sync(checkpoints.make(acme, soon())));
  auto const other = Asked{.tenant = "other"};
  EXPECT_EQ(call("GET", "/event-proofs/inclusion?eventId=" + ids[0].str(), other).status, 404);
  EXPECT_EQ(call("GET", "/event-proofs/consistency?first=2&second=2", other).status, 404);
  EXPECT_EQ(call_json("GET", "/event-checkpoints", other).at("checkpoints").as_array().size(), 0U);
}

TEST_F(EvidenceRoutes, AnExportStreamsAndVerifiesAndIsInTheTrail) {
  record_many(1300);
  auto const response = call("GET", "/events?format=ndjson");
  EXPECT_EQ(response.headers.get("Content-Type"), "application/x-ndjson");
  ASSERT_NE(response.stream, nullptr);
  auto text = std::stringstream{text_of(response)};
  auto const report = verify_export(text, key.public_key());
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.events, 1300);
  EXPECT_EQ(trail().front().action, "events.exported");
  EXPECT_EQ(trail().front().actor, "tester");
  EXPECT_EQ(call("GET", "/events?format=ndjson&type=login").status, 400) << "with gaps it proves nothing";
  EXPECT_EQ(call("GET", "/events?format=ndjson", {.tenant = "empty"}).status, 404);
}

TEST_F(EvidenceRoutes, C7_NoCellOfACsvIsAFormula) {
  for (auto const* user : {"=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "a\"b,c"})
    record(event(user, "=type", {{"n", 1}}));
  auto const response = call("GET", "/events?format=csv&type=%3Dtype");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/csv; charset=utf-8");
  auto const text = text_of(response);
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
  for (auto const* cell : {",\"'=cmd|'/c calc'!A1\",", ",\"'+1\",", ",\"'-1\",", ",\"'@SUM(A1)\",",
                           ",\"a\"\"b,c\",", ",\"'=type\",", ",\"{\"\"n\"\":1}\""})
    EXPECT_NE(text.find(cell), std::string::npos) << cell << "\n" << text;
  EXPECT_EQ(csv_cell("\t=1"), "\"'\t=1\"");
}

TEST_F(EvidenceRoutes, ARedactionErasesIsAnEventAndIsInTheTrail) {
  auto const ids = record_many(3);
  auto const body = fmt::format(R"({{"eventIds":["{}"],"reason":"asked by the user"}})", ids[1].str());
  EXPECT_EQ(call("POST", "/event-redactions", {.body = body, .role = "member"}).status, 403);
  EXPECT_EQ(call_json("POST", "/event-redactions", {.body = body}).at("redacted"), 1);
  EXPECT_EQ(call_json("POST", "/event-redactions", {.body = body}).at("redacted"), 0) << "already done";
  EXPECT_TRUE(sync(details.get(acme, {ids[1]}, soon()))->at(ids[1]).redacted);
  EXPECT_EQ(call("GET", "/events/ana/" + ids[1].str()).status, 404);
  auto const events = call_json("GET", "/events").at("events").as_array();
  ASSERT_EQ(events.size(), 4U);
  EXPECT_TRUE(events[1].at("userId").is_null());
  EXPECT_EQ(events[1].at("details"), (json::value{{"status", "redacted"}}));
  EXPECT_EQ(events[3].at("eventType"), "event.redacted");
  auto const notice =
      fmt::format(R"({{"eventIds":["{}"],"reason":"x"}})", std::string{events[3].at("eventId").as_string()});
  EXPECT_EQ(call_json("POST", "/event-redactions", {.body = notice}).at("redacted"), 0) << "notices stay";
  EXPECT_EQ(trail().at(2).action, "events.redacted");
  for (auto const* bad : {R"({"eventIds":[],"reason":"x"})", R"({"eventIds":["x"],"reason":"x"})",
                          R"({"eventIds":[7],"reason":"x"})", R"({"reason":"x"})", R"({"eventIds":"x"})"})
    EXPECT_EQ(call("POST", "/event-redactions", {.body = bad}).status, 400) << bad;
}

TEST_F(EvidenceRoutes, ReadingTheTrailIsForAdminsAndInTheTrail) {
  EXPECT_EQ(call("GET", "/event-checkpoints?log=audit", {.role = "member"}).status, 403);
  auto const page = call_json("GET", "/events?log=audit");
  ASSERT_EQ(page.at("events").as_array().size(), 1U) << "the reading itself";
  auto const& entry = page.at("events").at(0);
  EXPECT_EQ(entry.at("eventType"), "audit.read");
  EXPECT_EQ(entry.at("details").at("requestId"), "r1");
  EXPECT_EQ(entry.at("details").at("credential"), "test");
  auto const tail = "/events?log=audit&cursor=" + std::string{page.at("tailCursor").as_string()};
  EXPECT_EQ(call_json("GET", tail).at("events").as_array().size(), 0U) << "a tail does not wake itself";
  auto text = std::stringstream{text_of(call("GET", "/events?log=audit&format=ndjson"))};
  auto const report = verify_export(text, key.public_key());
  EXPECT_TRUE(report.ok()) << report.problem;
  EXPECT_EQ(report.events, 2);
  EXPECT_EQ(report.checkpoint->tenant, audit_log_of(acme));
  EXPECT_EQ(all().size(), 0U) << "the tenant's own log is another";
}

TEST_F(EvidenceRoutes, RetentionIsSetByAdminsAndRead) {
  EXPECT_EQ(call_json("GET", "/event-retention").at("days"), 0);
  EXPECT_EQ(call("PUT", "/event-retention", {.body = R"({"days":30})", .role = "member"}).status, 403);
  EXPECT_EQ(call_json("PUT", "/event-retention", {.body = R"({"days":30})"}).at("days"), 30);
  EXPECT_EQ(call_json("GET", "/event-retention").at("days"), 30);
  EXPECT_EQ(call_json("GET", "/event-retention", {.tenant = "other"}).at("days"), 0);
  EXPECT_EQ(trail().front().action, "events.retention_changed");
  for (auto const* bad : {R"({"days":-1})", R"({"days":36501})", R"({"days":"1"})", "{}"})
    EXPECT_EQ(call("PUT", "/event-retention", {.body = bad}).status, 400) << bad;
}

}  // namespace
}  // namespace hoist::events
