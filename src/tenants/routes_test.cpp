#include "tenants/routes.hpp"

#include "support/allow_gate.hpp"
#include "support/text_source.hpp"
#include "tenants/testing.hpp"

namespace hoist::tenants {
namespace {

struct Asked {
  std::string role = "admin";
  std::string tenant = "acme";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> query = {};
};

class TenantRoutesTest : public TenantsFixture {
 protected:
  TenantRoutesTest() { add_routes(router_, service_); }

  net::Response call(std::string const& method, std::string const& path, Asked asked = {}) {
    auto request = net::Request{};
    request.method = method;
    request.target = request.path = path;
    request.query = std::move(asked.query);
    request.headers.add("x-test-role", asked.role);
    request.headers.add("x-test-tenant", asked.tenant);
    if (!asked.body.empty()) {
      request.headers.add("Content-Type", "application/json");
      request.content_length = static_cast<std::int64_t>(asked.body.size());
      request.stream = std::make_shared<hoist::testing::TextSource>(std::move(asked.body));
    }
    request.request_id = "r1";
    request.deadline = deadline_in(10s);
    auto response = run_to_end<net::Response>(
        [&]() -> Async<net::Response> { co_return co_await router_.handle(std::move(request)); });
    return std::move(*response);
  }
  json::object call_json(std::string const& method, std::string const& path, Asked asked = {}) {
    return json::parse(call(method, path, std::move(asked)).body).as_object();
  }
  std::vector<AuditRecord> trail(std::string const& tenant = "acme") {
    auto records = std::vector<AuditRecord>{};
    EXPECT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      records = *audit_.list(tx, TenantId{tenant}, {});
      return {};
    }));
    return records;
  }

  hoist::testing::AllowGate gate_;
  Metrics metrics_;
  net::Router router_{{}, gate_, metrics_};
};

TEST_F(TenantRoutesTest, ATenantShowsItsLimits) {
  auto const body = call_json("GET", "/tenants/acme", {.role = "viewer"});
  EXPECT_EQ(body.at("tenant").at("id"), "acme");
  EXPECT_EQ(body.at("tenant").at("limits").at("storage_bytes_max"), default_storage_bytes_max);
}

TEST_F(TenantRoutesTest, ATenantsOwnLimitsWinAndTheInstallationsMayChange) {
  auto own = NewTenant{};
  own.id = TenantId{"small"};
  own.name = "Small";
  own.storage_bytes_max = 5;
  ASSERT_TRUE(run_to_end<Tenant>([&] { return operator_.create(own, deadline_in(10s)); }));
  auto table = TenantTable{{.storage_bytes_max = 70, .files_max = 9}};
  ASSERT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
    EXPECT_EQ(table.limits(tx, TenantId{"small"})->storage_bytes_max, 5);
    EXPECT_EQ(table.limits(tx, TenantId{"small"})->files_max, 9);
    EXPECT_EQ(table.limits(tx, TenantId{"acme"})->storage_bytes_max, 70);
    EXPECT_EQ(table.limits(tx, TenantId{"nobody"}).error().code(), Code::not_found);
    return {};
  }));
}

TEST_F(TenantRoutesTest, ATenantsOwnTypesGoBeforeTheInstallations) {
  auto const standard = std::make_shared<FileTypes const>(FileTypes{{}, {".exe"}});
  auto table = TenantTable{{.storage_bytes_max = 70, .files_max = 9, .types = standard}};
  auto const types = [&] {
    auto found = FileTypes{};
    EXPECT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      found = *table.limits(tx, TenantId{"acme"})->types;
      return {};
    }));
    return found;
  };
  auto const set = [&](TypeLists lists) {
    return run_to_end<Tenant>([&] { return operator_.set_types(TenantId{"acme"}, lists, deadline_in(10s)); });
  };
  EXPECT_EQ(types().denied, std::vector<std::string>{".exe"});
  ASSERT_TRUE(set({.allowed = std::vector<std::string>{"Image/*"}, .denied = {}}));
  EXPECT_EQ(types().allowed, std::vector<std::string>{"image/*"});
  EXPECT_EQ(types().denied, std::vector<std::string>{".exe"});
  ASSERT_TRUE(set({.allowed = {}, .denied = std::vector<std::string>{}}));
  EXPECT_TRUE(types().denied.empty());
  EXPECT_EQ(set({.allowed = {}, .denied = std::vector<std::string>{"exe"}}).error().code(), Code::invalid);
  ASSERT_TRUE(set({}));
  EXPECT_EQ(types().denied, std::vector<std::string>{".exe"});
  auto const nobody =
      run_to_end<Tenant>([&] { return operator_.set_types(TenantId{"nobody"}, {}, deadline_in(10s)); });
  EXPECT_EQ(nobody.error().code(), Code::not_found);
}

