#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"
#include "uploads/ticket_routes.hpp"

namespace hoist::uploads {
namespace {

constexpr auto admin = "acme ana admin";
constexpr auto nobody = "nobody nobody viewer";  // what a gate says of a bearer does not matter

class UploadTicketsTest : public ::testing::Test {
 protected:
  static std::string wanted(std::string const& more = {}, int files = 3, int bytes = 100) {
    return fmt::format(R"({{"name":"Crew 7","project_id":"site-1","files_max":{},"bytes_max":{},)"
                       R"("lifetime_s":3600{}}})",
                       files, bytes, more);
  }
  static std::string file(int size = 5, std::string const& name = "a.jpg", std::string const& more = {}) {
    return fmt::format(R"({{"filename":"{}","content_type":"image/jpeg","size":{}{}}})", name, size, more);
  }
  json::value make(std::string const& body, std::string const& who = admin) {
    return world.ok(201, "POST", "/upload-tickets", body, who);
  }
  // The path of a new ticket.
  std::string path(std::string const& body = wanted()) { return "/t/" + text_of(make(body).at("secret")); }
  int upload(std::string const& at, std::string const& body = file()) {
    return world.call("POST", at + "/uploads", body, nobody).status;
  }
  std::string upload_id(std::string const& at, std::string const& body = file()) {
    return text_of(world.ok(201, "POST", at + "/uploads", body, nobody).at("upload").at("id"));
  }
  std::string code(std::string const& at, std::string const& body = file()) {
    return text_of(parse_json(world.call("POST", at + "/uploads", body, nobody).body)->at("code"));
  }
  World world;
};

TEST_F(UploadTicketsTest, ACrewWithoutAccountsSendsAFileAndSeesItArrive) {
  auto const at = path();
  auto const before = world.ok(200, "GET", at, {}, nobody);
  EXPECT_EQ(before.at("name"), "Crew 7");
  EXPECT_EQ(before.at("files_left"), 3);
  EXPECT_EQ(before.at("bytes_left"), 100);
  auto const created = world.ok(201, "POST", at + "/uploads", file(), nobody);
  auto const id = text_of(created.at("upload").at("id"));
  EXPECT_EQ(created.at("upload").at("status"), "PENDING");
  EXPECT_TRUE(created.at("transfer").at("url").is_string());
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(world.ok(200, "GET", at + "/uploads/" + id, {}, nobody).at("upload").at("status"), "COMPLETED");
  auto const after = world.ok(200, "GET", at, {}, nobody);
  EXPECT_EQ(after.at("files_left"), 2);
  EXPECT_EQ(after.at("bytes_left"), 95);
  auto const seen = world.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(seen.at("project_id"), "site-1");
  EXPECT_TRUE(text_of(seen.at("created_by")).starts_with("ticket:"));
}

TEST_F(UploadTicketsTest, FilesAndBytesEndTogetherWithTheGrantThatTakesTheLast) {
  auto const by_files = path(wanted({}, 2, 1000));
  EXPECT_EQ(upload(by_files), 201);
  EXPECT_EQ(upload(by_files, file(5, "b.jpg")), 201);
  EXPECT_EQ(upload(by_files, file(5, "c.jpg")), 403);
  EXPECT_EQ(code(by_files, file(5, "c.jpg")), "ticket_used_up");
  auto const by_bytes = path(wanted({}, 10, 10));
  EXPECT_EQ(upload(by_bytes, file(6)), 201);
  EXPECT_EQ(upload(by_bytes, file(5)), 403);
  EXPECT_EQ(upload(by_bytes, file(4)), 201);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(UploadTicketsTest, ARepeatByItsKeyCostsNothingAndOtherTicketsDoNotSeeIt) {
  auto const repeat = [&](std::string const& at) {
    auto headers = net::Headers{};
    headers.add("Idempotency-Key", "one");
    return text_of(
        world.ok(201, "POST", at + "/uploads", file(), nobody, std::move(headers)).at("upload").at("id"));
  };
  auto const mine = path();
  EXPECT_EQ(repeat(mine), repeat(mine));
  EXPECT_EQ(world.ok(200, "GET", mine, {}, nobody).at("files_left"), 2);
  EXPECT_NE(repeat(path()), repeat(mine));
}

TEST_F(UploadTicketsTest, AFreshUrlForAFileOnItsWayCostsNothing) {
  auto const at = path();
  auto const id = upload_id(at);
  auto const renewed = world.ok(200, "POST", at + "/uploads/" + id + "/transfer", {}, nobody);
  EXPECT_TRUE(renewed.at("transfer").at("url").is_string());
  EXPECT_EQ(world.ok(200, "GET", at, {}, nobody).at("files_left"), 2);
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(world.call("POST", at + "/uploads/" + id + "/transfer", {}, nobody).status, 409);
}

TEST_F(UploadTicketsTest, OnlyItsTypesAreTaken) {
  auto const at = path(wanted(R"(,"types":["image/*",".dwg"])"));
  EXPECT_EQ(upload(at), 201);
  EXPECT_EQ(upload(at, R"({"filename":"p.dwg","content_type":"application/octet-stream","size":5})"), 201);
  EXPECT_EQ(code(at, R"({"filename":"a.pdf","content_type":"application/pdf","size":5})"),
            "type_not_allowed");
  EXPECT_EQ(world.ok(200, "GET", at, {}, nobody).at("files_left"), 1);
}

TEST_F(UploadTicketsTest, A8_ATicketReachesItsOwnFilesAndNoOthers) {
  auto const at = path();
  auto const own = upload_id(at);
  auto const other_ticket = upload_id(path());
  auto const of_a_user = world.create();
  auto const of_a_tenant = world.create(5, "globex bob member");
  constexpr auto none = "0190a000-0000-7000-8000-000000000000";
  for (auto const* end : {"", "/transfer"}) {
    auto const ask = [&](std::string const& id) {
      return world.call(*end == 0 ? "GET" : "POST", at + "/uploads/" + id + end, {}, nobody);
    };
    EXPECT_EQ(ask(own).status, 200);
    for (auto const& foreign : {other_ticket, of_a_user, of_a_tenant}) {
      EXPECT_EQ(ask(foreign).status, 404);
      EXPECT_EQ(ask(foreign).body, ask(none).body);
    }
  }
  EXPECT_EQ(world.call("GET", at + "/uploads", {}, nobody).status, 405) << "not even its own are listed";
  EXPECT_EQ(world.call("GET", at + "/projects", {}, nobody).status, 404);
}

TEST_F(UploadTicketsTest, ItLearnsNothingOfWhatOthersHaveStored) {
  auto const sum = hex(sha256("hello"));
  auto const with_sum = fmt::format(R"(,"checksum":{{"algorithm":"sha256","value":"{}"}})", sum);
  auto const theirs =
      text_of(world
                  .ok(201, "POST", "/uploads",
                      R"({"project_id":"site-1","filename":"a.jpg","content_type":"image/jpeg","size":5)" +
                          with_sum + "}")
                  .at("upload")
                  .at("id"));
  ASSERT_TRUE(world.put_upload(theirs));
  ASSERT_TRUE(world.process(theirs));
  auto const created = world.ok(201, "POST", path() + "/uploads", file(5, "a.jpg", with_sum), nobody);
  EXPECT_NE(text_of(created.at("upload").at("id")), theirs);
  EXPECT_TRUE(created.at("transfer").is_object()) << "it has to send the bytes that it claims to have";
}

TEST_F(UploadTicketsTest, A15_RevokedOrEndedItIsDeadAtOnceAndAnswersAsOneThatNeverWas) {
  auto const made = make(wanted());
  auto const at = "/t/" + text_of(made.at("secret"));
  auto const id = text_of(made.at("ticket").at("id"));
  auto const file_id = upload_id(at);
  auto const ended = path();
  auto const never = world.call("GET", "/t/acme.0000000000000000_" + std::string(43, 'A'), {}, nobody);
  EXPECT_EQ(never.status, 404);
  EXPECT_EQ(world.call("DELETE", "/upload-tickets/" + id, {}, admin).status, 204);
  EXPECT_EQ(world.call("DELETE", "/upload-tickets/" + id, {}, admin).status, 204) << "again is no error";
  world.clock.advance(std::chrono::hours{1});
  for (auto const& dead : {at, ended}) {
    EXPECT_EQ(world.call("GET", dead, {}, nobody).body, never.body);
    EXPECT_EQ(upload(dead), 404);
    EXPECT_EQ(world.call("GET", dead + "/uploads/" + file_id, {}, nobody).status, 404);
    EXPECT_EQ(world.call("POST", dead + "/uploads/" + file_id + "/transfer", {}, nobody).status, 404);
  }
}

TEST_F(UploadTicketsTest, A6_ItHasOneSpelling) {
  auto const at = path();
  auto const text = at.substr(3);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(world.call("GET", "/t/" + changed, {}, nobody).status, 404) << changed;
  }
  for (auto const& other :
       {text + "A", text + "=", text.substr(0, text.size() - 1), "globex" + text.substr(4),
        "acme%23audit" + text.substr(4), std::string{"x"}, std::string{"._"}})
    EXPECT_EQ(world.call("GET", "/t/" + other, {}, nobody).status, 404) << other;
  EXPECT_EQ(world.call("GET", at, {}, nobody).status, 200);
}

TEST_F(UploadTicketsTest, TheListBeginsWithThoseThatCanBeUsed) {
  auto const usable = text_of(make(wanted()).at("ticket").at("id"));
  auto const later = text_of(make(wanted()).at("ticket").at("id"));
  ASSERT_EQ(world.call("DELETE", "/upload-tickets/" + later, {}, admin).status, 204);
  auto const listed = world.ok(200, "GET", "/upload-tickets", {}, admin).at("tickets").as_array();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(text_of(listed.at(0).at("id")), usable);
  EXPECT_EQ(text_of(listed.at(1).at("id")), later);
}

TEST_F(UploadTicketsTest, A9_OnlyAnAdminMakesListsAndRevokesThemAndOnlyThoseOfTheTenant) {
  auto const id = text_of(make(wanted()).at("ticket").at("id"));
  auto const list = [&](std::string const& who) {
    return world.ok(200, "GET", "/upload-tickets", {}, who).at("tickets").as_array().size();
  };
  EXPECT_EQ(list(admin), 1U);
  EXPECT_EQ(list("globex bob admin"), 0U);
  EXPECT_EQ(world.call("DELETE", "/upload-tickets/" + id, {}, "globex bob admin").status, 404);
  EXPECT_EQ(list(admin), 1U);
  auto routes = 0;
  for (auto const& route : world.router.routes())
    if (route.pattern.starts_with("/upload-tickets")) {
      EXPECT_EQ(route.role_min, Role::admin);
      ++routes;
    }
  EXPECT_EQ(routes, 3);
}

TEST_F(UploadTicketsTest, A9_WhatIsAskedForIsCheckedAndNothingElseIsTaken) {
  for (auto const& body :
       {wanted(R"(,"files_used":0)"), wanted({}, 0), wanted({}, 10'001), wanted({}, 1, 0),
        wanted(R"(,"types":["exe"])"), wanted(R"(,"types":"image/*")"),
        std::string{R"({"name":"n","project_id":"..","files_max":1,"bytes_max":1,"lifetime_s":60})"},
        std::string{R"({"name":"n","project_id":"p","files_max":1,"bytes_max":1,"lifetime_s":59})"},
        std::string{R"({"name":"n","project_id":"p","files_max":1,"bytes_max":1,"lifetime_s":7776001})"}})
    EXPECT_EQ(world.call("POST", "/upload-tickets", body, admin).status, 400) << body;
  auto const at = path();
  for (auto const* more : {R"(,"project_id":"other")", R"(,"tenant":"globex")", R"(,"status":"COMPLETED")"})
    EXPECT_EQ(upload(at, file(5, "a.jpg", more)), 400) << more;
}

TEST_F(UploadTicketsTest, O1_TheDatabaseAndTheTrailHoldNoSecret) {
  auto const text = text_of(make(wanted()).at("secret"));
  auto const secret = text.substr(text.find('_') + 1);
  ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows,
        tx.query("SELECT secret_sha256, name FROM upload_tickets WHERE tenant = $1", {std::string{"acme"}}));
    EXPECT_EQ(rows.at(0).text(0), hex(sha256(*unbase64url(secret))));
    TRY(auto const trail, world.audit.list(tx, TenantId{"acme"}, {}));
    EXPECT_EQ(trail.at(0).action, "upload_ticket.created");
    for (auto const& record : trail)
      EXPECT_FALSE((record.subject + json::serialize(record.details)).contains(secret));
    return {};
  }));
}

TEST(UploadTicketRace, ThirtyAtOnceTakeWhatIsLeftAndNoMore) {
  auto world = World{{}, testing::TestDatabase::Kind::file};
  auto const made =
      world.ok(201, "POST", "/upload-tickets",
               R"({"name":"n","project_id":"p","files_max":10,"bytes_max":1000,"lifetime_s":60})", admin);
  auto const target = "/t/" + text_of(made.at("secret")) + "/uploads";
  auto granted = std::atomic<int>{0};
  auto threads = std::vector<std::thread>{};
  for (auto i = 0; i < 30; ++i)
    threads.emplace_back([&, i] {
      auto const body = fmt::format(R"({{"filename":"{}.jpg","content_type":"image/jpeg","size":5}})", i);
      granted += world.call("POST", target, body, nobody).status == 201 ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(granted, 10);
}

}  // namespace
}  // namespace hoist::uploads
