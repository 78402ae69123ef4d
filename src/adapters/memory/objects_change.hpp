// A change of memory::Objects: planned under its lock, told to the listener in a transaction, and done under
// the lock when that has committed. Without a listener it is done at once.
#pragma once

#include <functional>
#include <memory>

#include "adapters/memory/objects_state.hpp"

namespace hoist::memory {

// Nothing to tell or to do where a function is absent.
struct Change {
  ObjectInfo answer;
  std::function<Result<void>(Arrivals&, sql::Transaction&)> tell;
  std::function<void(Objects::State&)> apply;
  std::string completes = {};  // the multipart upload that nobody may abort meanwhile
};

// Called under the lock, once or, when its transaction is taken back, again.
using Plan = std::function<Result<Change>(Objects::State&)>;

// `conditional`: what was planned holds only if no other call changes `ref` meanwhile. Errors: conflict.
Async<ObjectInfo> make_change(std::shared_ptr<Objects::State> state, ObjectRef ref, bool conditional,
                              Plan plan);

}  // namespace hoist::memory
