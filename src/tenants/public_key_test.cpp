#include "tenants/public_key.hpp"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <string>

#include "base/encode.hpp"

namespace hoist::tenants {
namespace {

using Algorithm = PublicKey::Algorithm;

std::string raw(std::string_view text) {
  return *unbase64url(text);
}

// RFC 8037 appendix A.4.
constexpr std::string_view eddsa_x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
constexpr std::string_view eddsa_text = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
constexpr std::string_view eddsa_signature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

// RFC 7515 appendix A.3.
constexpr std::string_view es256_x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr std::string_view es256_y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
constexpr std::string_view es256_text =
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb2"
    "90Ijp0cnVlfQ";
constexpr std::string_view es256_signature =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

struct RsaPair {
  EVP_PKEY* key;
  explicit RsaPair(unsigned bits) : key{EVP_RSA_gen(bits)} {}
  ~RsaPair() { EVP_PKEY_free(key); }
  RsaPair(RsaPair const&) = delete;

  [[nodiscard]] std::string number(char const* name) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key, name, &value);
    auto bytes = std::string(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
    BN_bn2bin(value, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(value);
    return bytes;
  }
  [[nodiscard]] Result<PublicKey> publish() const {
    return PublicKey::rsa(number(OSSL_PKEY_PARAM_RSA_N), number(OSSL_PKEY_PARAM_RSA_E));
  }
  [[nodiscard]] std::string sign(std::string_view text) const {
    auto* const context = EVP_MD_CTX_new();
    auto const* const bytes = reinterpret_cast<unsigned char const*>(text.data());
    auto size = std::size_t{1024};
    auto signature = std::string(size, '\0');
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes, text.size());
    EVP_MD_CTX_free(context);
    signature.resize(size);
    return signature;
  }
};

TEST(PublicKeyTest, TheExamplesOfTheStandardsVerify) {
  auto const eddsa = PublicKey::ed25519(raw(eddsa_x));
  ASSERT_TRUE(eddsa);
  EXPECT_EQ(eddsa->algorithm(), Algorithm::eddsa);
  EXPECT_TRUE(eddsa->verify(eddsa_text, raw(eddsa_signature)));
  auto const es256 = PublicKey::p256(raw(es256_x), raw(es256_y));
  ASSERT_TRUE(es256);
  EXPECT_EQ(es256->algorithm(), Algorithm::es256);
  EXPECT_TRUE(es256->verify(es256_text, raw(es256_signature)));
}

TEST(PublicKeyTest, AnRsaKeyVerifiesWhatItsPairSigned) {
  auto const pair = RsaPair{2048};
  auto const key = pair.publish();
  ASSERT_TRUE(key);
  EXPECT_EQ(to_string(key->algorithm()), "RS256");
  auto const signature = pair.sign("text");
  EXPECT_TRUE(key->verify("text", signature));
  EXPECT_FALSE(key->verify("Text", signature));
  EXPECT_FALSE(key->verify("text", RsaPair{2048}.sign("text")));
  EXPECT_FALSE(key->verify("text", signature + '\0'));
  EXPECT_FALSE(key->verify("text", ""));
}

TEST(PublicKeyTest, A6_NoZerosAndNoOtherLengthAreASignature) {
  auto const es256 = PublicKey::p256(raw(es256_x), raw(es256_y));
  auto const eddsa = PublicKey::ed25519(raw(eddsa_x));
  auto const right = raw(es256_signature);
  for (auto const& signature : {std::string{}, std::string(64, '\0'), right.substr(0, 63), right + '\0',
                                std::string(32, '\0') + right.substr(32),
                                right.substr(0, 32) + std::string(32, '\0'), std::string(64, '\xFF')}) {
    EXPECT_FALSE(es256->verify(es256_text, signature));
    EXPECT_FALSE(eddsa->verify(eddsa_text, signature));
  }
  for (std::size_t i = 0; i < right.size(); ++i) {
    auto changed = right;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(es256->verify(es256_text, changed));
  }
}

TEST(PublicKeyTest, A7_WeakAndBrokenKeysAreNone) {
  EXPECT_FALSE(RsaPair{1024}.publish());
  EXPECT_FALSE(PublicKey::rsa(std::string(2048, '\xFF'), "\x01\x00\x01"));  // 16,384 bits
  EXPECT_FALSE(PublicKey::rsa("", ""));
  EXPECT_FALSE(PublicKey::rsa(RsaPair{2048}.number(OSSL_PKEY_PARAM_RSA_N), "\x01"));
  EXPECT_FALSE(PublicKey::rsa(RsaPair{2048}.number(OSSL_PKEY_PARAM_RSA_N), std::string(9, '\xFF')));
  EXPECT_FALSE(PublicKey::p256(raw(es256_x), raw(es256_x)));  // not on the curve
  EXPECT_FALSE(PublicKey::p256(raw(es256_x), ""));
  EXPECT_FALSE(PublicKey::ed25519(raw(eddsa_x).substr(1)));
}

}  // namespace
}  // namespace hoist::tenants
