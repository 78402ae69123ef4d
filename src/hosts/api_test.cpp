// The routes that are served against the description that is published, and every route against
// every kind of caller.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/try.hpp"
#include "hosts/assets.hpp"
#include "hosts/server.hpp"
#include "support/text_source.hpp"
#include "tenants/key_ring.hpp"
#include "tenants/operator.hpp"
#include "tenants/tenant_table.hpp"

namespace hoist::hosts {
namespace {

constexpr auto some_id = "0190a000-0000-7000-8000-000000000000";

// Every test asks a server of each engine; one of each serves them all.
class Api : public ::testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    if (server()) return;
    auto sources = ConfigSources{};
    sources.settings = {"server.data=" + folder(),
                        "server.engine=" + std::string{GetParam()},
                        "server.listen=127.0.0.1:0",
                        "server.objects_listen=127.0.0.1:0",
                        "limits.requests_per_minute_per_ip=1000000",
                        "limits.requests_per_minute_per_user=1000000"};
    auto opened = Server::open(load_config(sources).value());
    ASSERT_TRUE(opened) << opened.error().to_string();
    server() = *std::move(opened);
    add_tenant("other");
  }
  static void TearDownTestSuite() {
    for (auto& [engine, server] : servers()) {
      if (!server) continue;
      auto const data = server->engine().path("");
      server.reset();
      std::filesystem::remove_all(data);
    }
    servers().clear();
  }
  static std::map<std::string_view, std::unique_ptr<Server>>& servers() {
    static auto all = std::map<std::string_view, std::unique_ptr<Server>>{};
    return all;
  }
  static std::unique_ptr<Server>& server() { return servers()[GetParam()]; }
  static std::string folder() {
    return ::testing::TempDir() + "/hoist-api-" + std::to_string(getpid()) + "-" + std::string{GetParam()};
  }
  static void add_tenant(std::string const& name) {
    auto body = std::function<Async<tenants::Tenant>()>{[&]() -> Async<tenants::Tenant> {
      auto wanted = tenants::NewTenant{TenantId{name}, name, std::nullopt, std::nullopt};
      auto const records = server()->engine().records();
      auto const table = tenants::TenantTable{};
      auto tenants = tenants::Operator{{records.database, table, records.audit, records.clock}};
      co_return co_await tenants.create(std::move(wanted), deadline_in(std::chrono::seconds{30}));
    }};
    ASSERT_TRUE(run_to_end<tenants::Tenant>(body));
  }

  static std::string token(std::string const& tenant, Role role) {
    auto const now = server()->engine().records().clock.now();
    auto const keys = tenants::KeyRing::load_or_create(server()->engine().path("keys/tokens"), now);
    return keys->mint(TenantId{tenant}, UserId{"tester"}, role, std::chrono::hours{1}, now);
  }

  static net::Response send(std::string method, std::string path, std::string const& bearer,
                            std::string body = "{}",
                            std::vector<std::pair<std::string, std::string>> const& headers = {}) {
    auto request = net::Request{};
    for (auto const& [name, value] : headers) request.headers.add(name, value);
    request.method = std::move(method);
    auto const question = path.find('?');
    request.target = path;
    request.path = path.substr(0, question);
    if (!bearer.empty()) request.headers.add("Authorization", "Bearer " + bearer);
    request.headers.add("Content-Type", "application/json");
    request.content_length = static_cast<std::int64_t>(body.size());
    request.stream = std::make_shared<hoist::testing::TextSource>(std::move(body));
    request.remote_address = "192.0.2.1";
    request.request_id = "test";
    request.deadline = deadline_in(std::chrono::seconds{30});
    auto answer = net::Response{};
    auto done = run_to_end<void>([&]() -> Async<> {
      answer = co_await server()->router().handle(std::move(request));
      co_return Result<void>{};
    });
    EXPECT_TRUE(done);
    return answer;
  }

  static bool is_asset(net::Route const& route) {
    if (route.pattern == "/" || route.pattern == "/docs" || route.pattern == "/console/config.json")
      return true;
    for (auto const& asset : all_assets())
      if (asset.path == route.pattern && asset.path != "/openapi.json") return true;
    return false;
  }

  static json::object description() {
    for (auto const& asset : all_assets())
      if (asset.path == "/openapi.json") return parse_json(asset.bytes, {.depth_max = 64})->get_object();
    return {};
  }

  // The pattern with every {name} replaced.
  static std::string fill(std::string pattern, std::string const& id) {
    for (auto open = pattern.find('{'); open != pattern.npos; open = pattern.find('{'))
      pattern.replace(open, pattern.find('}') - open + 1,
                      pattern.substr(open).starts_with("{size}") ? "256" : id);
    return pattern;
  }
};

