// Tells watchers that a tenant has news. The news themselves are rows with a dense sequence
// number; a watcher reads them from its cursor, so a lost notification delays but never loses.
// Threads  any.
#pragma once

#include <cstdint>
#include <memory>

#include "base/async.hpp"
#include "model/ids.hpp"

namespace hoist {

class Broadcast {
 public:
  virtual ~Broadcast() = default;
  virtual void notify(TenantId const& tenant) = 0;
  // The tenant's signal: take a ticket, read from the cursor, wait for the ticket to age.
  virtual std::shared_ptr<Signal> watch(TenantId const& tenant) = 0;
};

}  // namespace hoist
