// Everything an engine has for features. A reference is what every engine has; a pointer is a capability,
// and null where an engine lacks it.
//
// Lifetime  that of the engine.
#pragma once

#include <string>

#include "base/time.hpp"
#include "ports/audit.hpp"
#include "ports/buckets.hpp"
#include "ports/dead_letters.hpp"
#include "ports/event_details.hpp"
#include "ports/event_index.hpp"
#include "ports/idempotency.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"
#include "ports/object_tags.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"
#include "ports/rate_limiter.hpp"
#include "ports/record_journal.hpp"
#include "ports/secrets.hpp"
#include "ports/wakeups.hpp"
#include "sql/database.hpp"

namespace hoist {

// What needs no objects: there before the objects, whose arrivals are records.
struct Records {
  sql::Database& database;
  QueueRegistry& queues;
  Outbox& outbox;
  Consumer& consumer;
  JointConsumer* joint;  // of a queue whose messages are in `database`
  DeadLetters& dead_letters;
  EventIndex& event_index;
  EventDetails& event_details;
  Audit& audit;
  AuditTrail& audit_trail;
  RecordJournal* journal;  // of an engine whose records can be recovered
  Idempotency& idempotency;
  Wakeups& wakeups;
  RateLimiter& limiter;
  Secrets& secrets;
  std::string const& cursor_secret;  // keys that authenticate cursors are derived from it
  Clock const& clock;
};

struct Stores : Records {
  ObjectStore& objects;
  Buckets& buckets;
  Multiparts& multiparts;
  ObjectTags& tags;
};

}  // namespace hoist
