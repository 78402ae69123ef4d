// Signed statements of how far a tenant's log was and what it said then, and the proofs that tie
// events to them. An auditor who keeps a checkpoint can later show that history was rewritten.
//
// Threads  any.
// Errors   not_found for a checkpoint or event that is not there; gone for leaves past retention.
// Source   RFC 9162 (proofs), RFC 8032 (signature).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ed25519.hpp"
#include "base/json.hpp"
#include "base/metrics.hpp"
#include "events/merkle.hpp"
#include "ports/event_index.hpp"
#include "sql/database.hpp"

namespace hoist::events {

struct Checkpoint {
  TenantId tenant;
  std::int64_t size = 0;  // events covered
  std::string root;       // Merkle root over their leaves
  std::string chain;      // chain hash of the last
  Time at;
  std::string key_id;  // first 16 hex digits of SHA-256 of the public key
  std::string signature;
};

// What is signed: a name, a line break and canonical JSON.
[[nodiscard]] std::string signed_text(Checkpoint const& checkpoint);
[[nodiscard]] std::string key_id_of(std::string_view public_key);
[[nodiscard]] json::object render(Checkpoint const& checkpoint);

inline constexpr std::int64_t checkpoint_events = 1000;
inline constexpr auto checkpoint_interval = std::chrono::minutes{1};

// What was signed must still be what the log says: no client gets a signature for another past. A
// checkpoint of another key is compared without its signature. Errors: corrupt.
[[nodiscard]] Result<void> check_past(sql::Transaction& tx, EventIndex& index, std::string_view public_key,
                                      EventHead const& head, Checkpoint const& last);

class Marks;

class Checkpoints {
 public:
  struct Needs {
    sql::Database& database;
    EventIndex& index;
    Metrics& metrics;
  };
  // Without marks, only what is in the database tells what was signed.
  Checkpoints(Needs const& needs, Ed25519Key const& key, Marks* marks = nullptr);

  // Looks at every mark, and makes a checkpoint where checkpoint_events or checkpoint_interval have
  // passed since the last. Errors: corrupt, when a log is not what was signed.
  Async<> sweep(Deadline deadline);
  // One that covers everything recorded so far. Errors: not_found for an empty log.
  Async<Checkpoint> make(TenantId tenant, Deadline deadline);
  Async<std::vector<Checkpoint>> list(TenantId tenant, std::int64_t after_size, int limit, Deadline deadline);

  struct Inclusion {
    std::string leaf;
    std::int64_t index = 0;
    std::vector<std::string> path;
    Checkpoint checkpoint;
  };
  // `size` names a checkpoint; 0: the latest that covers the event.
  Async<Inclusion> inclusion(TenantId tenant, EventId id, std::int64_t size, Deadline deadline);

  struct Consistency {
    Checkpoint first;
    Checkpoint second;
    std::vector<std::string> path;
  };
  // That the checkpoint of size `second` only added to that of size `first`.
  Async<Consistency> consistency(TenantId tenant, std::int64_t first, std::int64_t second, Deadline deadline);
  [[nodiscard]] Ed25519Key const& key() const { return key_; }

  // Before retention moves the beginning of a log to `first_sequence`, and after.
  Result<void> allow_cut(TenantId const& tenant, std::int64_t first_sequence);

 private:
  Async<Checkpoint> make_one(TenantId tenant, Deadline deadline);
  Async<> look_at_marks(Deadline deadline);

  sql::Database& database_;
  EventIndex& index_;
  Gauge altered_logs_;
  Ed25519Key const& key_;
  Marks* marks_;
};

}  // namespace hoist::events
