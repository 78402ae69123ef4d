#include "net/idempotency_key.hpp"

#include <algorithm>

namespace hoist::net {
namespace {

constexpr std::size_t idempotency_key_max = 255;

}  // namespace

Result<std::string_view> idempotency_key(Request const& request) {
  auto const key = request.headers.get("Idempotency-Key");
  auto const visible = std::ranges::all_of(key, [](char c) { return c > 0x20 && c < 0x7F; });
  if (request.headers.has("Idempotency-Key") && (key.empty() || key.size() > idempotency_key_max || !visible))
    return invalid_field("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
  return key;
}

}  // namespace hoist::net
