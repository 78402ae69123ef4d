// How the bytes of a PENDING upload get to the store: fresh URLs, of one PUT or of parts.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
// Errors   conflict for an upload that takes no bytes any more.
#pragma once

#include <optional>
#include <vector>

#include "base/json.hpp"
#include "ports/multiparts.hpp"
#include "sql/database.hpp"
#include "uploads/grants.hpp"

namespace hoist::uploads {

struct MoreParts {
  Transfer transfer;
  std::vector<int> stored;  // numbers that need not be sent again; only when none were asked for
};

class Transfers {
 public:
  struct Needs {
    sql::Database& database;
    Multiparts& multiparts;
    Grants const& grants;
    Clock const& clock;
  };
  Transfers(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  // The first URLs of an upload; those of parts only `with_parts`, because making a multipart costs the
  // store a commit. Empty unless the upload is PENDING.
  Async<std::optional<Transfer>> begin(Upload& upload, bool with_parts, Deadline deadline);
  // Fresh URLs: of the parts that `body` names, of the missing ones when it names none, or of the single
  // PUT. With a part_size the file is cut anew first, also one that was granted in one piece.
  Async<MoreParts> more(TenantId tenant, UploadId id, json::object body, Deadline deadline);

 private:
  Async<> ensure_multipart(Upload& upload, Deadline deadline);
  Async<> cut_anew(Upload& upload, std::int64_t part_size, Deadline deadline);
  asio::awaitable<void> drop_multipart(Upload const& upload, std::string multipart_id, Deadline deadline);

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
