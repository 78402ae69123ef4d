// Dead letters of every queue: shown, and redriven together with the record of who did it.
//
// Threads  any.   Lifetime  outlives every awaitable it returned; the ports outlive it.
// Errors   invalid (a cursor that is not ours), those of the ports.
#pragma once

#include <string>
#include <vector>

#include "base/cursor.hpp"
#include "ports/audit.hpp"
#include "ports/dead_letters.hpp"

namespace hoist::dead_letters {

struct Page {
  std::vector<DeadLetter> letters;
  std::string next_cursor;  // empty: the end
};

struct RedriveOrder {
  CallContext call;
  std::string queue;
  std::vector<MessageId> ids;  // empty: all of the queue
};

class DeadLetterAdmin {
 public:
  struct Ports {
    sql::Database& database;
    DeadLetters& letters;
    Audit& audit;
  };
  explicit DeadLetterAdmin(Ports ports, Cursors cursors = {});

  Async<Page> list(TenantId tenant, std::string queue, std::string cursor, int limit, Deadline deadline);
  // What redriving would do; no ids: to all of the queue.
  Async<std::vector<RedriveItem>> plan(TenantId tenant, std::string queue, std::vector<MessageId> ids,
                                       Deadline deadline);
  // Answers how many wait again. All of a queue go in several transactions, each with its own record.
  Async<std::int64_t> redrive(RedriveOrder order);

 private:
  Async<std::int64_t> redrive_some(RedriveOrder const& order, std::vector<MessageId> const& ids);

  Ports ports_;
  Cursors cursors_;
};

}  // namespace hoist::dead_letters
