// Everything an engine has for features. A reference is what every engine has; a pointer is a capability,
// and null where an engine lacks it.
//
// Lifetime  that of the engine.
#pragma once

#include <optional>
#include <string>

#include "base/time.hpp"
#include "ports/audit.hpp"
#include "ports/dead_letters.hpp"
#include "ports/event_details.hpp"
#include "ports/event_index.hpp"
#include "ports/idempotency.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"
#include "ports/outbox.hpp"
#include "ports/presigner.hpp"
#include "ports/queue_registry.hpp"
#include "ports/rate_limiter.hpp"
#include "ports/record_journal.hpp"
#include "ports/secrets.hpp"
#include "ports/served_objects.hpp"
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

// How clients reach objects that are in a store of its own.
struct DirectObjects {
  Presigner const& presigner;
  std::string origin;  // of the URLs that it signs: "https://hoist.s3.eu-west-1.amazonaws.com"
};

// Exactly one of `served` and `direct` is there.
struct Stores : Records {
  ObjectStore& objects;
  Multiparts& multiparts;
  ServedObjects* served;  // the host serves the objects over S3, and signs URLs of its own endpoint
  std::optional<DirectObjects> direct;
};

}  // namespace hoist
