#include "base/cursor.hpp"

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"

namespace hoist {
namespace {

constexpr std::size_t mac_bytes = 16;
constexpr std::size_t key_bytes = 32;

std::string mac(std::string_view key, std::string_view scope, std::string_view position) {
  auto message = std::string{"list-cursor\0", 12};
  message.append(scope).append(1, '\0').append(position);
  return hmac_sha256(key, message).substr(0, mac_bytes);
}

}  // namespace

Cursors::Cursors() : key_{random_bytes(key_bytes)} {}

Cursors::Cursors(std::string_view secret, std::string_view list) : key_{hmac_sha256(secret, list)} {}

std::string Cursors::make(std::string_view scope, std::string_view position) const {
  return base64url(mac(key_, scope, position) + std::string{position});
}

Result<std::string> Cursors::read(std::string_view scope, std::string_view cursor) const {
  auto const bytes = unbase64url(cursor);
  if (bytes && bytes->size() > mac_bytes) {
    auto position = bytes->substr(mac_bytes);
    if (equal_constant_time(bytes->substr(0, mac_bytes), mac(key_, scope, position))) return position;
  }
  return invalid_field("cursor", "must be the cursor that came with a list with the same filters");
}

}  // namespace hoist