TEST_P(Api, EveryRouteIsDescribedAndEveryDescriptionIsARoute) {
  auto served = std::set<std::string>{};
  for (auto const& route : server()->router().routes())
    if (!is_asset(route)) served.insert(route.method + " " + route.pattern);
  auto described = std::set<std::string>{};
  for (auto const& path : description().at("paths").get_object())
    for (auto const& method : path.value().get_object()) {
      auto name = std::string{method.key()};
      if (name == "parameters") continue;
      for (auto& c : name) c = static_cast<char>(std::toupper(c));
      described.insert(name + " " + std::string{path.key()});
    }
  EXPECT_EQ(served, described);
}

TEST_P(Api, TheDescriptionReadsWithoutAScript) {
  auto const page = send("GET", "/docs", "").body;
  for (auto const* part : {"<b>POST</b><code>/uploads</code>", "<b>GET</b><code>/events/{userId}</code>",
                           "<td>project_id *</td>"})
    EXPECT_TRUE(page.contains(part)) << part;
  EXPECT_FALSE(page.contains("<script"));
}

TEST_P(Api, FilesOfThePageAreSentPackedAndOnlyWhenTheyChanged) {
  auto const plain = send("GET", "/style.css", "");
  auto const packed = send("GET", "/style.css", "", "", {{"Accept-Encoding", "br, gzip;q=0.8"}});
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size() * 2, plain.body.size());
  EXPECT_FALSE(plain.headers.has("Content-Encoding"));
  for (auto const* refused : {"gzip;q=0", "br, gzip;q=0, deflate", "gzip;q=0.000"})
    EXPECT_FALSE(
        send("GET", "/style.css", "", "", {{"Accept-Encoding", refused}}).headers.has("Content-Encoding"))
        << refused;
  auto const again =
      send("GET", "/style.css", "", "", {{"If-None-Match", std::string{plain.headers.get("ETag")}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(send("GET", "/style.css", "", "", {{"If-None-Match", "W/\"older\""}}).status, 200);
}

TEST_P(Api, A8_WithoutACredentialEveryClosedRouteIs401) {
  auto checked = 0;
  for (auto const& route : server()->router().routes()) {
    if (!route.role_min) continue;
    EXPECT_EQ(send(route.method, fill(route.pattern, some_id), "").status, 401)
        << route.method << route.pattern;
    ++checked;
  }
  std::printf("closed routes: %d\n", checked);
  EXPECT_GT(checked, 20);
}

TEST_P(Api, A9_ARoleBelowTheRoutesIs403AndChangesNothing) {
  for (auto const& route : server()->router().routes()) {
    if (!route.role_min || *route.role_min == Role::viewer) continue;
    auto const below = *route.role_min == Role::admin ? Role::member : Role::viewer;
    EXPECT_EQ(send(route.method, fill(route.pattern, some_id), token("main", below)).status, 403)
        << route.method << route.pattern;
  }
}

// What another tenant has answers exactly as what no tenant has, on every route that names a thing.
TEST_P(Api, A8_AnotherTenantsThingAnswersAsAMissingOne) {
  auto const created = send("POST", "/uploads", token("main", Role::member),
                            R"({"project_id":"p","filename":"a","content_type":"text/plain","size":5})");
  ASSERT_EQ(created.status, 201) << created.body;
  auto const upload = std::string{parse_json(created.body)->at("upload").at("id").as_string().c_str()};
  auto const batch =
      send("POST", "/batches", token("main", Role::member),
           R"({"project_id":"p","files":[{"filename":"b","content_type":"text/plain","size":5}]})");
  auto const batch_id = std::string{parse_json(batch.body)->at("batch").at("id").as_string().c_str()};
  auto compared = 0;
  for (auto const& route : server()->router().routes()) {
    // A userId is a name of the caller's own choice, not a thing that another tenant may have.
    if (!route.role_min || route.pattern.find('{') == std::string::npos || route.pattern.contains("{userId}"))
      continue;
    for (auto const& theirs : {upload, batch_id, std::string{"main"}}) {
      auto const foreign = send(route.method, fill(route.pattern, theirs), token("other", Role::admin));
      auto const missing = send(route.method, fill(route.pattern, some_id), token("other", Role::admin));
      EXPECT_EQ(foreign.status, missing.status) << route.method << " " << route.pattern;
      EXPECT_EQ(foreign.body, missing.body) << route.method << " " << route.pattern;
      ++compared;
    }
  }
  EXPECT_EQ(send("GET", "/uploads/" + upload, token("main", Role::viewer)).status, 200)
      << "it is still there";
  std::printf("answers compared: %d\n", compared);
}

INSTANTIATE_TEST_SUITE_P(Engines, Api, ::testing::Values("embedded", "memory"),
                         [](auto const& param) { return std::string{param.param}; });

}  // namespace
}  // namespace hoist::hosts
