#include "s3api/access_keys.hpp"

#include <algorithm>

namespace hoist::s3api {

Result<AccessKeys> AccessKeys::make(std::vector<AccessKey> keys) {
  if (keys.empty()) return invalid_field("keys", "must hold at least one access key");
  for (auto const& key : keys) {
    if (key.id.empty() || key.id.find_first_of("/ ,") != key.id.npos)
      return invalid_field("access_key_id", "must be a word without slashes, spaces or commas");
    if (key.secret.size() < secret_bytes_min)
      return invalid_field("secret_access_key", "must have at least 32 characters");
    if (key.secret.ends_with("EXAMPLEKEY"))
      return invalid_field("secret_access_key", "must not be the sample of the documentation");
  }
  std::ranges::sort(keys, {}, &AccessKey::id);
  if (std::ranges::adjacent_find(keys, {}, &AccessKey::id) != keys.end())
    return invalid_field("access_key_id", "must not be given twice");
  return AccessKeys{std::move(keys)};
}

AccessKey const* AccessKeys::find(std::string_view id) const {
  auto const found = std::ranges::lower_bound(keys_, id, {}, &AccessKey::id);
  return found != keys_.end() && found->id == id ? &*found : nullptr;
}

}  // namespace hoist::s3api
