#include "tenants/key_ring.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <set>
#include <sys/stat.h>
#include <thread>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "tenants/key_files.hpp"

namespace hoist::tenants {
namespace {

using namespace std::chrono_literals;

// A folder of keys, the ring over it, and the means to sign anything with the ring's own key: what
// an attacker could not do, so that every refusal below is for the reason under test.
class KeyRingTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fmt::format("{}/hoist-keys-{}", testing::TempDir(), hex(random_bytes(8)));
    ring_.emplace(*KeyRing::load_or_create(folder_, clock_.now()));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string good() { return ring_->mint(TenantId{"acme"}, UserId{"ana"}, Role::member, 1h, clock_.now()); }
  std::vector<NamedKey> keys() { return *load_or_create_keys(folder_, clock_.now()); }
  std::string key_name() { return keys().back().name; }

  std::string sign(std::string const& header, std::string const& claims) {
    auto const text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(keys().back().key.sign(text));
  }
  std::string header() { return fmt::format(R"({{"alg":"EdDSA","typ":"JWT","kid":"{}"}})", key_name()); }
  // The claims of a good token, with `changes` as text: {"exp", "\"soon\""}; empty takes one away.
  std::string claims(std::map<std::string, std::string> const& changes = {}) {
    auto const now = to_us(clock_.now()) / 1'000'000;
    auto members = std::map<std::string, std::string>{
        {"iss", R"("hoist")"},        {"aud", R"("hoist-api")"},    {"sub", R"("ana")"},
        {"tenant", R"("acme")"},      {"role", R"("member")"},      {"jti", R"("t1")"},
        {"iat", std::to_string(now)}, {"nbf", std::to_string(now)}, {"exp", std::to_string(now + 3600)}};
    for (auto const& [name, value] : changes) members[name] = value;
    auto text = std::string{};
    for (auto const& [name, value] : members)
      if (!value.empty()) text += fmt::format(R"({}"{}":{})", text.empty() ? "" : ",", name, value);
    return "{" + text + "}";
  }
  std::string seconds_from_now(std::int64_t seconds) {
    return std::to_string(to_us(clock_.now()) / 1'000'000 + seconds);
  }

  void expect_refused(std::string const& token, std::string_view slug = "token_invalid") {
    auto const result = ring_->verify(token, clock_.now());
    ASSERT_FALSE(result) << token;
    EXPECT_EQ(result.error().code(), Code::unauthenticated) << token;
    EXPECT_EQ(result.error().slug(), slug) << token << ": " << result.error().cause();
    EXPECT_TRUE(result.error().detail() == "The access token is not valid." || slug == "token_expired");
  }
  bool accepted(std::string const& token) { return ring_->verify(token, clock_.now()).has_value(); }

