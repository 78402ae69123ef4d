// A sign-in service's key pair for tests, with the means to sign anything.
#pragma once

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>

#include "base/encode.hpp"
#include "tenants/public_key.hpp"

namespace hoist::tenants {

class TestSigner {
 public:
  using Kind = PublicKey::Algorithm;

  explicit TestSigner(Kind kind) : kind_{kind}, key_{make(kind), EVP_PKEY_free} {}

  [[nodiscard]] std::string algorithm() const { return std::string{to_string(kind_)}; }

  // With `more` members, such as ,"use":"enc".
  [[nodiscard]] std::string jwk(std::string const& name, std::string const& more = {}) const {
    auto const head = fmt::format(R"({{"kid":"{}"{},)", name, more);
    switch (kind_) {
      case Kind::eddsa: return head + fmt::format(R"("kty":"OKP","crv":"Ed25519","x":"{}"}})", raw_key());
      case Kind::es256:
        return head + fmt::format(R"("kty":"EC","crv":"P-256","x":"{}","y":"{}"}})",
                                  number(OSSL_PKEY_PARAM_EC_PUB_X, 32), number(OSSL_PKEY_PARAM_EC_PUB_Y, 32));
      case Kind::rs256:
        return head + fmt::format(R"("kty":"RSA","n":"{}","e":"{}"}})", number(OSSL_PKEY_PARAM_RSA_N, 256),
                                  number(OSSL_PKEY_PARAM_RSA_E, 3));
    }
    return {};
  }

  // What is published of it, as PEM: what an attacker would take for a secret.
  [[nodiscard]] std::string public_pem() const {
    auto const bio = std::unique_ptr<BIO, decltype(&BIO_free)>{BIO_new(BIO_s_mem()), BIO_free};
    PEM_write_bio_PUBKEY(bio.get(), key_.get());
    char* data = nullptr;
    auto const size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
  }

  [[nodiscard]] std::string sign(std::string_view text) const {
    auto const* const digest = kind_ == Kind::eddsa ? nullptr : EVP_sha256();
    auto const context =
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>{EVP_MD_CTX_new(), EVP_MD_CTX_free};
    auto size = std::size_t{1024};
    auto signature = std::string(size, '\0');
    EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key_.get());
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<unsigned char const*>(text.data()), text.size());
    signature.resize(size);
    return kind_ == Kind::es256 ? two_numbers(signature) : signature;
  }

  // A compact JWS of these texts.
  [[nodiscard]] std::string token(std::string const& header, std::string const& claims) const {
    auto const text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(sign(text));
  }

 private:
  static EVP_PKEY* make(Kind kind) {
    switch (kind) {
      case Kind::eddsa: return EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      case Kind::es256: return EVP_EC_gen("P-256");
      case Kind::rs256: return EVP_RSA_gen(2048);
    }
    return nullptr;
  }

  [[nodiscard]] std::string number(char const* name, int bytes) const {
    BIGNUM* value = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &value);
    auto text = std::string(static_cast<std::size_t>(bytes), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(text.data()), bytes);
    BN_free(value);
    return base64url(text);
  }

  [[nodiscard]] std::string raw_key() const {
    auto size = std::size_t{32};
    auto text = std::string(size, '\0');
    EVP_PKEY_get_raw_public_key(key_.get(), reinterpret_cast<unsigned char*>(text.data()), &size);
    return base64url(text);
  }

  static std::string two_numbers(std::string const& der) {
    auto const* bytes = reinterpret_cast<unsigned char const*>(der.data());
    auto* const parsed = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
    auto text = std::string(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed), reinterpret_cast<unsigned char*>(text.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed), reinterpret_cast<unsigned char*>(text.data()) + 32, 32);
    ECDSA_SIG_free(parsed);
    return text;
  }

  Kind kind_;
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

}  // namespace hoist::tenants
