#include "tenants/access_gate.hpp"

#include "base/try.hpp"
#include "net/address.hpp"
#include "tenants/testing.hpp"

namespace hoist::tenants {
namespace {

class GateTest : public TenantsFixture {
 protected:
  struct Outcome {
    Result<Caller> caller;
    net::Headers headers;
  };

  static net::Route route(std::optional<Role> role_min, net::RateClass rate = net::RateClass::plain) {
    auto made = net::Route{};
    made.method = "GET";
    made.pattern = "/things";
    made.role_min = role_min;
    made.rate = rate;
    return made;
  }
  static net::Request request(std::string const& credential, std::string address = "192.0.2.1") {
    auto made = net::Request{};
    if (!credential.empty()) made.headers.add("Authorization", "Bearer " + credential);
    made.remote_address = std::move(address);
    made.deadline = deadline_in(10s);
    return made;
  }
  Outcome admit(net::Request const& asked, net::Route const& on, AccessGate::Options options = {}) {
    auto gate =
        AccessGate{{authenticator_, tickets_, languages_, limiter_, *database_, audit_, clock_}, options};
    auto headers = net::Headers{};
    auto caller = run_to_end<Caller>([&] { return gate.admit(asked, on, headers); });
    return {std::move(caller), std::move(headers)};
  }
  int allowed_of(int tries, net::Request const& asked, net::Route const& on,
                 AccessGate::Options options = {}) {
    auto count = 0;
    for (auto i = 0; i < tries; ++i) count += admit(asked, on, options).caller ? 1 : 0;
    return count;
  }
  void expect_refused(net::Request const& asked, std::string_view slug, net::Route const& on) {
    auto const outcome = admit(asked, on);
    ASSERT_FALSE(outcome.caller);
    EXPECT_EQ(outcome.caller.error().code(), Code::unauthenticated);
    EXPECT_EQ(outcome.caller.error().slug(), slug) << outcome.caller.error().cause();
    EXPECT_TRUE(outcome.headers.get("WWW-Authenticate").starts_with("Bearer"));
  }
};

TEST_F(GateTest, A9_EachRoleMayDoWhatItIsForAndWhatThoseBeforeItMay) {
  constexpr auto roles = std::array{Role::viewer, Role::member, Role::admin};
  for (auto const held : roles) {
    for (auto const needed : roles) {
      for (auto const& credential : {token(held), new_key(held).text}) {
        auto const outcome = admit(request(credential), route(needed));
        EXPECT_EQ(outcome.caller.has_value(), held >= needed)
            << to_string(held) << " on a route for " << to_string(needed);
        if (!outcome.caller) EXPECT_EQ(outcome.caller.error().code(), Code::forbidden);
      }
    }
  }
}

TEST_F(GateTest, A8_AHeaderThatNamesAnotherTenantIsRefusedAndRecorded) {
  auto const on = route(Role::viewer);
  auto const naming = [&](std::vector<std::string> const& tenants) {
    auto asked = request(token(Role::viewer));
    asked.request_id = "r7";
    for (auto const& tenant : tenants) asked.headers.add("x-tenant-ID", tenant);
    return admit(asked, on);
  };
  EXPECT_TRUE(naming({"acme"}).caller);
  EXPECT_TRUE(naming({"acme", "acme"}).caller);
  for (auto const& tenants : std::vector<std::vector<std::string>>{
           {"other"}, {"acme", "other"}, {"other", "acme"}, {""}, {"ACME"}, {"acme "}, {"acme, acme"}}) {
    auto const outcome = naming(tenants);
    ASSERT_FALSE(outcome.caller) << tenants.front();
    EXPECT_EQ(outcome.caller.error().code(), Code::forbidden);
    EXPECT_EQ(outcome.caller.error().slug(), "tenant_mismatch");
  }
  ASSERT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const trail, audit_.list(tx, TenantId{"acme"}, {.action = "tenant.header_refused"}));
    EXPECT_EQ(trail.size(), 7U);
    EXPECT_EQ(trail.back().subject, "other");
    EXPECT_EQ(trail.back().outcome, "refused");
    EXPECT_EQ(trail.back().actor, "ana");
    EXPECT_EQ(trail.back().request_id, "r7");
    EXPECT_EQ(trail.back().address, "192.0.2.1");
    TRY(auto const theirs, audit_.list(tx, TenantId{"other"}, {.action = "tenant.header_refused"}));
    EXPECT_TRUE(theirs.empty());
    return {};
  }));
}

TEST_F(GateTest, TheCallerCarriesTheAddressOfTheRequest) {
  auto const outcome = admit(request(token(Role::viewer)), route(Role::viewer));
  ASSERT_TRUE(outcome.caller);
  EXPECT_EQ(outcome.caller->address, "192.0.2.1");
}

