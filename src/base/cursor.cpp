#include "base/cursor.hpp"

#include "base/encode.hpp"
#include "base/hash.hpp"

namespace hoist {
namespace {

constexpr std::size_t mac_bytes = 16;

std::string mac(std::string_view secret, std::string_view scope, std::string_view position) {
  auto message = std::string{"list-cursor\0", 12};
  message.append(scope).append(1, '\0').append(position);
  return hmac_sha256(secret, message).substr(0, mac_bytes);
}

}  // namespace

std::string make_cursor(std::string_view secret, std::string_view scope, std::string_view position) {
  return base64url(mac(secret, scope, position) + std::string{position});
}

Result<std::string> read_cursor(std::string_view secret, std::string_view scope, std::string_view cursor) {
  auto const bytes = unbase64url(cursor);
  if (bytes && bytes->size() > mac_bytes) {
    auto position = bytes->substr(mac_bytes);
    if (equal_constant_time(bytes->substr(0, mac_bytes), mac(secret, scope, position))) return position;
  }
  return invalid_field("cursor", "must be the cursor that came with a list with the same filters");
}

}  // namespace hoist