TEST_F(TenantRoutesTest, M4_TheRuleForUnscannableFilesIsTheTenantsOwnElseTheInstallations) {
  auto const shown = [&] {
    return call_json("GET", "/tenants/acme").at("tenant").at("limits").at("unscannable");
  };
  auto const rule = [&](std::optional<bool> allow, std::string tenant = "acme") {
    return run_to_end<void>(
        [&] { return operator_.allow_unscannable(TenantId{tenant}, allow, deadline_in(10s)); });
  };
  EXPECT_EQ(shown(), "refuse");
  ASSERT_TRUE(rule(true));
  EXPECT_EQ(shown(), "allow");
  EXPECT_EQ(trail().at(0).action, "tenant.changed");
  ASSERT_TRUE(rule(std::nullopt));
  EXPECT_EQ(shown(), "refuse");
  EXPECT_EQ(rule(true, "nobody").error().code(), Code::not_found);
}

TEST_F(TenantRoutesTest, UsageWarnsFromEightyPercentOn) {
  usage_.now = {.bytes = default_storage_bytes_max / 100 * 80 - 1, .files = 3};
  auto body = call_json("GET", "/tenants/acme/usage", {.role = "viewer"});
  EXPECT_EQ(body.at("usage").at("storage_percent"), 79);
  EXPECT_EQ(body.at("usage").at("warning"), false);
  EXPECT_EQ(body.at("usage").at("files"), 3);
  usage_.now.bytes += 1;
  body = call_json("GET", "/tenants/acme/usage", {.role = "viewer"});
  EXPECT_EQ(body.at("usage").at("storage_percent"), 80);
  EXPECT_EQ(body.at("usage").at("warning"), true);
}

TEST_F(TenantRoutesTest, A8_AnotherTenantAnswersAsAMissingOneDoes) {
  for (auto const& [method, path, body] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"GET", "/tenants/{}", ""},
           {"GET", "/tenants/{}/usage", ""},
           {"GET", "/tenants/{}/audit", ""},
           {"GET", "/tenants/{}/keys", ""},
           {"POST", "/tenants/{}/keys", R"({"name":"ci"})"},
           {"DELETE", "/tenants/{}/keys/0000000000000000", ""}}) {
    auto const others = call(method, fmt::format(fmt::runtime(path), "other"), {.body = body});
    auto const missing = call(method, fmt::format(fmt::runtime(path), "nobody"), {.body = body});
    EXPECT_EQ(others.status, 404) << method << " " << path;
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(others.body, missing.body);
    EXPECT_EQ(others.headers.all(), missing.headers.all());
  }
}

TEST_F(TenantRoutesTest, A8_AnAttemptOnAnotherTenantIsInTheCallersTrailAlone) {
  auto const before = trail("other").size();
  (void)call("GET", "/tenants/other/audit");
  auto const newest = trail().front();
  EXPECT_EQ(newest.action, "audit.read");
  EXPECT_EQ(newest.subject, "other");
  EXPECT_EQ(newest.outcome, "refused");
  EXPECT_EQ(newest.request_id, "r1");
  EXPECT_EQ(trail("other").size(), before);
}

TEST_F(TenantRoutesTest, AKeyIsShownOnceListedWithoutItsSecretAndRevoked) {
  auto const created = call("POST", "/tenants/acme/keys", {.body = R"({"name":"ci","role":"viewer"})"});
  ASSERT_EQ(created.status, 201);
  EXPECT_EQ(created.headers.get("Cache-Control"), "no-store");
  auto const body = json::parse(created.body).as_object();
  auto const secret = std::string{body.at("secret").as_string()};
  auto const id = std::string{body.at("key").at("id").as_string()};
  ASSERT_TRUE(authenticate(secret));

  auto const listed = call("GET", "/tenants/acme/keys");
  EXPECT_EQ(listed.body.find(secret.substr(secret.find('_', 3))), std::string::npos);
  EXPECT_NE(listed.body.find(id), std::string::npos);

  EXPECT_EQ(call("DELETE", "/tenants/acme/keys/" + id).status, 204);
  EXPECT_EQ(call("DELETE", "/tenants/acme/keys/" + id).status, 204);
  EXPECT_FALSE(authenticate(secret));
  EXPECT_NE(call("GET", "/tenants/acme/keys").body.find("revoked_at"), std::string::npos);
  EXPECT_EQ(call("DELETE", "/tenants/acme/keys/0000000000000000").status, 404);

  auto const records = trail();
  EXPECT_EQ(records.at(0).action, "key.revoked");
  EXPECT_EQ(records.at(1).action, "key.created");
  EXPECT_EQ(records.at(1).subject, id);
}