TEST_F(GateTest, ATicketOpensAStreamOnceUnlessItsTokenWasRevoked) {
  auto stream = route(Role::viewer);
  stream.token_in_query = true;
  auto const caller = authenticate(token(Role::viewer));
  ASSERT_TRUE(caller);
  auto const asked_with_ticket = [&] {
    auto asked = request("");
    asked.query.emplace_back("ticket", tickets_.issue(*caller, Tickets::Purpose::stream)->text);
    return asked;
  };
  auto const asked = asked_with_ticket();
  auto const outcome = admit(asked, stream);
  ASSERT_TRUE(outcome.caller) << outcome.caller.error().to_string();
  EXPECT_EQ(outcome.caller->user, caller->user);
  expect_refused(asked, "ticket_invalid", stream);
  expect_refused(asked_with_ticket(), "token_missing", route(Role::viewer));
  auto two = asked_with_ticket();
  two.query.emplace_back("access_token", token(Role::viewer));
  expect_refused(two, "token_invalid", stream);

  auto const late = asked_with_ticket();
  ASSERT_TRUE(run_to_end<void>([&] { return operator_.revoke_token(*caller, deadline_in(10s)); }));
  expect_refused(late, "token_invalid", stream);
}

TEST_F(GateTest, OpenRoutesNeedNoCredentialAndNameNobody) {
  auto const outcome = admit(request(""), route(std::nullopt));
  ASSERT_TRUE(outcome.caller);
  EXPECT_TRUE(outcome.caller->tenant.empty());
  EXPECT_EQ(outcome.headers.get("RateLimit-Limit"), "1000");
}

