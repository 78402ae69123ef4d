// An upload follows what the processing queue does with its message: it fails with one that dies, and goes
// through the workers again with one that is redriven.
//
// Threads  engine threads of the database.
#pragma once

#include "ports/queue_registry.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

class ProcessingFollower final : public MessageFollower {
 public:
  explicit ProcessingFollower(Options options) : options_{std::move(options)} {}
  Result<void> on(sql::Transaction& tx, QueueEvent const& event) override;

 private:
  Result<void> fail_upload(sql::Transaction& tx, Upload& upload, DeadLetter const& letter);
  Result<void> redrive_upload(sql::Transaction& tx, Upload& upload);

  Options options_;
};

// The rules of the processing queue, the same in every process that touches it.
[[nodiscard]] QueuePolicy processing_policy(std::int64_t attempts_max);

}  // namespace hoist::uploads
