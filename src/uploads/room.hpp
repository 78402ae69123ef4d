// What is granted has to fit: a grant that the store cannot keep costs the sender all of its bytes.
#pragma once

#include "base/error.hpp"
#include "uploads/options.hpp"
#include "uploads/parse.hpp"

namespace hoist::uploads {

// Errors: storage_full when the store has no room for `bytes` more.
[[nodiscard]] Result<void> check_room(Options const& options, std::int64_t bytes);
[[nodiscard]] Result<void> check_room(Options const& options, NewBatch const& batch);

}  // namespace hoist::uploads