TEST_F(GateTest, WithoutACredentialTheAnswerSaysHowToSendOne) {
  expect_refused(request(""), "token_missing", route(Role::viewer));
  EXPECT_EQ(admit(request(""), route(Role::viewer)).headers.get("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(admit(request("x"), route(Role::viewer)).headers.get("WWW-Authenticate"),
            "Bearer error=\"invalid_token\"");
}

TEST_F(GateTest, TheSchemeIsComparedWithoutCaseAndOthersAreRefused) {
  auto asked = request("");
  asked.headers.add("authorization", "bEaReR " + token(Role::viewer));
  EXPECT_TRUE(admit(asked, route(Role::viewer)).caller);
  for (auto const& value : {"Basic YTpi", "Bearer", "Bearer ", ""}) {
    auto other = request("");
    other.headers.add("Authorization", value);
    expect_refused(other, "token_invalid", route(Role::viewer));
  }
}

TEST_F(GateTest, TheTenantsOwnLanguageGoesAlong) {
  auto const asked = request(token(Role::viewer));
  EXPECT_FALSE(admit(asked, route(Role::viewer)).headers.has("Content-Language"));
  auto const set = [&](std::optional<Language> language, std::string tenant = "acme") {
    clock_.advance(5s);
    return run_to_end<void>(
        [&] { return operator_.set_language(TenantId{tenant}, language, deadline_in(10s)); });
  };
  ASSERT_TRUE(set(Language::spanish));
  EXPECT_EQ(admit(asked, route(Role::viewer)).headers.get("Content-Language"), "es");
  ASSERT_TRUE(set({}));
  EXPECT_FALSE(admit(asked, route(Role::viewer)).headers.has("Content-Language"));
  EXPECT_EQ(set(Language::spanish, "nobody").error().code(), Code::not_found);
}

TEST_F(GateTest, TwoCredentialsAreOneTooMany) {
  auto twice = request(token(Role::viewer));
  twice.headers.add("Authorization", "Bearer " + token(Role::viewer));
  expect_refused(twice, "token_invalid", route(Role::viewer));
  auto on_stream = route(Role::viewer);
  on_stream.token_in_query = true;
  auto both = request(token(Role::viewer));
  both.query.emplace_back("access_token", token(Role::viewer));
  expect_refused(both, "token_invalid", on_stream);
}

TEST_F(GateTest, ATokenInTheQueryCountsOnlyWhereTheRouteAllowsIt) {
  auto asked = request("");
  asked.query.emplace_back("access_token", token(Role::viewer));
  expect_refused(asked, "token_missing", route(Role::viewer));
  auto on_stream = route(Role::viewer);
  on_stream.token_in_query = true;
  EXPECT_TRUE(admit(asked, on_stream).caller);
}

TEST_F(GateTest, A15_AUserHasABudgetAMinuteWhateverTheAddress) {
  auto count = 0;
  for (auto i = 0; i < 130; ++i)
    count += admit(request(token(Role::viewer), fmt::format("192.0.2.{}", i)), route(Role::viewer))
                 .caller.has_value();
  EXPECT_EQ(count, 100);
  EXPECT_TRUE(admit(request(token(Role::viewer, "ben")), route(Role::viewer)).caller);
  EXPECT_TRUE(admit(request(token(Role::viewer, "ana", "other")), route(Role::viewer)).caller);
  clock_.advance(60s);
  EXPECT_EQ(allowed_of(130, request(token(Role::viewer)), route(Role::viewer)), 100);
}

TEST_F(GateTest, A15_FiftyKeysShareOneBudget) {
  auto count = 0;
  for (auto i = 0; i < 50; ++i)
    count += allowed_of(4, request(new_key(Role::viewer).text), route(Role::viewer));
  EXPECT_EQ(count, 100);
}

TEST_F(GateTest, AnAddressHasABudgetAMinuteWhoeverTheUser) {
  auto count = 0;
  for (auto i = 0; i < 1100; ++i)
    count += admit(request(token(Role::viewer, fmt::format("user {}", i % 20))), route(Role::viewer))
                 .caller.has_value();
  EXPECT_EQ(count, 1000);
}

TEST_F(GateTest, FailedAttemptsAreCountedAgainstTheAddress) {
  auto const options = AccessGate::Options{.per_address = {.limit = 20}};
  for (auto i = 0; i < 20; ++i) {
    auto const outcome = admit(request(fmt::format("guess{}", i)), route(Role::viewer), options);
    EXPECT_EQ(outcome.caller.error().code(), Code::unauthenticated);
  }
  auto const outcome = admit(request(token(Role::viewer)), route(Role::viewer), options);
  ASSERT_FALSE(outcome.caller);
  EXPECT_EQ(outcome.caller.error().code(), Code::throttled);
}

TEST_F(GateTest, A15_AWalkThroughAnIpv6NetworkIsOneAddress) {
  auto const options = AccessGate::Options{.per_address = {.limit = 20}};
  auto count = 0;
  for (auto i = 0; i < 60; ++i)
    count +=
        admit(request("", fmt::format("2001:db8:1:2:{:x}::{:x}", i * 7, i)), route(std::nullopt), options)
            .caller.has_value();
  EXPECT_EQ(count, 20);
  EXPECT_TRUE(admit(request("", "2001:db8:1:3::1"), route(std::nullopt), options).caller);
}

TEST_F(GateTest, A15_SpellingsOfAnAddressAreOneAddress) {
  using net::address_group;
  EXPECT_EQ(address_group("2001:DB8:0:0:0:0:0:1"), address_group("2001:db8::ffff"));
  EXPECT_EQ(address_group("fe80::1%eth0"), address_group("fe80::2"));
  EXPECT_EQ(address_group("::ffff:192.0.2.7"), address_group("192.0.2.7"));
  EXPECT_NE(address_group("::ffff:192.0.2.7"), address_group("::ffff:192.0.2.8"));
  EXPECT_NE(address_group("192.0.2.7"), address_group("192.0.2.8"));
  EXPECT_NE(address_group("2001:db8:0:1::1"), address_group("2001:db8:0:2::1"));
}

TEST_F(GateTest, A15_ATenantHasABudgetAMinuteHoweverManyItsUsers) {
  auto const options = AccessGate::Options{.per_tenant = {.limit = 20}};
  auto count = 0;
  for (auto i = 0; i < 30; ++i)
    count += admit(request(token(Role::viewer, fmt::format("user {}", i))), route(Role::viewer), options)
                 .caller.has_value();
  EXPECT_EQ(count, 20);
  EXPECT_TRUE(admit(request(token(Role::viewer, "ben", "other")), route(Role::viewer), options).caller);
}

TEST_F(GateTest, InitiationsHaveABudgetOfTheirOwn) {
  auto const start = route(Role::member, net::RateClass::initiate);
  EXPECT_EQ(allowed_of(70, request(token(Role::member)), start), 50);
  EXPECT_TRUE(admit(request(token(Role::member)), route(Role::viewer)).caller);
}

TEST_F(GateTest, TheHeadersShowTheTightestLimitAndARefusalSaysWhenToComeBack) {
  auto const start = route(Role::member, net::RateClass::initiate);
  auto const first = admit(request(token(Role::member)), start);
  EXPECT_EQ(first.headers.get("RateLimit-Limit"), "50");
  EXPECT_EQ(first.headers.get("RateLimit-Remaining"), "49");
  EXPECT_EQ(first.headers.get("RateLimit-Reset"), "2");
  (void)allowed_of(60, request(token(Role::member)), start);
  auto const refused = admit(request(token(Role::member)), start);
  ASSERT_FALSE(refused.caller);
  EXPECT_EQ(refused.caller.error().code(), Code::throttled);
  EXPECT_EQ(refused.caller.error().retry_after_s(), 2U);
  EXPECT_EQ(refused.headers.get("RateLimit-Remaining"), "0");
}

TEST_F(GateTest, O1_NoAnswerRepeatsTheCredential) {
  for (auto const& credential :
       {token(Role::viewer) + "x", new_key(Role::viewer).text + "x", std::string{"sentinel-7f3a"}}) {
    auto const outcome = admit(request(credential), route(Role::viewer));
    ASSERT_FALSE(outcome.caller);
    EXPECT_EQ(outcome.caller.error().to_string().find(credential), std::string::npos);
    EXPECT_EQ(outcome.caller.error().detail().find("signature"), std::string::npos);
  }
}

}  // namespace
}  // namespace hoist::tenants
