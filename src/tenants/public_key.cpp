#include "tenants/public_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <string>

#include "base/assert.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t coordinate_bytes = 32;
constexpr int rsa_bits_min = 2048;
constexpr int rsa_bits_max = 8192;  // checking a longer one would cost whoever asks us too little

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* params) const { OSSL_PARAM_free(params); }
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::unexpected<Error> no_key(std::string_view kind) {
  return fail(Code::invalid, std::string{"not a public key for "}.append(kind));
}

unsigned char const* bytes_of(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}

Owned<BIGNUM> number_of(std::string_view bytes) {
  return Owned<BIGNUM>{BN_bin2bn(bytes_of(bytes), static_cast<int>(bytes.size()), nullptr)};
}

// Null: these are no parameters of a key of that kind.
Owned<EVP_PKEY> build(char const* kind, OSSL_PARAM_BLD* builder) {
  auto const params = Owned<OSSL_PARAM>{OSSL_PARAM_BLD_to_param(builder)};
  auto const context = Owned<EVP_PKEY_CTX>{EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr)};
  auto* key = static_cast<EVP_PKEY*>(nullptr);
  if (params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  auto owned = Owned<EVP_PKEY>{key};
  auto const check = Owned<EVP_PKEY_CTX>{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  if (EVP_PKEY_public_check(check.get()) != 1) return nullptr;
  return owned;
}

// As OpenSSL takes it. Empty: not two numbers of 32 bytes.
std::string der_of(std::string_view r_and_s) {
  if (r_and_s.size() != 2 * coordinate_bytes) return {};
  auto const signature = Owned<ECDSA_SIG>{ECDSA_SIG_new()};
  auto r = number_of(r_and_s.substr(0, coordinate_bytes));
  auto s = number_of(r_and_s.substr(coordinate_bytes));
  HOIST_ASSERT(ECDSA_SIG_set0(signature.get(), r.release(), s.release()) == 1);
  auto* bytes = static_cast<unsigned char*>(nullptr);
  auto const size = i2d_ECDSA_SIG(signature.get(), &bytes);
  HOIST_ASSERT(size > 0);
  auto der = std::string{reinterpret_cast<char const*>(bytes), static_cast<std::size_t>(size)};
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

struct PublicKey::State {
  Owned<EVP_PKEY> key;
};

Result<PublicKey> PublicKey::ed25519(std::string_view x) {
  auto key = Owned<EVP_PKEY>{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(x), x.size())};
  if (key == nullptr) return no_key("EdDSA");
  return PublicKey{Algorithm::eddsa, std::make_shared<State const>(std::move(key))};
}

Result<PublicKey> PublicKey::p256(std::string_view x, std::string_view y) {
  if (x.size() != coordinate_bytes || y.size() != coordinate_bytes) return no_key("ES256");
  auto const point = std::string{'\x04'}.append(x).append(y);  // uncompressed, SEC 1 section 2.3.3
  auto const builder = Owned<OSSL_PARAM_BLD>{OSSL_PARAM_BLD_new()};
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  auto key = build("EC", builder.get());
  if (key == nullptr) return no_key("ES256");
  return PublicKey{Algorithm::es256, std::make_shared<State const>(std::move(key))};
}

Result<PublicKey> PublicKey::rsa(std::string_view modulus, std::string_view exponent) {
  auto const n = number_of(modulus);
  auto const e = number_of(exponent);
  auto const bits = BN_num_bits(n.get());
  if (bits < rsa_bits_min || bits > rsa_bits_max || exponent.size() > sizeof(std::uint64_t))
    return no_key("RS256");
  auto const builder = Owned<OSSL_PARAM_BLD>{OSSL_PARAM_BLD_new()};
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  auto key = build("RSA", builder.get());
  if (key == nullptr) return no_key("RS256");
  return PublicKey{Algorithm::rs256, std::make_shared<State const>(std::move(key))};
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  auto const der = algorithm_ == Algorithm::es256 ? der_of(signature) : std::string{signature};
  auto const* const digest = algorithm_ == Algorithm::eddsa ? nullptr : EVP_sha256();
  auto const context = Owned<EVP_MD_CTX>{EVP_MD_CTX_new()};
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, state_->key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(message), message.size()) == 1;
}

std::string_view to_string(PublicKey::Algorithm algorithm) {
  switch (algorithm) {
    case PublicKey::Algorithm::eddsa: return "EdDSA";
    case PublicKey::Algorithm::es256: return "ES256";
    case PublicKey::Algorithm::rs256: return "RS256";
  }
  return "";
}

}  // namespace hoist::tenants
