// Every class of uploads, built once over the ports of an engine. Each of them takes the few that it uses:
// services.cpp is where that is seen.
//
// Lifetime  the ports and the intake outlive it. Drained before the runtime ends.
#pragma once

#include "ports/presigner.hpp"
#include "uploads/intake.hpp"
#include "uploads/ledger.hpp"
#include "uploads/routes.hpp"
#include "uploads/store_news.hpp"
#include "uploads/upload_tickets.hpp"
#include "uploads/watchdog.hpp"

namespace hoist::uploads {

struct Ports {
  sql::Database& database;
  Outbox& outbox;
  JointConsumer* joint;  // absent where the queue is not in `database`
  ObjectStore& objects;
  Multiparts& multiparts;
  Presigner const& presigner;
  Idempotency& idempotency;
  Audit& audit;
  Wakeups& wakeups;
  TenantLimitsSource& limits;
  Scanner const& scanner;
  Clock const& clock;
  Metrics& metrics;
};

class Services {
 public:
  Services(Ports const& ports, Intake& intake);

  // `recheck` is asked about open streams.
  [[nodiscard]] RouteNeeds for_routes(Recheck recheck);

 private:
  Options const& options_;
  Clock const& clock_;

 public:
  Grants grants;
  Views views;
  Transfers transfers;
  Creation creation;
  BatchCreation batch_creation;
  UploadTickets upload_tickets;
  Completion completion;
  Retry retry;
  Reading reading;
  Downloads downloads;
  Removal removal;
  Ledger ledger;
  Feed feed;
  Watchdog watchdog;
  StoreNews store_news;
};

}  // namespace hoist::uploads
