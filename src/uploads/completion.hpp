// Makes the object of an upload whose bytes are all there: when its client says so, when the last part
// has arrived (it takes the upload from WholeUploads then), or when the watchdog looks.
//
// Threads  any.   Lifetime  what it is given outlives it; it is drained before that ends.
#pragma once

#include "base/task_group.hpp"
#include "model/call_context.hpp"
#include "ports/idempotency.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"
#include "sql/database.hpp"
#include "uploads/arrivals.hpp"

namespace hoist::uploads {

class Completion {
 public:
  struct Needs {
    sql::Database& database;
    ObjectStore& objects;
    Multiparts& multiparts;
    UploadArrivals& arrivals;  // told of objects that their store has not reported
    WholeUploads& whole;
    Idempotency& idempotency;
  };
  Completion(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  // From now on what comes to WholeUploads is completed, on `executor`.
  void start(asio::any_io_executor executor);
  // Ends that. false: some completions go on after the deadline.
  Async<bool> drain(Deadline deadline);

  // For the client; repeating it is harmless. Errors: not_found; conflict when bytes are missing or the
  // upload has ended.
  Async<Upload> complete(CallContext call, UploadId id);

  // Makes a PENDING upload UPLOADED if all its bytes are there.
  // Errors: conflict when some are missing, forbidden when they are not those granted.
  Async<> settle(Upload upload, Deadline deadline);

 private:
  asio::awaitable<void> complete_whole_uploads(asio::any_io_executor executor);
  asio::awaitable<void> settle_whole(WholeUpload whole);
  Async<Upload> find(TenantId const& tenant, UploadId const& id, Deadline deadline);
  Async<> assemble(Upload const& upload, Deadline deadline);
  Async<> report_stored(Upload const& upload, Deadline deadline);
  Async<> report(Upload const& upload, ObjectInfo object, Deadline deadline);

  Needs needs_;
  Options const& options_;
  TaskGroup tasks_;
};

}  // namespace hoist::uploads
