// What the news of a store outside of our transactions means to uploads. The store is asked what is true, and
// the rows follow; news that is late, false or repeated changes nothing.
//
//   PENDING                   the bytes are there: UPLOADED, as its store's own report would have made it
//   UPLOADED, COMPLETED       the bytes are gone behind our back: DELETED
//   EXPIRED, CANCELLED,       bytes came by a URL that had outlived the upload: the watchdog removes them
//   DELETED, infected
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
#pragma once

#include "ports/object_news.hpp"
#include "ports/object_store.hpp"
#include "sql/database.hpp"
#include "uploads/arrivals.hpp"
#include "uploads/completion.hpp"

namespace hoist::uploads {

class StoreNews final : public ObjectNews {
 public:
  struct Needs {
    sql::Database& database;
    ObjectStore& objects;
    Completion& completion;
    UploadArrivals& arrivals;
  };
  StoreNews(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  Async<> on_news(ObjectRef ref, Deadline deadline) override;

 private:
  Async<> take_bytes(Upload upload, Deadline deadline);
  Async<> clean_up_later(Upload const& upload, Deadline deadline);

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
