// Told what a store outside of our transactions, as S3, says about its objects: by notifications that come
// late, twice, in any order or never. So what is said is no more than a reason to look, and who listens asks
// the store. uploads/store_news.hpp implements it.
//
// Threads  any.   Lifetime  it outlives every awaitable it returned.
#pragma once

#include "base/async.hpp"
#include "ports/object_store.hpp"

namespace hoist {

class ObjectNews {
 public:
  virtual ~ObjectNews() = default;
  // Something may have happened to this object. Errors: what kept us from looking; then it has to be told
  // again.
  virtual Async<> on_news(ObjectRef ref, Deadline deadline) = 0;
};

}  // namespace hoist
