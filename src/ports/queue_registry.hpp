// The rules of a queue and who follows its messages, told once to each process that touches it.
//
// Threads  any; before first use of the queue.
// Errors   invalid (a rule out of bounds, or one that this queue cannot keep), conflict (declared before with
//          other rules or another follower; the same again is fine).
// Contract tests/contract/outbox_contract.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/retry.hpp"
#include "base/time.hpp"
#include "ports/lifecycle.hpp"

namespace hoist {

// What happens to a group when a message of it is dead. Only a queue with a JointConsumer can do other than
// skip.
enum class OnDead {
  skip,        // the survivors go on in their order
  block,       // the group waits until the dead letter is redriven or discarded
  park_group,  // all that wait behind it become dead letters with it; later arrivals start afresh
};

enum class DedupScope { queue, group };

struct QueuePolicy {
  std::int64_t attempts_max = 3;
  Micros backoff_base{1'000'000};  // see pauses()
  Micros backoff_max{300'000'000};
  OnDead on_dead = OnDead::skip;
  std::int64_t depth_max = 1'000'000;            // messages of one tenant that are not settled or dead
  Micros retention{14 * 86'400'000'000LL};       // then a waiting message is dead, "expired"
  Micros dead_retention{30 * 86'400'000'000LL};  // then a dead letter is removed
  Micros dedup_window{300'000'000};              // from the first send
  DedupScope dedup_scope = DedupScope::queue;
  bool content_dedup = false;          // without a key, SHA-256 of the body is the key
  std::optional<Micros> forget_group;  // forget empty groups (and their sequence) after this time
  [[nodiscard]] Backoff pauses() const {
    return {.first = backoff_base, .longest = backoff_max, .least = 0.8, .most = 1.2};
  }
  bool operator==(QueuePolicy const&) const = default;
};

class QueueRegistry {
 public:
  virtual ~QueueRegistry() = default;
  // Undeclared queues have the default policy and no follower. `follower` lives as long as the queue is used.
  virtual Result<void> declare(std::string queue, QueuePolicy policy,
                               MessageFollower* follower = nullptr) = 0;
};

}  // namespace hoist
