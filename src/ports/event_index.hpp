// The relational half of the event log: metadata, order and chain. Free-form details live in
// event_details.hpp; a row of the outbox, committed with the index row, holds them until they are
// there. The two halves may be different systems that fail apart.
//
// Order    sequence is dense per tenant and is commit order; chain(n) covers everything before n.
// Threads  any; functions that take a Transaction run on its engine's thread.
// Errors   key_reuse: this event id was used with another body. gone: the cursor is older than
//          what is retained. unavailable, timeout.
// Contract tests/contract/event_index_contract.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/event.hpp"
#include "sql/database.hpp"

namespace hoist {

struct NewEvent {
  EventId id;
  UserId user;
  std::string type;
  Time at;
  std::string details;        // canonical JSON of an object
  std::string request_hash;   // of what the client sent: tells a retry from a reuse of the id
  bool id_given = false;      // by the client, so it may repeat an earlier one
  bool keep_details = false;  // in the index itself instead of the other store
  // Of user and details. Made by append() where absent; making it before keeps the hashing off the
  // one thread that writes.
  std::optional<EventSeal> seal;
};

// Details on their way to the other store.
struct OutboxItem {
  std::int64_t number = 0;  // to settle it by, shared by all that one call sent
  TenantId tenant;
  EventId event;
  std::string salt;
  std::string details;
  bool redaction = false;  // replace whatever is there by a tombstone
};

struct IndexedEvent {
  EventFacts facts;
  std::optional<UserId> user;  // absent once redacted
  std::string user_salt;       // "" once redacted
  std::string chain;
  bool duplicate = false;      // append answered an earlier event
  bool holds_details = false;  // they are in the index and in `details`
  OutboxItem details;          // otherwise from append only: what is on its way to the other store
};

struct EventQuery {
  TenantId tenant;
  std::optional<UserId> user;
  std::optional<std::string> type;
  std::optional<Time> from;  // timestamps in [from, to)
  std::optional<Time> to;
  bool descending = false;
  std::int64_t after = 0;  // sequence to go on from, in the chosen direction; 0: the beginning
  int limit = 100;
};

struct EventHead {
  std::int64_t first_sequence = 1;  // the oldest retained
  std::int64_t last_sequence = 0;
  std::string chain = event_chain_start();
  std::string chain_before = event_chain_start();  // of the event before first_sequence
};

// The event that follows `head`, which moves on to it. What every adapter appends.
[[nodiscard]] IndexedEvent chain_event(EventHead& head, TenantId const& tenant, NewEvent const& event,
                                       Time now);

inline constexpr std::string_view redaction_type = "event.redacted";  // the type of such a notice

class EventIndex {
 public:
  virtual ~EventIndex() = default;
  // Appends in order, with outbox rows, as received at the transaction's time. A repeated id with the
  // same request answers the first event as `duplicate`; with another one it fails alone.
  virtual Result<std::vector<Result<IndexedEvent>>> append(sql::Transaction& tx, TenantId const& tenant,
                                                           std::vector<NewEvent> const& events) = 0;
  virtual Result<std::vector<IndexedEvent>> list(sql::Transaction& tx, EventQuery const& query) = 0;
  // Only the leaves of up to `limit` events after sequence `after`, in order.
  virtual Result<std::vector<std::string>> leaves(sql::Transaction& tx, TenantId const& tenant,
                                                  std::int64_t after, int limit) = 0;
  virtual Result<IndexedEvent> find(sql::Transaction& tx, TenantId const& tenant, EventId const& id) = 0;
  virtual Result<EventHead> head(sql::Transaction& tx, TenantId const& tenant) = 0;
  virtual Result<std::vector<TenantId>> tenants(sql::Transaction& tx) = 0;

  // Forgets the user of these events and what was asked, and orders their details' erasure; hashes of the
  // chain stay. Their ids stay used: every repeat is a key_reuse. Notices of earlier redactions cannot be
  // redacted.
  virtual Result<std::int64_t> redact(sql::Transaction& tx, TenantId const& tenant,
                                      std::vector<EventId> const& ids) = 0;
  // Removes rows before `first_kept` and orders their details' erasure.
  virtual Result<std::int64_t> retire(sql::Transaction& tx, TenantId const& tenant,
                                      std::int64_t first_kept) = 0;

  // What the outbox holds behind the number `after`: `limit` items if there are as many, and then to
  // the end of what shares the last one's number.
  virtual Result<std::vector<OutboxItem>> outbox(sql::Transaction& tx, std::int64_t after, int limit) = 0;
  // How many numbers the outbox holds; never too few, and found without counting them.
  virtual Result<std::int64_t> outbox_depth(sql::Transaction& tx) = 0;
  virtual Result<void> settle(sql::Transaction& tx, std::vector<std::int64_t> const& numbers) = 0;
};

}  // namespace hoist