TEST_F(TenantRoutesTest, A9_KeysAndTheTrailAreForAdmins) {
  for (auto const* role : {"viewer", "member"}) {
    EXPECT_EQ(call("POST", "/tenants/acme/keys", {.role = role, .body = R"({"name":"x"})"}).status, 403);
    EXPECT_EQ(call("GET", "/tenants/acme/keys", {.role = role}).status, 403);
    EXPECT_EQ(call("DELETE", "/tenants/acme/keys/0000000000000000", {.role = role}).status, 403);
    EXPECT_EQ(call("GET", "/tenants/acme/audit", {.role = role}).status, 403);
  }
  EXPECT_EQ(call_json("GET", "/tenants/acme/keys").at("keys").as_array().size(), 0U);
}

TEST_F(TenantRoutesTest, A9_FieldsNobodyOffersAreRefused) {
  for (auto const* body :
       {R"({"name":"ci","tenant_id":"other"})", R"({"name":"ci","acts_as":"ben"})",
        R"({"name":"ci","role":"root"})", R"({"name":""})", R"({"role":"admin"})", R"({"name":7})", "[]"})
    EXPECT_EQ(call("POST", "/tenants/acme/keys", {.body = body}).status, 400) << body;
  EXPECT_EQ(call_json("GET", "/tenants/acme/keys").at("keys").as_array().size(), 0U);
}

TEST_F(TenantRoutesTest, TheTrailPagesFromTheNewestAndRecordsItsReaders) {
  for (auto i = 0; i < 5; ++i) (void)new_key(Role::viewer);
  auto seen = std::vector<std::int64_t>{};
  auto asked = Asked{};
  asked.query = {{"action", "key.created"}, {"limit", "2"}};
  for (auto page = 0; page < 10; ++page) {
    auto const body = call_json("GET", "/tenants/acme/audit", asked);
    for (auto const& entry : body.at("entries").as_array()) seen.push_back(entry.at("seq").as_int64());
    if (!body.contains("next_cursor")) break;
    asked.query = {{"action", "key.created"},
                   {"limit", "2"},
                   {"cursor", std::string{body.at("next_cursor").as_string()}}};
  }
  EXPECT_EQ(seen, (std::vector<std::int64_t>{6, 5, 4, 3, 2}));
  EXPECT_EQ(trail().front().action, "audit.read");
  asked.query = {{"action", "key.created"}, {"limit", "5"}};
  auto const full = call_json("GET", "/tenants/acme/audit", asked);
  EXPECT_EQ(full.at("entries").as_array().size(), 5U);
  EXPECT_FALSE(full.contains("next_cursor")) << "a page that is full and the last";
}

TEST_F(TenantRoutesTest, E1_ForgedCursorsAndUnknownFiltersAreRefused) {
  for (auto const& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"cursor", "0"},
                                                        {"cursor", "-1"},
                                                        {"cursor", "1x"},
                                                        {"cursor", ""},
                                                        {"cursor", "9223372036854775808"},
                                                        {"limit", "0"},
                                                        {"limit", "201"},
                                                        {"from", "yesterday"},
                                                        {"tenant", "other"}})
    EXPECT_EQ(call("GET", "/tenants/acme/audit", {.query = {{name, value}}}).status, 400) << name << value;
  EXPECT_EQ(call("GET", "/tenants/acme/audit", {.query = {{"cursor", "9223372036854775807"}}}).status, 200);
}

TEST_F(TenantRoutesTest, TheFirstTenantIsMadeOnceAndFoundAgain) {
  auto const first = run_to_end<Tenant>([&] { return operator_.ensure_first(deadline_in(10s)); });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id.str(), "acme");
  auto empty = hoist::testing::inline_database();
  auto desk = Operator{{*empty, tenants_, audit_, clock_}};
  for (auto i = 0; i < 2; ++i) {
    auto const made = run_to_end<Tenant>([&] { return desk.ensure_first(deadline_in(10s)); });
    ASSERT_TRUE(made) << made.error().to_string();
    EXPECT_EQ(made->id.str(), "main");
  }
}

TEST_F(TenantRoutesTest, ATenantNeedsAFreeAndPlainName) {
  auto const create = [&](std::string const& id) {
    auto tenant = NewTenant{};
    tenant.id = TenantId{id};
    tenant.name = "Name";
    auto const made = run_to_end<Tenant>([&] { return operator_.create(tenant, deadline_in(10s)); });
    return made ? std::optional<Code>{} : made.error().code();
  };
  EXPECT_EQ(create("acme"), Code::conflict);
  for (auto const& id :
       {std::string{}, std::string{"A"}, std::string{"a/b"}, std::string{"../x"}, std::string(64, 'a')})
    EXPECT_EQ(create(id), Code::invalid) << id;
  EXPECT_EQ(create(std::string(63, 'a')), std::nullopt);
}

}  // namespace
}  // namespace hoist::tenants
