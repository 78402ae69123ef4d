#include "uploads/cursor.hpp"

#include "base/encode.hpp"
#include "base/hash.hpp"

namespace hoist::uploads {
namespace {

constexpr std::size_t mac_bytes = 16;

std::string mac(std::string_view secret, std::string_view scope, std::string_view id) {
  auto message = std::string{"list-cursor\0", 12};
  message.append(scope).append(1, '\0').append(id);
  return hmac_sha256(secret, message).substr(0, mac_bytes);
}

}  // namespace

std::string make_cursor(std::string_view secret, std::string_view scope, std::string_view id) {
  return base64url(mac(secret, scope, id) + std::string{id});
}

Result<std::string> read_cursor(std::string_view secret, std::string_view scope, std::string_view cursor) {
  auto const bytes = unbase64url(cursor);
  if (bytes && bytes->size() > mac_bytes) {
    auto id = bytes->substr(mac_bytes);
    if (equal_constant_time(bytes->substr(0, mac_bytes), mac(secret, scope, id))) return id;
  }
  return invalid_field("cursor", "must be the next_cursor of a list with the same filters");
}

}  // namespace hoist::uploads
