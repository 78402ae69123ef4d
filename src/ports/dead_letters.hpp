// What a queue gave up on, kept until an operator redrives or discards it, or its time is over.
//
// Promise  redriving and discarding are parts of the caller's transaction, so that the record of who did it
//          commits with it. Ids that are not dead letters (any more) are passed over: repeating does nothing.
// Threads  any; those with a transaction on engine threads of the database.
// Errors   unavailable, timeout.
// Contract tests/contract/dead_letters_contract.hpp.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "sql/database.hpp"

namespace hoist {

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

struct RedriveItem {
  DeadLetter letter;
  std::int64_t overtaken_by = 0;         // later messages of its group that are already settled
  std::vector<std::int64_t> overtakers;  // their sequences, the first 100
};

class DeadLetters {
 public:
  virtual ~DeadLetters() = default;
  // In order of id, which is order of sending; pass the last one's id to go on.
  virtual Async<std::vector<DeadLetter>> list(std::string queue, TenantId tenant, MessageId after, int limit,
                                              Deadline deadline) = 0;
  // What redrive would do, without doing it; no ids: to all of the queue, the first 1000.
  virtual Async<std::vector<RedriveItem>> plan(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                               Deadline deadline) = 0;
  // They wait again, with all their attempts and in their original order, however they are named.
  // Answers how many.
  virtual Result<std::int64_t> redrive(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                       std::span<MessageId const> ids) = 0;
  // Removes them for good; a group that one of them blocks goes on. Answers how many.
  virtual Result<std::int64_t> discard(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                       std::span<MessageId const> ids) = 0;
};

}  // namespace hoist
