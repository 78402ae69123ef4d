#include "base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <array>

#include "base/assert.hpp"

namespace hoist {
namespace {

EVP_MD const* digest_of(Hasher::Algorithm algorithm) {
  switch (algorithm) {
    case Hasher::Algorithm::md5: return EVP_md5();
    case Hasher::Algorithm::sha1: return EVP_sha1();
    case Hasher::Algorithm::sha256: return EVP_sha256();
    case Hasher::Algorithm::sha512: return EVP_sha512();
  }
  HOIST_ASSERT(false);
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

unsigned char const* bytes_of(std::string_view data) {
  return reinterpret_cast<unsigned char const*>(data.data());
}

}  // namespace

struct Hasher::Context {
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(handle); }
};

Hasher::Hasher(Algorithm algorithm) : context_{std::make_unique<Context>()} {
  HOIST_ASSERT(EVP_DigestInit_ex(context_->handle, digest_of(algorithm), nullptr) == 1);
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view data) {
  HOIST_ASSERT(EVP_DigestUpdate(context_->handle, data.data(), data.size()) == 1);
}

std::string Hasher::finish() {
  auto digest = std::string(EVP_MAX_MD_SIZE, '\0');
  unsigned length = 0;
  auto const ok =
      EVP_DigestFinal_ex(context_->handle, reinterpret_cast<unsigned char*>(digest.data()), &length);
  HOIST_ASSERT(ok == 1);
  digest.resize(length);
  return digest;
}

// OpenSSL's one-shot SHA256() looks the algorithm up at each call, which for short inputs costs
// several times the hashing.
std::string sha256(std::string_view data) {
  static auto* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local auto const context = std::unique_ptr<EVP_MD_CTX, FreeContext>{EVP_MD_CTX_new()};
  auto digest = std::string(SHA256_DIGEST_LENGTH, '\0');
  auto* const bytes = reinterpret_cast<unsigned char*>(digest.data());
  auto const ok = EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
                  EVP_DigestFinal_ex(context.get(), bytes, nullptr) == 1;
  HOIST_ASSERT(ok);
  return digest;
}

std::string hmac_sha256(std::string_view key, std::string_view data) {
  auto digest = std::string(SHA256_DIGEST_LENGTH, '\0');
  auto const* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), nullptr);
  HOIST_ASSERT(done != nullptr);
  return digest;
}

}  // namespace hoist
