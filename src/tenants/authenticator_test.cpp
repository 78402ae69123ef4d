#include "tenants/authenticator.hpp"

#include <set>

#include "base/hash.hpp"
#include "base/try.hpp"
#include "tenants/testing.hpp"

namespace hoist::tenants {
namespace {

class AuthenticatorTest : public TenantsFixture {
 protected:
  void expect_refused(std::string const& credential, std::string_view slug) {
    auto const result = authenticate(credential);
    ASSERT_FALSE(result) << credential;
    EXPECT_EQ(result.error().code(), Code::unauthenticated);
    EXPECT_EQ(result.error().slug(), slug) << result.error().cause();
  }
  // As another process would do it: this one is not told.
  void revoke_elsewhere(std::string const& key_id) {
    ASSERT_TRUE(hoist::testing::write_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      auto const revoked = revoke_key(tx, TenantId{"acme"}, key_id);
      return revoked ? Result<void>{} : std::unexpected{revoked.error()};
    }));
  }
};

TEST_F(AuthenticatorTest, AnApiKeyActsAsItsMakerWithTheKeysRole) {
  auto const made = new_key(Role::member);
  auto const caller = authenticate(made.text);
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ(caller->tenant.str(), "acme");
  EXPECT_EQ(caller->user.str(), "ana");
  EXPECT_EQ(caller->role, Role::member);
  EXPECT_EQ(caller->credential_id, made.key.id);
  EXPECT_FALSE(caller->expires_at);
}

TEST_F(AuthenticatorTest, A6_AnApiKeyHasOneSpelling) {
  auto const text = new_key(Role::admin).text;
  auto const refused = [&](std::string const& changed) { expect_refused(changed, "key_invalid"); };
  for (auto const& end : {"=", "A", " ", "\n", "_"}) refused(text + end);
  refused(text.substr(0, text.size() - 1));
  refused("hk_");
  refused("hk_acme._");
  refused("hk_other" + text.substr(text.find('.')));
  refused("hk_ACME" + text.substr(text.find('.')));
  refused("hk_acme.0000000000000000" + text.substr(text.find('_', 3)));
  for (std::size_t i = 3; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    refused(changed);
  }
  EXPECT_TRUE(authenticate(text));
}

TEST_F(AuthenticatorTest, O1_TheDatabaseHoldsNoSecret) {
  auto const text = new_key(Role::admin).text;
  auto const secret = text.substr(text.find('_', 3) + 1);
  ASSERT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
    auto const rows = tx.query("SELECT secret_sha256 FROM api_keys WHERE tenant = $1", {std::string{"acme"}});
    EXPECT_EQ(rows->at(0).text(0), hex(sha256(*unbase64url(secret))));
    auto const trail = audit_.list(tx, TenantId{"acme"}, {});
    for (auto const& record : *trail)
      EXPECT_EQ((record.subject + json::serialize(record.details)).find(secret), std::string::npos);
    return {};
  }));
}

TEST_F(AuthenticatorTest, A15_AKeyRevokedHereIsDeadAtOnce) {
  auto const made = new_key(Role::member);
  ASSERT_TRUE(authenticate(made.text));
  ASSERT_TRUE(run_to_end<void>([&] { return service_.revoke_key(admin(), TenantId{"acme"}, made.key.id); }));
  expect_refused(made.text, "key_invalid");
}

TEST_F(AuthenticatorTest, A15_AKeyRevokedElsewhereIsDeadWithinASecond) {
  auto const made = new_key(Role::member);
  ASSERT_TRUE(authenticate(made.text));
  revoke_elsewhere(made.key.id);
  clock_.advance(999ms);
  expect_refused(made.text, "key_invalid");
}

TEST_F(AuthenticatorTest, AKeyEndsByItselfWithinASecondOfItsTime) {
  auto const made = run_to_end<NewKey>(
      [&] { return service_.create_key(admin(), TenantId{"acme"}, "ci", Role::member, 1h); });
  ASSERT_TRUE(made);
  auto const caller = authenticate(made->text);
  ASSERT_TRUE(caller);
  clock_.advance(1h - 1s);
  ASSERT_TRUE(authenticate(made->text));
  clock_.advance(1s + 500ms);
  expect_refused(made->text, "key_invalid");
  auto const open = run_to_end<void>([&] { return authenticator_.still_valid(*caller, deadline_in(10s)); });
  EXPECT_FALSE(open) << "a connection that it opened ends too";
}

