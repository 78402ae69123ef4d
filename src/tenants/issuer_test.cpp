#include "tenants/issuer.hpp"

#include <atomic>
#include <fstream>
#include <map>

#include "base/hash.hpp"
#include "support/http_double.hpp"
#include "tenants/test_signer.hpp"
#include "tenants/testing.hpp"

namespace hoist::tenants {
namespace {

using Kind = TestSigner::Kind;
using Changes = std::map<std::string, std::string>;

// A sign-in service with a key of each kind, which it publishes in a file.
class IssuerTest : public TenantsFixture {
 protected:
  static constexpr auto name = "https://login.example.com/";

  IssuerTest() {
    std::filesystem::create_directories(folder_);
    publish({ed_.jwk("ed"), ec_.jwk("ec"), rsa_.jwk("rsa")});
    options_.name = name;
    options_.audience = "hoist-uploads";
    options_.keys = file_;
    open();
  }

  static std::string set_of(std::vector<std::string> const& keys) {
    return fmt::format(R"({{"keys":[{}]}})", fmt::join(keys, ","));
  }
  void publish(std::vector<std::string> const& keys) { std::ofstream{file_} << set_of(keys); }
  void open() { issuer_ = std::make_unique<Issuer>(options_, clock_); }

  std::string seconds_from_now(std::int64_t seconds) {
    return std::to_string(to_us(clock_.now()) / 1'000'000 + seconds);
  }
  // The claims of a good token, with `changes` as JSON; empty takes one away.
  std::string claims(Changes const& changes = {}) {
    auto members = Changes{{"iss", fmt::format(R"("{}")", name)},
                           {"aud", R"("hoist-uploads")"},
                           {"sub", R"("ana")"},
                           {"tenant", R"("acme")"},
                           {"role", R"("empleado")"},
                           {"exp", seconds_from_now(600)}};
    for (auto const& [member, value] : changes) members[member] = value;
    auto text = std::string{};
    for (auto const& [member, value] : members)
      if (!value.empty()) text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", member, value);
    return "{" + text + "}";
  }
  static std::string header(std::string const& algorithm, std::string const& key,
                            std::string const& more = {}) {
    return fmt::format(R"({{"alg":"{}","kid":"{}"{}}})", algorithm, key, more);
  }
  std::string good(Changes const& changes = {}) { return ec_.token(header("ES256", "ec"), claims(changes)); }

  Result<Caller> verify(std::string const& token) {
    return run_to_end<Caller>([&] { return issuer_->verify(token, clock_.now(), deadline_in(10s)); });
  }
  static std::string slug_of(Result<Caller> const& result) {
    return result ? "admitted" : std::string{result.error().slug()};
  }
  bool unavailable(std::string const& token) {
    auto const result = verify(token);
    return !result && result.error().code() == Code::unavailable;
  }
  bool accepted(std::string const& token) { return verify(token).has_value(); }
  void expect_refused(std::string const& token, std::string_view slug = "token_invalid") {
    auto const result = verify(token);
    ASSERT_FALSE(result) << token;
    EXPECT_EQ(result.error().code(), Code::unauthenticated) << result.error().to_string();
    EXPECT_EQ(result.error().slug(), slug) << result.error().cause();
  }

