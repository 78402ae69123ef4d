#include "base/ed25519.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/assert.hpp"

namespace hoist {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Context = std::unique_ptr<EVP_MD_CTX, Free>;

unsigned char const* bytes_of(std::string_view text) {
  return reinterpret_cast<unsigned char const*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

struct Ed25519Key::State {
  Key key;
};

Ed25519Key::Ed25519Key(std::unique_ptr<State> state) : state_{std::move(state)} {}
Ed25519Key::Ed25519Key(Ed25519Key&&) noexcept = default;
Ed25519Key& Ed25519Key::operator=(Ed25519Key&&) noexcept = default;
Ed25519Key::~Ed25519Key() = default;

Ed25519Key Ed25519Key::generate() {
  auto key = Key{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")};
  HOIST_ASSERT(key != nullptr);
  return Ed25519Key{std::make_unique<State>(std::move(key))};
}

Result<Ed25519Key> Ed25519Key::from_pem(std::string_view pem) {
  auto const bio = std::unique_ptr<BIO, Free>{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  auto no_password = std::string{};  // without one OpenSSL asks at the terminal for an encrypted key
  auto key = Key{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, no_password.data())};
  if (key == nullptr || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519)
    return fail(Code::invalid, "not an Ed25519 private key in PEM form");
  return Ed25519Key{std::make_unique<State>(std::move(key))};
}

std::string Ed25519Key::to_pem() const {
  auto const bio = std::unique_ptr<BIO, Free>{BIO_new(BIO_s_mem())};
  auto const* key = state_->key.get();
  HOIST_ASSERT(PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* data = nullptr;
  auto const size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string Ed25519Key::public_key() const {
  auto raw = std::string(32, '\0');
  auto size = raw.size();
  HOIST_ASSERT(EVP_PKEY_get_raw_public_key(state_->key.get(), bytes_of(raw), &size) == 1 && size == 32);
  return raw;
}

std::string Ed25519Key::sign(std::string_view message) const {
  auto const context = Context{EVP_MD_CTX_new()};
  auto signature = std::string(64, '\0');
  auto size = signature.size();
  auto const ok =
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, state_->key.get()) == 1 &&
      EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(message), message.size()) == 1;
  HOIST_ASSERT(ok && size == 64);
  return signature;
}

bool verify_ed25519(std::string_view public_key, std::string_view message, std::string_view signature) {
  auto const key =
      Key{EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, bytes_of(public_key), public_key.size())};
  if (key == nullptr) return false;
  auto const context = Context{EVP_MD_CTX_new()};
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message),
                          message.size()) == 1;
}

}  // namespace hoist
