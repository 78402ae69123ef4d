// Private keys on disk: DIR/<name>.pem, one each, readable by their owner only.
//
// Errors   invalid, naming the file, when a key or the folder could be read or replaced by others:
//          a key that may have been copied must not sign.
// Source   RFC 7468 (PEM), RFC 8410 (Ed25519 keys).
#pragma once

#include <string>
#include <vector>

#include "base/ed25519.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::tenants {

struct NamedKey {
  std::string name;
  Ed25519Key key;
};

// All keys of the folder by ascending name; creates folder and first key when there are none. Two
// processes that start at once end with the same keys.
[[nodiscard]] Result<std::vector<NamedKey>> load_or_create_keys(std::string const& folder, Time now);
// Adds a key named by the time, so that the newest sorts last.
[[nodiscard]] Result<void> add_key(std::string const& folder, Time now);

}  // namespace hoist::tenants
