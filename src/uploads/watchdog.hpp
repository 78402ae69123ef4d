// No file stays in limbo: looks at every upload whose state has outlived its deadline.
//
//   PENDING               -> UPLOADED if all its bytes are there, else EXPIRED; those in a store that does
//                            not report, or whose report was lost, are looked for long before that
//   UPLOADED, PROCESSING  -> left alone while their message waits in the queue, however long that is
//                            (a scanner that is away, a long line); a message that was lost is sent
//                            again, a few times, then FAILED
//   FAILED                -> its bytes are removed
//   others                -> what they left in the store is removed (a crash came between)
//
// Threads   one sweep at a time per process; several processes do no harm.
// Lifetime  what it is given outlives it.
#pragma once

#include <map>

#include "base/metrics.hpp"
#include "ports/joint_consumer.hpp"
#include "sql/database.hpp"
#include "uploads/completion.hpp"
#include "uploads/handover.hpp"
#include "uploads/removal.hpp"

namespace hoist::uploads {

struct Sweep {
  int expired = 0;
  int assembled = 0;
  int postponed = 0;
  int requeued = 0;
  int failed = 0;
  int cleaned = 0;
};

class Watchdog {
 public:
  struct Needs {
    sql::Database& database;
    JointConsumer* joint;  // asked whether a file's message waits; absent: the queue cannot be asked
    Handover& handover;
    Completion& completion;
    Removal& removal;
    Clock const& clock;
    Metrics& metrics;
  };
  Watchdog(Needs needs, Options const& options);
  // Everything that is due, as of the clock. What fails is logged and left for the next one.
  Async<Sweep> sweep(Deadline deadline);

 private:
  Async<std::vector<Upload>> due(UploadState state, Deadline deadline);
  Async<> sweep_parts(Sweep& sweep, Deadline deadline);
  Async<> sweep_pending(Sweep& sweep, Deadline deadline);
  Async<> sweep_working(UploadState state, Sweep& sweep, Deadline deadline);
  Async<bool> postpone(Upload const& upload, Deadline deadline);
  Async<> send_again(UploadState state, Upload const& upload, Sweep& sweep, Deadline deadline);
  Async<> sweep_ended(UploadState state, Sweep& sweep, Deadline deadline);
  Async<> expire(Upload upload, Deadline deadline);
  Async<> look_later(Upload const& upload, Deadline deadline);
  Async<> forget_old_changes(Deadline deadline);
  Async<> measure(Deadline deadline);

  Needs needs_;
  Options const& options_;
  std::optional<Time> measured_at_;
  Gauge oldest_;
  std::map<UploadState, Gauge> by_state_;
  std::map<std::string, Counter> actions_;
};

}  // namespace hoist::uploads
