// Addresses from which a stored file or its thumbnail is fetched.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
// Errors   not_found; conflict (not_completed) unless the file may be served.
#pragma once

#include <string>

#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "sql/database.hpp"
#include "uploads/grants.hpp"

namespace hoist::uploads {

class Downloads {
 public:
  struct Needs {
    sql::Database& database;
    Audit& audit;
    Grants const& grants;
    Clock const& clock;
  };
  Downloads(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  Async<std::string> content_url(CallContext call, UploadId id);  // recorded in the audit trail
  Async<std::string> thumbnail_url(TenantId tenant, UploadId id, int size, Deadline deadline);

 private:
  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