  ManualClock clock_;
  std::string folder_;
  std::optional<KeyRing> ring_;
};

TEST_F(KeyRingTest, AMintedTokenNamesItsCaller) {
  auto const caller = ring_->verify(good(), clock_.now());
  ASSERT_TRUE(caller) << caller.error().to_string();
  EXPECT_EQ(caller->tenant.str(), "acme");
  EXPECT_EQ(caller->user.str(), "ana");
  EXPECT_EQ(caller->role, Role::member);
  EXPECT_EQ(caller->expires_at, clock_.now() + 1h);
  EXPECT_TRUE(is_uuid(caller->credential_id));
}

TEST_F(KeyRingTest, TheTestsOwnSignerIsAccepted) {
  EXPECT_TRUE(accepted(sign(header(), claims())));
}

TEST_F(KeyRingTest, A1_NoSpellingOfNoneIsAnAlgorithm) {
  auto const token = good();
  auto const body = token.substr(token.find('.'), token.rfind('.') - token.find('.'));
  auto const signature = token.substr(token.rfind('.') + 1);
  for (auto const* alg : {R"("none")", R"("None")", R"("NONE")", R"("nOnE")", R"("")", "null", R"(["EdDSA"])",
                          R"({"alg":"EdDSA"})", R"("EdDSA ")", R"("eddsa")", "0"}) {
    auto const head = fmt::format(R"({{"alg":{},"typ":"JWT","kid":"{}"}})", alg, key_name());
    for (auto const& end : {std::string{}, std::string{"."}, "." + signature})
      expect_refused(base64url(head) + body + end);
    expect_refused(sign(head, claims()));
  }
  expect_refused(sign(fmt::format(R"({{"typ":"JWT","kid":"{}"}})", key_name()), claims()));
}

TEST_F(KeyRingTest, A2_ThePublicKeyIsNotAnHmacSecret) {
  auto const raw = keys().back().key.public_key();
  auto const der = *unhex("302a300506032b6570032100") + raw;  // SubjectPublicKeyInfo, RFC 8410
  auto const pem = "-----BEGIN PUBLIC KEY-----\n" + base64(der) + "\n-----END PUBLIC KEY-----\n";
  auto const trimmed = std::string{trim(pem)};
  for (auto const& secret :
       {pem, trimmed, trimmed + "\r\n", der, raw, base64(der), key_name(), std::string{}}) {
    for (auto const* alg : {"HS256", "HS512", "EdDSA"}) {
      auto const head = fmt::format(R"({{"alg":"{}","typ":"JWT","kid":"{}"}})", alg, key_name());
      auto const text = base64url(head) + "." + base64url(claims());
      expect_refused(text + "." + base64url(hmac_sha256(secret, text)));
      expect_refused(text + "." + base64url(hmac_sha256(secret, text) + hmac_sha256(secret, text)));
    }
  }
}

TEST_F(KeyRingTest, A2_AnotherAlgorithmOverARightSignatureIsRefused) {
  for (auto const* alg : {"RS256", "PS256", "ES256", "ES512", "Ed25519", "Ed448", "HS256"})
    expect_refused(sign(fmt::format(R"({{"alg":"{}","typ":"JWT","kid":"{}"}})", alg, key_name()), claims()));
}

TEST_F(KeyRingTest, A3_OnlyNamesInTheKeyTableAreKeys) {
  auto const name = key_name();
  auto const own_path = folder_ + "/" + name;
  for (auto const& kid :
       {std::string{"../../secret"}, std::string{"/dev/null"}, std::string{"' OR '1'='1"}, own_path,
        own_path + ".pem", name + ".pem", "./" + name, name + "\\u0000", name + " ", std::string(10'000, 'k'),
        std::string{}, std::string{"*"}, new_uuid7(clock_.now())})
    expect_refused(sign(fmt::format(R"({{"alg":"EdDSA","typ":"JWT","kid":"{}"}})", kid), claims()));
  expect_refused(sign(R"({"alg":"EdDSA","typ":"JWT"})", claims()));
  expect_refused(sign(R"({"alg":"EdDSA","typ":"JWT","kid":7})", claims()));
}

TEST_F(KeyRingTest, A4_AKeyCarriedInTheTokenIsNeverUsed) {
  auto const attacker = Ed25519Key::generate();
  auto const jwk =
      fmt::format(R"({{"kty":"OKP","crv":"Ed25519","x":"{}"}})", base64url(attacker.public_key()));
  for (auto const& extra :
       {R"("jwk":)" + jwk, std::string{R"("jku":"http://127.0.0.1:9/keys")"},
        std::string{R"("x5u":"http://127.0.0.1:9/cert")"}, std::string{R"("x5c":["AAAA"])"},
        std::string{R"("crit":["exp"])"}, std::string{R"("zip":"DEF")"}}) {
    auto const head = fmt::format(R"({{"alg":"EdDSA","typ":"JWT","kid":"{}",{}}})", key_name(), extra);
    auto const text = base64url(head) + "." + base64url(claims());
    expect_refused(text + "." + base64url(attacker.sign(text)));
    expect_refused(sign(head, claims()));
  }
}

TEST_F(KeyRingTest, A5_BadClaimsAreRefused) {
  using Change = std::pair<std::string, std::string>;
  for (auto const& [name, value] : {Change{"exp", R"("never")"},
                                    Change{"exp", "1e400"},
                                    Change{"exp", "-1"},
                                    Change{"exp", "null"},
                                    Change{"exp", ""},
                                    Change{"exp", "99999999999999999999"},
                                    Change{"exp", "9223372036854775807"},
                                    Change{"exp", "1.7e9"},
                                    Change{"nbf", seconds_from_now(61)},
                                    Change{"nbf", ""},
                                    Change{"iat", ""},
                                    Change{"iat", seconds_from_now(3600)},
                                    Change{"iss", R"("other")"},
                                    Change{"iss", ""},
                                    Change{"aud", R"("other")"},
                                    Change{"aud", R"(["hoist-api"])"},
                                    Change{"aud", ""},
                                    Change{"sub", ""},
                                    Change{"sub", R"("")"},
                                    Change{"sub", R"("a\nb")"},
                                    Change{"sub", "7"},
                                    Change{"tenant", ""},
                                    Change{"tenant", R"("")"},
                                    Change{"tenant", R"("Acme")"},
                                    Change{"tenant", R"("a/b")"},
                                    Change{"tenant", R"(["acme"])"},
                                    Change{"role", ""},
                                    Change{"role", R"("root")"},
                                    Change{"role", R"("Admin")"},
                                    Change{"jti", ""},
                                    Change{"scope", R"("all")"},
                                    Change{"is_admin", "true"}})
    expect_refused(sign(header(), claims({{name, value}})));
}

TEST_F(KeyRingTest, A5_BrokenOrDoubledJsonIsRefused) {
  auto const whole = claims();
  expect_refused(sign(header(), R"({"role":"admin",)" + whole.substr(1)));
  expect_refused(sign(header(), whole + whole));
  expect_refused(sign(header(), "[" + whole + "]"));
  expect_refused(sign(header(), ""));
  expect_refused(sign(header(), "\xFF" + whole));
  expect_refused(sign(R"({"alg":"none",)" + header().substr(1), whole));
  expect_refused(sign(fmt::format(R"({{"alg":"EdDSA","typ":"at+jwt","kid":"{}"}})", key_name()), whole));
}

TEST_F(KeyRingTest, A5_ClocksMayDifferByAMinuteAndNoMore) {
  EXPECT_TRUE(accepted(sign(header(), claims({{"nbf", seconds_from_now(60)}}))));
  EXPECT_TRUE(accepted(sign(header(), claims({{"exp", seconds_from_now(-59)}}))));
  expect_refused(sign(header(), claims({{"exp", seconds_from_now(-60)}})), "token_expired");
  auto const token = good();
  clock_.advance(1h + 59s);
  EXPECT_TRUE(accepted(token));
  clock_.advance(1s);
  expect_refused(token, "token_expired");
}

TEST_F(KeyRingTest, A6_ATokenHasOneSpelling) {
  auto const token = good();
  auto const signature = token.substr(token.rfind('.') + 1);
  auto const signed_text = token.substr(0, token.rfind('.'));
  ASSERT_TRUE(accepted(token));
  expect_refused(signed_text + "." + base64url(std::string(64, '\0')));
  expect_refused(signed_text + "." + signature + "==");
  expect_refused(signed_text + "." + signature + "A");
  expect_refused(signed_text + "." + signature + "\n");
  expect_refused(" " + token);
  expect_refused(token + ".");
  expect_refused("." + token);
  for (std::size_t kept = 0; kept < signature.size(); ++kept)
    expect_refused(signed_text + "." + signature.substr(0, kept));
  // 64 bytes leave four unused bits in the last character: fifteen other spellings of the same bytes.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  auto spellings = 0;
  for (auto const c : alphabet) spellings += accepted(token.substr(0, token.size() - 1) + c) ? 1 : 0;
  EXPECT_EQ(spellings, 1);
}

TEST_F(KeyRingTest, A6_NoOtherMultipleOfTheSameSignatureVerifies) {
  // S + L, with L the order of the group, is the classical second signature of Ed25519.
  auto const token = good();
  auto raw = *unbase64url(token.substr(token.rfind('.') + 1));
  auto const order = *unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto carry = 0U;
  for (std::size_t i = 0; i < 32; ++i) {
    auto const sum = static_cast<unsigned char>(raw[32 + i]) + static_cast<unsigned char>(order[i]) + carry;
    raw[32 + i] = static_cast<char>(sum & 0xFF);
    carry = sum >> 8;
  }
  expect_refused(token.substr(0, token.rfind('.') + 1) + base64url(raw));
}

TEST_F(KeyRingTest, A6_EveryFlippedBitIsRefused) {
  auto const token = good();
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    expect_refused(changed);
  }
}

TEST_F(KeyRingTest, TokensOfAnotherInstallationAreRefused) {
  auto const other_folder = folder_ + "-other";
  auto const other = KeyRing::load_or_create(other_folder, clock_.now());
  expect_refused(other->mint(TenantId{"acme"}, UserId{"ana"}, Role::admin, 1h, clock_.now()));
  std::filesystem::remove_all(other_folder);
}

TEST_F(KeyRingTest, AfterRotationTheNewKeySignsAndTheOldOneStillVerifies) {
  auto const old_token = good();
  clock_.advance(1s);
  ASSERT_TRUE(KeyRing::rotate(folder_, clock_.now()));
  auto const old_name = keys().front().name;
  ring_.emplace(*KeyRing::load_or_create(folder_, clock_.now()));
  auto const new_token = good();
  EXPECT_TRUE(accepted(old_token));
  EXPECT_TRUE(accepted(new_token));
  EXPECT_NE(old_token.substr(0, old_token.find('.')), new_token.substr(0, new_token.find('.')));

  std::filesystem::remove(fmt::format("{}/{}.pem", folder_, old_name));
  ring_.emplace(*KeyRing::load_or_create(folder_, clock_.now()));
  EXPECT_TRUE(accepted(new_token));
  expect_refused(old_token);
}

TEST_F(KeyRingTest, AKeyOutlivesARestart) {
  auto const token = good();
  ring_.emplace(*KeyRing::load_or_create(folder_, clock_.now()));
  EXPECT_TRUE(accepted(token));
}

TEST_F(KeyRingTest, O3_KeysThatOthersCanReadStopTheStart) {
  auto const path = fmt::format("{}/{}.pem", folder_, key_name());
  for (auto const mode : {0644U, 0640U, 0604U, 0620U, 0602U, 0610U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    auto const refused = KeyRing::load_or_create(folder_, clock_.now());
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().detail().find("chmod 600 " + path), std::string::npos);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_TRUE(KeyRing::load_or_create(folder_, clock_.now()));
  ASSERT_EQ(::chmod(folder_.c_str(), 0755), 0);
  EXPECT_FALSE(KeyRing::load_or_create(folder_, clock_.now()));
}

TEST_F(KeyRingTest, O3_NewKeysAreReadableByTheirOwnerAlone) {
  auto const path = fmt::format("{}/{}.pem", folder_, key_name());
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(std::filesystem::status(folder_).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(KeyRingTest, O3_ALinkInPlaceOfAKeyIsRefused) {
  auto const path = fmt::format("{}/{}.pem", folder_, key_name());
  std::filesystem::rename(path, folder_ + "/elsewhere");
  std::filesystem::create_symlink(folder_ + "/elsewhere", path);
  EXPECT_FALSE(KeyRing::load_or_create(folder_, clock_.now()));
}

TEST_F(KeyRingTest, A7_AKeyOfAnotherKindOrADamagedOneStopsTheStart) {
  auto const path = fmt::format("{}/{}.pem", folder_, key_name());
  std::ofstream{path, std::ios::trunc} << "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n";
  EXPECT_FALSE(KeyRing::load_or_create(folder_, clock_.now()));
  auto* const other_kind = EVP_EC_gen("P-256");
  auto* const file = std::fopen(path.c_str(), "w");
  PEM_write_PrivateKey(file, other_kind, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  EVP_PKEY_free(other_kind);
  EXPECT_FALSE(KeyRing::load_or_create(folder_, clock_.now()));
}

TEST_F(KeyRingTest, O3_StartsAtTheSameTimeShareOneKey) {
  constexpr auto starts = 4;
  for (auto round = 0; round < 20; ++round) {
    std::filesystem::remove_all(folder_);
    auto names = std::vector<std::string>(starts);
    auto ready = std::latch{starts};
    auto threads = std::vector<std::thread>{};
    for (auto& name : names)
      threads.emplace_back([&] {
        ready.arrive_and_wait();
        name = load_or_create_keys(folder_, clock_.now())->back().name;
      });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set(names.begin(), names.end()).size(), 1U);
  }
}

}  // namespace
}  // namespace hoist::tenants