  // Made once: an RSA key takes its time.
  static inline TestSigner const ed_{Kind::eddsa};
  static inline TestSigner const ec_{Kind::es256};
  static inline TestSigner const rsa_{Kind::rs256};
  std::string file_ = folder_ + "/issuer-keys.json";
  Issuer::Options options_;
  std::unique_ptr<Issuer> issuer_;
};

TEST_F(IssuerTest, ATokenOfEachKindOfKeyNamesItsCaller) {
  for (auto const* signer : {&ed_, &ec_, &rsa_}) {
    auto const key = signer == &ed_ ? "ed" : signer == &ec_ ? "ec" : "rsa";
    auto const caller = verify(signer->token(header(signer->algorithm(), key), claims()));
    ASSERT_TRUE(caller) << caller.error().to_string() << caller.error().cause();
    EXPECT_EQ(caller->tenant.str(), "acme");
    EXPECT_EQ(caller->user.str(), "ana");
    EXPECT_EQ(caller->role, Role::member);
    EXPECT_EQ(to_us(*caller->expires_at) / 1'000'000, to_us(clock_.now()) / 1'000'000 + 600);
    EXPECT_EQ(caller->credential_id.size(), 32U);
  }
}

TEST_F(IssuerTest, A1_NoSpellingOfNoneIsAnAlgorithm) {
  auto const token = good();
  auto const body = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  auto const signature = token.substr(token.rfind('.') + 1);
  for (auto const* alg : {R"("none")", R"("None")", R"("NONE")", R"("nOnE")", R"("")", "null", R"(["ES256"])",
                          R"("ES256 ")", R"("es256")", "0"}) {
    auto const head = fmt::format(R"({{"alg":{},"kid":"ec"}})", alg);
    for (auto const& end : {std::string{}, std::string{"."}, "." + signature})
      expect_refused(base64url(head) + body + end);
    expect_refused(ec_.token(head, claims()));
  }
  expect_refused(ec_.token(R"({"kid":"ec"})", claims()));
}

TEST_F(IssuerTest, A2_APublicKeyIsNoSecret) {
  for (auto const* signer : {&ed_, &ec_, &rsa_}) {
    auto const key = signer == &ed_ ? "ed" : signer == &ec_ ? "ec" : "rsa";
    auto const pem = signer->public_pem();
    for (auto const& secret : {pem, std::string{trim(pem)}, std::string{trim(pem)} + "\r\n", signer->jwk(key),
                               std::string{key}, std::string{}}) {
      for (auto const& alg : {std::string{"HS256"}, signer->algorithm()}) {
        auto const text = base64url(header(alg, key)) + "." + base64url(claims());
        expect_refused(text + "." + base64url(hmac_sha256(secret, text)));
      }
    }
  }
}

TEST_F(IssuerTest, A2_TheAlgorithmBelongsToTheKey) {
  auto const signers = {std::pair{&ed_, "ed"}, std::pair{&ec_, "ec"}, std::pair{&rsa_, "rsa"}};
  for (auto const& [signer, own_name] : signers)
    for (auto const& [other, other_name] : signers) {
      auto const own = signer == other;
      EXPECT_EQ(accepted(signer->token(header(signer->algorithm(), other_name), claims())), own);
      EXPECT_EQ(accepted(signer->token(header(other->algorithm(), other_name), claims())), own);
      EXPECT_EQ(accepted(signer->token(header(other->algorithm(), own_name), claims())), own);
    }
  for (auto const* alg : {"RS384", "RS512", "PS256", "RSA1_5"})
    expect_refused(rsa_.token(header(alg, "rsa"), claims()));
}

TEST_F(IssuerTest, A3_OnlyNamesInTheSetAreKeys) {
  for (auto const& kid : {std::string{"../../secret"}, std::string{"/dev/null"}, file_,
                          std::string{"' OR '1'='1"}, std::string{"ec\\u0000"}, std::string{"EC"},
                          std::string{" ec"}, std::string(10'000, 'k'), std::string{}})
    expect_refused(ec_.token(header("ES256", kid), claims()));
  expect_refused(ec_.token(R"({"alg":"ES256"})", claims()));
  expect_refused(ec_.token(R"({"alg":"ES256","kid":7})", claims()));
  expect_refused(ec_.token(R"({"alg":"ES256","kid":["ec"]})", claims()));
}

TEST_F(IssuerTest, A4_KeysAndAddressesInATokenAreNotLookedAt) {
  auto asked = std::atomic<int>{0};
  auto const attacker = TestSigner{Kind::es256};
  auto listener = hoist::testing::HttpDouble{[&](net::Request const&) {
    ++asked;
    return net::text_response(200, set_of({attacker.jwk("ec"), attacker.jwk("new")}));
  }};
  for (auto const& more : {fmt::format(R"(,"jku":"{}/keys")", listener.url()),
                           fmt::format(R"(,"x5u":"{}/cert")", listener.url()),
                           R"(,"jwk":)" + attacker.jwk("ec"), std::string{R"(,"x5c":["AAAA"])"}}) {
    for (auto const* kid : {"ec", "new"})
      expect_refused(attacker.token(header("ES256", kid, more), claims()));
    EXPECT_TRUE(accepted(ec_.token(header("ES256", "ec", more), claims())));
  }
  EXPECT_EQ(asked, 0);
  expect_refused(ec_.token(header("ES256", "ec", R"(,"crit":["exp"])"), claims()));
}

TEST_F(IssuerTest, A5_BadClaimsAreRefused) {
  using Change = std::pair<std::string, std::string>;
  for (auto const& [member, value] : {Change{"exp", R"("never")"},
                                      Change{"exp", "1e400"},
                                      Change{"exp", "-1"},
                                      Change{"exp", "null"},
                                      Change{"exp", ""},
                                      Change{"exp", "99999999999999999999"},
                                      Change{"nbf", seconds_from_now(62)},
                                      Change{"nbf", R"("now")"},
                                      Change{"iat", seconds_from_now(3600)},
                                      Change{"iss", R"("https://login.example.com")"},
                                      Change{"iss", R"(["https://login.example.com/"])"},
                                      Change{"iss", ""},
                                      Change{"aud", R"("other")"},
                                      Change{"aud", R"(["other"])"},
                                      Change{"aud", "[]"},
                                      Change{"aud", ""},
                                      Change{"sub", ""},
                                      Change{"sub", R"("")"},
                                      Change{"sub", R"("a\nb")"},
                                      Change{"tenant", ""},
                                      Change{"tenant", R"("Acme")"},
                                      Change{"tenant", R"(["acme"])"},
                                      Change{"role", ""},
                                      Change{"role", R"("root")"},
                                      Change{"role", R"("Admin")"},
                                      Change{"role", "[]"},
                                      Change{"role", "7"}})
    expect_refused(good({{member, value}}));
}

TEST_F(IssuerTest, A5_BrokenOrDoubledJsonAndOtherTypesAreRefused) {
  auto const whole = claims();
  auto const head = header("ES256", "ec");
  expect_refused(ec_.token(head, R"({"role":"admin",)" + whole.substr(1)));
  expect_refused(ec_.token(head, whole + whole));
  expect_refused(ec_.token(head, "[" + whole + "]"));
  expect_refused(ec_.token(head, ""));
  expect_refused(ec_.token(head, "\xFF" + whole));
  expect_refused(ec_.token(R"({"alg":"none",)" + head.substr(1), whole));
  expect_refused(ec_.token(head, claims({{"more", R"(")" + std::string(8'000, 'x') + R"(")"}})));
  expect_refused(ec_.token(head, claims({{"more", std::string(100, '[') + std::string(100, ']')}})));
  for (auto const* type : {"logout+jwt", "dpop+jwt", "secevent+jwt", ""})
    expect_refused(ec_.token(header("ES256", "ec", fmt::format(R"(,"typ":"{}")", type)), whole));
  for (auto const* type : {"JWT", "jwt", "at+jwt"})
    EXPECT_TRUE(accepted(ec_.token(header("ES256", "ec", fmt::format(R"(,"typ":"{}")", type)), whole)));
}

TEST_F(IssuerTest, A5_ClocksMayDifferByAMinuteAndNoMore) {
  EXPECT_TRUE(accepted(good({{"nbf", seconds_from_now(60)}})));
  EXPECT_TRUE(accepted(good({{"exp", seconds_from_now(-59)}})));
  EXPECT_TRUE(accepted(good({{"exp", seconds_from_now(60) + ".5"}})));
  expect_refused(good({{"exp", seconds_from_now(-60)}}), "token_expired");
}

TEST_F(IssuerTest, A6_ASignatureHasOneSpelling) {
  for (auto const* signer : {&ed_, &ec_, &rsa_}) {
    auto const key = signer == &ed_ ? "ed" : signer == &ec_ ? "ec" : "rsa";
    auto const token = signer->token(header(signer->algorithm(), key), claims());
    auto const signed_text = token.substr(0, token.rfind('.'));
    auto const signature = token.substr(token.rfind('.') + 1);
    for (auto const* end : {"=", "==", "A", "\n", "."}) expect_refused(token + end);
    for (auto const& other : {std::string{}, base64url(std::string(64, '\0')),
                              base64url(std::string(256, '\0')), signature.substr(0, signature.size() / 2)})
      expect_refused(signed_text + "." + other);
    for (std::size_t i = 0; i < token.size(); ++i) {
      auto changed = token;
      changed[i] = static_cast<char>(changed[i] ^ 1);
      expect_refused(changed);
    }
  }
}

TEST_F(IssuerTest, ClaimsAreReadWhereTheOperatorSays) {
  options_.tenant_claim = "https://hoist.example/tenant";
  options_.user_claim = "/user/mail";
  options_.role_claim = "/realm_access/roles";
  options_.admin_words = {"boss"};
  open();
  auto const with_roles = [&](std::string const& roles) {
    return good({{"tenant", R"("wrong")"},
                 {"https://hoist.example/tenant", R"("acme")"},
                 {"user", R"({"mail":"ana@example.com"})"},
                 {"realm_access", fmt::format(R"({{"roles":{}}})", roles)}});
  };
  auto const caller = verify(with_roles(R"(["offline_access","inversionista","boss"])"));
  ASSERT_TRUE(caller) << caller.error().cause();
  EXPECT_EQ(caller->user.str(), "ana@example.com");
  EXPECT_EQ(caller->role, Role::admin);
  auto const viewer = verify(with_roles(R"("inversionista")"));
  ASSERT_TRUE(viewer);
  EXPECT_EQ(viewer->role, Role::viewer);
  expect_refused(with_roles(R"(["offline_access"])"));
  expect_refused(with_roles(R"({"boss":true})"));
  expect_refused(good({{"https://hoist.example/tenant", R"("acme")"}, {"user", R"("ana")"}}));
}

TEST_F(IssuerTest, ARevokedTokenStaysSoWithTheOtherSignatureOfItsText) {
  // Of an ECDSA signature (r, s) the pair (r, n - s) is valid too.
  auto const token = good();
  auto raw = *unbase64url(token.substr(token.rfind('.') + 1));
  auto const order = *unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  auto borrow = 0;
  for (auto i = 31; i >= 0; --i) {
    auto const at = static_cast<std::size_t>(i);
    auto const left =
        static_cast<unsigned char>(order[at]) - static_cast<unsigned char>(raw[32 + at]) - borrow;
    raw[32 + at] = static_cast<char>(left & 0xFF);
    borrow = left < 0 ? 1 : 0;
  }
  auto const twin = token.substr(0, token.rfind('.') + 1) + base64url(raw);
  ASSERT_TRUE(accepted(twin));
  EXPECT_EQ(verify(twin)->credential_id, verify(token)->credential_id);
  EXPECT_NE(verify(good({{"jti", R"("a")"}}))->credential_id, verify(token)->credential_id);
}

TEST_F(IssuerTest, ItsCallersAreAdmittedUntilTheirTokenIsRevokedOrTheirTenantIsNone) {
  auto authenticator = Authenticator{keys_, issuer_.get(), *database_, clock_, {}};
  auto const admit = [&](std::string const& token) {
    return run_to_end<Caller>([&] { return authenticator.authenticate(token, deadline_in(10s)); });
  };
  auto const token = good();
  auto const caller = admit(token);
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_TRUE(admit(this->token(Role::viewer))) << "Hoist's own tokens count beside them";
  EXPECT_EQ(slug_of(admit(good({{"tenant", R"("nobody")"}}))), "token_invalid");
  ASSERT_TRUE(run_to_end<void>([&] { return operator_.revoke_token(*caller, deadline_in(10s)); }));
  clock_.advance(999ms);
  EXPECT_EQ(slug_of(admit(token)), "token_invalid");
}

TEST_F(IssuerTest, AKeyThatIsTakenBackEndsTheTokensThatItSigned) {
  auto authenticator = Authenticator{keys_, issuer_.get(), *database_, clock_, {}};
  auto const admit = [&](std::string const& token) {
    return run_to_end<Caller>([&] { return authenticator.authenticate(token, deadline_in(10s)); });
  };
  auto const token = good();
  ASSERT_TRUE(admit(token));
  publish({ed_.jwk("ed")});
  ASSERT_TRUE(admit(token));
  ASSERT_TRUE(run_to_end<void>([&] { return issuer_->keys().look(deadline_in(10s)); }));
  EXPECT_EQ(slug_of(admit(token)), "token_invalid");
}

TEST_F(IssuerTest, ANewKeyIsLookedForAtOnceAndNotOftenerThanEveryTenSeconds) {
  auto keys = Mutex{};
  auto served = set_of({ec_.jwk("ec")});
  auto service = hoist::testing::HttpDouble{[&](net::Request const&) {
    auto const lock = Lock{keys};
    return net::text_response(200, served, "application/jwk-set+json");
  }};
  options_.keys = service.url() + "/keys";
  open();
  auto const by_new_key = ed_.token(header("EdDSA", "ed"), claims());
  ASSERT_TRUE(accepted(good()));
  EXPECT_EQ(service.seen().size(), 1U);
  EXPECT_TRUE(accepted(good()));
  expect_refused(by_new_key);
  EXPECT_EQ(service.seen().size(), 1U) << "it was looked at a moment ago";
  {
    auto const lock = Lock{keys};
    served = set_of({ec_.jwk("ec"), ed_.jwk("ed")});
  }
  clock_.advance(PublishedKeys::look_again_after);
  EXPECT_TRUE(accepted(by_new_key));
  EXPECT_EQ(service.seen().size(), 2U);
  for (auto i = 0; i < 20; ++i) expect_refused(ed_.token(header("EdDSA", std::to_string(i)), claims()));
  EXPECT_EQ(service.seen().size(), 2U);
}

TEST_F(IssuerTest, WhileTheServiceIsAwayItsKeysCountForADayAndThenNobodyIsAdmitted) {
  auto away = std::atomic<bool>{false};
  auto service = hoist::testing::HttpDouble{[&](net::Request const&) {
    return away ? net::text_response(500, "no") : net::text_response(200, set_of({ec_.jwk("ec")}));
  }};
  options_.keys = service.url() + "/keys";
  open();
  away = true;
  EXPECT_TRUE(unavailable(good()));
  clock_.advance(PublishedKeys::look_again_after);
  away = false;
  ASSERT_TRUE(accepted(good()));
  away = true;
  clock_.advance(PublishedKeys::stale_max - 1s);
  EXPECT_TRUE(accepted(good()));
  clock_.advance(1s);
  EXPECT_TRUE(unavailable(good()));
  away = false;
  clock_.advance(PublishedKeys::look_again_after);
  EXPECT_TRUE(accepted(good()));
}

TEST(KeySetTest, OnlyASetWithUsableKeysAndWithoutSecretsIsOne) {
  auto const ec = TestSigner{Kind::es256};
  auto const set = [](std::string const& keys) { return read_key_set(R"({"keys":[)" + keys + "]}"); };
  EXPECT_EQ(set(ec.jwk("a") + "," + ec.jwk("b", R"(,"use":"sig","alg":"ES256")"))->size(), 2U);
  auto const ignored = ec.jwk("b", R"(,"use":"enc")") + "," + ec.jwk("c", R"(,"alg":"ES384")") + "," +
                       ec.jwk("d", R"(,"key_ops":["encrypt"])") +
                       R"(,{"kty":"OKP","crv":"X25519","kid":"e","x":"AAAA"},{"kty":"what","kid":"f"})";
  EXPECT_EQ(set(ec.jwk("a") + "," + ignored)->size(), 1U);
  for (auto const& keys :
       {std::string{}, ignored, ec.jwk("a") + "," + ec.jwk("a"), ec.jwk("a", R"(,"d":"AAAA")"),
        ec.jwk("a") + R"(,{"kty":"oct","k":"c2VjcmV0","kid":"hmac"})",
        std::string{R"({"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA","kid":"a"})"}, std::string{"7"}}) {
    auto const read = set(keys);
    ASSERT_FALSE(read) << keys;
    EXPECT_EQ(read.error().code(), Code::invalid);
  }
  for (auto const& text : {std::string{}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"keys":{}})"},
                           std::string(key_set_bytes_max + 1, ' ')})
    EXPECT_FALSE(read_key_set(text));
}

TEST(IssuerSettingsTest, EachMistakeIsNamed) {
  auto good = Issuer::Options{};
  EXPECT_TRUE(check_issuer(good).empty()) << "no service at all";
  good.name = "https://login.example.com";
  good.audience = "hoist-uploads";
  good.keys = "https://login.example.com/keys";
  EXPECT_TRUE(check_issuer(good).empty());
  auto const wrong = [&](auto change) {
    auto options = good;
    change(options);
    auto const errors = check_issuer(options);
    return errors.size() == 1 ? errors.front().field : fmt::format("{} errors", errors.size());
  };
  EXPECT_EQ(wrong([](auto& o) { o.name = ""; }), "identity.issuer");
  EXPECT_EQ(wrong([](auto& o) { o.name = "hoist"; }), "identity.issuer");
  EXPECT_EQ(wrong([](auto& o) { o.audience = ""; }), "identity.audience");
  EXPECT_EQ(wrong([](auto& o) { o.keys = ""; }), "identity.keys");
  EXPECT_EQ(wrong([](auto& o) { o.keys = "http://login.example.com/keys"; }), "identity.keys");
  EXPECT_EQ(wrong([](auto& o) { o.keys = "ftp://login.example.com/keys"; }), "identity.keys");
  EXPECT_EQ(wrong([](auto& o) { o.tenant_claim = ""; }), "identity.tenant_claim");
  EXPECT_EQ(wrong([](auto& o) { o.admin_words = o.member_words = o.viewer_words = {}; }),
            "identity.viewer_words");
}

}  // namespace
}  // namespace hoist::tenants