TEST_F(AuthenticatorTest, A15_ARevokedTokenIsDeadAndOthersOfTheUserLive) {
  auto const stolen = token(Role::admin);
  auto const kept = token(Role::admin);
  auto const caller = authenticate(stolen);
  ASSERT_TRUE(caller);
  ASSERT_TRUE(authenticate(kept));
  ASSERT_TRUE(run_to_end<void>([&] { return operator_.revoke_token(*caller, deadline_in(10s)); }));
  clock_.advance(999ms);
  expect_refused(stolen, "token_invalid");
  EXPECT_TRUE(authenticate(kept));
  clock_.advance(2s);
  expect_refused(stolen, "token_invalid");
}

TEST_F(AuthenticatorTest, ATokenTheOperatorMintsIsInTheTrailAndOneForNobodyIsNotMade) {
  auto const mint = [&](std::string tenant) {
    auto const wanted = TokenRequest{TenantId{std::move(tenant)}, UserId{"ben"}, Role::member, 1h};
    return run_to_end<std::string>([&] { return operator_.mint_token(keys_, wanted, deadline_in(10s)); });
  };
  auto const minted = mint("acme");
  ASSERT_TRUE(minted);
  auto const caller = authenticate(*minted);
  ASSERT_TRUE(caller);
  EXPECT_EQ(mint("nobody").error().code(), Code::not_found);
  ASSERT_TRUE(hoist::testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const trail, audit_.list(tx, TenantId{"acme"}, {}));
    EXPECT_EQ(trail.at(0).action, "token.minted");
    EXPECT_EQ(trail.at(0).actor, "operator");
    EXPECT_EQ(trail.at(0).subject, caller->credential_id);
    EXPECT_EQ(trail.at(0).details.at("user"), "ben");
    EXPECT_EQ(trail.at(0).details.at("role"), "member");
    TRY(auto const none, audit_.list(tx, TenantId{"nobody"}, {}));
    EXPECT_TRUE(none.empty());
    return {};
  }));
}

TEST_F(AuthenticatorTest, A15_AnOpenConnectionSeesItsCredentialEnd) {
  auto const valid = [&](Caller const& caller) {
    return run_to_end<void>([&] { return authenticator_.still_valid(caller, deadline_in(10s)); }).has_value();
  };
  auto const made = new_key(Role::member);
  auto const by_key = *authenticate(made.text);
  auto const by_token = *authenticate(token(Role::viewer));
  auto const revoked = *authenticate(token(Role::viewer));
  EXPECT_TRUE(valid(by_key));
  EXPECT_TRUE(valid(by_token));
  revoke_elsewhere(made.key.id);
  EXPECT_FALSE(valid(by_key));
  ASSERT_TRUE(run_to_end<void>([&] { return operator_.revoke_token(revoked, deadline_in(10s)); }));
  EXPECT_FALSE(valid(revoked));
  clock_.advance(1h + token_skew_max);
  EXPECT_FALSE(valid(by_token));
}

TEST_F(AuthenticatorTest, A5_AnExpiredTokenIsRefusedThoughItIsCached) {
  auto const short_lived = token(Role::viewer);
  ASSERT_TRUE(authenticate(short_lived));
  clock_.advance(1h + token_skew_max - 1s);
  ASSERT_TRUE(authenticate(short_lived));
  clock_.advance(1s);
  expect_refused(short_lived, "token_expired");
}

TEST_F(AuthenticatorTest, ATokenOfATenantThatDoesNotExistIsRefused) {
  expect_refused(token(Role::admin, "ana", "nobody"), "token_invalid");
}

TEST_F(AuthenticatorTest, MoreCredentialsThanTheCacheHoldsStillWork) {
  auto small = Authenticator{keys_, nullptr, *database_, clock_, {.cached_max = 16}};
  for (auto i = 0; i < 100; ++i) {
    auto const text = token(Role::viewer, fmt::format("user {}", i));
    for (auto repeat = 0; repeat < 2; ++repeat)
      EXPECT_TRUE(run_to_end<Caller>([&] { return small.authenticate(text, deadline_in(10s)); }));
  }
}

TEST_F(AuthenticatorTest, TheHundredAndFirstKeyIsRefusedUntilOneIsRevoked) {
  auto first = new_key(Role::viewer);
  for (auto i = 1; i < active_keys_max; ++i) (void)new_key(Role::viewer);
  auto const create = [&] {
    return run_to_end<NewKey>(
        [&] { return service_.create_key(admin(), TenantId{"acme"}, "more", Role::viewer); });
  };
  auto const refused = create();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::conflict);
  revoke_elsewhere(first.key.id);
  EXPECT_TRUE(create());
}

}  // namespace
}  // namespace hoist::tenants
