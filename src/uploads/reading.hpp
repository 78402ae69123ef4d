// What callers can ask about uploads, batches and projects.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
// Errors   not_found for what does not exist and for what is another tenant's, alike.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sql/database.hpp"
#include "uploads/project_counts.hpp"

namespace hoist::uploads {

struct Page {
  std::vector<Upload> uploads;
  std::string next_cursor;  // empty: the end
};

class Reading {
 public:
  Reading(sql::Database& database, Options const& options);

  Async<Upload> get(TenantId tenant, UploadId id, Deadline deadline);
  Async<std::pair<Batch, std::vector<StateCount>>> get_batch(TenantId tenant, BatchId id, Deadline deadline);
  // All of them, or the one named.
  Async<std::vector<ProjectCount>> projects(TenantId tenant, ProjectId only, Deadline deadline);
  Async<Page> list(TenantId tenant, ListFilter filter, std::string cursor, int limit, Deadline deadline);

 private:
  sql::Database& database_;
  Cursors cursors_;
};

}  // namespace hoist::uploads
