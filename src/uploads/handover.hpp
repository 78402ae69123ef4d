// The step from the store to the workers: an upload whose bytes are there becomes UPLOADED, and its
// message is sent in the same transaction.
//
// Threads  any; each call is part of the caller's transaction.   Lifetime  what it is given outlives it.
#pragma once

#include "ports/outbox.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

class Handover {
 public:
  Handover(Outbox& outbox, Options const& options) : outbox_{outbox}, options_{options} {}

  // `what` and `detail` are the entry of the timeline. Errors: conflict unless the upload was PENDING or
  // FAILED.
  Result<void> hand_over(sql::Transaction& tx, Upload& upload, std::string what, std::string detail = {});
  // The message of an UPLOADED or PROCESSING upload was lost. Errors: conflict.
  Result<void> send_again(sql::Transaction& tx, Upload& upload);

 private:
  Outbox& outbox_;
  Options const& options_;
};

}  // namespace hoist::uploads
