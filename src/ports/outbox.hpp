// Sending, always as a part of the caller's transaction: the message and the rows it is about are there
// together or not at all.
//
// Order    inside a group, messages are delivered in the order of `sequence`, which is commit order; each
//          extends the chain of its group (model/chain.hpp).
// Promise  after the transaction commits the message is on disk, and is delivered until a consumer settles
//          it or it is a dead letter.
// Threads  engine threads of the database.
// Errors   invalid, conflict (a dedup key was used with another body), too_large, throttled (the queue holds
//          as many messages of the tenant as its policy allows).
// Contract tests/contract/outbox_contract.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ports/message.hpp"
#include "sql/database.hpp"

namespace hoist {

struct Outgoing {
  std::string queue;
  TenantId tenant;
  std::string group;      // 1-128 visible characters; order holds inside (tenant, group)
  std::string body;       // at most 256 KiB
  std::string dedup_key;  // empty: none. Unique per (tenant, queue) inside the dedup window
  Micros delay{0};        // holds back the group's later messages too
};

struct Sent {
  MessageId id;
  std::int64_t sequence = 0;
  bool duplicate = false;  // the other members are those of the first
  std::string chain;       // order receipt, hex: model/chain.hpp says over what
  Time sent_at;            // as in the chain; not known of a duplicate
};

class Outbox {
 public:
  virtual ~Outbox() = default;
  // Messages of one queue and tenant, in their order; all of them or an error.
  virtual Result<std::vector<Sent>> send(sql::Transaction& tx, std::span<Outgoing const> messages) = 0;

  Result<Sent> send_one(sql::Transaction& tx, Outgoing const& message) {
    auto sent = send(tx, {&message, 1});
    if (!sent) return std::unexpected{sent.error()};
    return std::move(sent->front());
  }
};

}  // namespace hoist
