// One queue engine for processing, tasks, webhooks, erasure and export.
//
// Order    inside a group, messages are delivered in the order of `sequence`, which is commit
//          order; a failed head keeps its place; no two attempts of a group overlap. Groups do
//          not wait for each other.
// Promise  at least once. After send's transaction commits the message is on disk. A receipt is
//          fenced by its attempt number: once lost, it can change nothing.
// Threads  any.
// Errors   conflict (dedup key reused with another body; receipt fenced), too_large, throttled
//          (depth limit), unavailable, timeout.
// Contract tests/contract/queue_contract.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "ports/database.hpp"

namespace hoist {

struct Outgoing {
  std::string queue;
  TenantId tenant;
  std::string group;      // 1-128 characters; order holds inside (tenant, group)
  std::string body;       // at most 256 KiB
  std::string dedup_key;  // empty: none. Unique per (tenant, queue) inside the dedup window
  Micros delay{0};
};

struct Sent {
  MessageId id;
  std::int64_t sequence = 0;
  bool duplicate = false;  // `id` and `sequence` are those of the first
};

struct Receipt {
  MessageId id;
  std::string queue;
  std::int64_t attempt = 0;  // 1 at the first delivery
};

struct Message {
  Receipt receipt;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  Time sent_at;
  std::int64_t attempts_max = 0;  // this is the last attempt when receipt.attempt equals it
};

struct ReceiveRequest {
  std::string queue;
  int max = 1;  // 1-10
  Micros visibility{30'000'000};
  Micros wait{0};  // long poll
};

struct DeadLetter {
  MessageId id;
  std::string queue;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  std::int64_t attempts = 0;
  std::string cause;
  Time died_at;
};

class Queue {
 public:
  virtual ~Queue() = default;
  // Part of the caller's transaction: visible to receivers when it commits.
  virtual Result<Sent> send(sql::Transaction& tx, Outgoing message) = 0;
  virtual Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) = 0;
  virtual Async<> acknowledge(Receipt receipt, Deadline deadline) = 0;
  // Failed this time: retried in place after `delay` (default: the queue's backoff with jitter), or
  // dead with `cause` when attempts are used up or `permanent`.
  struct Failure {
    std::string cause;
    std::optional<Micros> delay;
    bool permanent = false;
  };
  virtual Async<> fail(Receipt receipt, Failure failure, Deadline deadline) = 0;
  virtual Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) = 0;  // heartbeat

  virtual Async<std::vector<DeadLetter>> dead_letters(std::string queue, TenantId tenant,
                                                      std::int64_t after_sequence, int limit,
                                                      Deadline deadline) = 0;
  // Dead letters with these ids (all of the queue when empty) wait again, in original order.
  virtual Async<std::int64_t> redrive(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                      Deadline deadline) = 0;
};

}  // namespace hoist
