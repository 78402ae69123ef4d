// OpenSSL 3 looks algorithms up on every one-shot call, which costs more than hashing these short
// texts; its older interface does not, and is still the documented low-level one.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "aws/signing_key.hpp"

#include <openssl/sha.h>

#include <cstring>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/mutex.hpp"

namespace hoist::aws {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

std::string_view view(Digest const& digest) {
  return {reinterpret_cast<char const*>(digest.data()), digest.size()};
}

SHA256_CTX padded(std::string_view key, unsigned char pad) {
  auto block = std::array<unsigned char, SHA256_CBLOCK>{};
  std::memcpy(block.data(), key.data(), key.size());
  for (auto& byte : block) byte ^= pad;
  auto context = SHA256_CTX{};
  SHA256_Init(&context);
  SHA256_Update(&context, block.data(), block.size());
  return context;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  auto context = SHA256_CTX{};
  auto digest = Digest{};
  SHA256_Init(&context);
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(digest.data(), &context);
  return hex(view(digest));
}

SigningKey::SigningKey(std::string_view secret, Scope const& scope) {
  static_assert(sizeof(SHA256_CTX) <= state_bytes_max);
  auto key = hmac_sha256("AWS4" + std::string{secret}, scope.date);
  key = hmac_sha256(key, scope.region);
  key = hmac_sha256(key, scope.service);
  key = hmac_sha256(key, "aws4_request");
  auto const inner = padded(key, 0x36);
  auto const outer = padded(key, 0x5C);
  std::memcpy(inner_.bytes.data(), &inner, sizeof(inner));
  std::memcpy(outer_.bytes.data(), &outer, sizeof(outer));
}

std::string SigningKey::sign(std::string_view text) const {
  auto context = SHA256_CTX{};
  auto digest = Digest{};
  std::memcpy(&context, inner_.bytes.data(), sizeof(context));
  SHA256_Update(&context, text.data(), text.size());
  SHA256_Final(digest.data(), &context);
  std::memcpy(&context, outer_.bytes.data(), sizeof(context));
  SHA256_Update(&context, digest.data(), digest.size());
  SHA256_Final(digest.data(), &context);
  return hex(view(digest));
}

std::shared_ptr<SigningKey const> SigningKeys::get(std::string_view access_key_id, std::string_view secret,
                                                   Scope const& scope) {
  auto const lock = Lock{mutex_};
  for (auto const& entry : entries_)
    if (entry.access_key_id == access_key_id && entry.secret == secret && entry.scope == scope)
      return entry.key;
  if (entries_.size() >= entries_max) entries_.clear();
  auto key = std::make_shared<SigningKey const>(secret, scope);
  entries_.push_back(Entry{std::string{access_key_id}, std::string{secret}, scope, key});
  return key;
}

}  // namespace hoist::aws
