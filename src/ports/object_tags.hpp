// The tags of an object, for stores that let them be changed after the object was made.
// Threads, Lifetime, Errors and Contract are those of ports/object_store.hpp.
#pragma once

#include "ports/object_store.hpp"

namespace hoist {

class ObjectTags {
 public:
  virtual ~ObjectTags() = default;
  virtual Async<> set_tags(ObjectRef ref, StringMap tags, Deadline deadline) = 0;
};

}  // namespace hoist
