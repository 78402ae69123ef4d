#include "engines/dynamodb/engine.hpp"

#include "base/try.hpp"

namespace hoist::dynamodb {

Result<std::unique_ptr<DetailsTable>> DetailsTable::open(EventDetailsOptions options,
                                                         aws::Environment environment, Metrics& metrics) {
  auto table = std::unique_ptr<DetailsTable>{new DetailsTable{std::move(environment), metrics}};
  TRY(table->details_, EventDetails::open(std::move(options), table->account_, table->clock_));
  return table;
}

Records DetailsTable::beside(Records const& records) {
  return {.database = records.database,
          .queues = records.queues,
          .outbox = records.outbox,
          .consumer = records.consumer,
          .joint = records.joint,
          .dead_letters = records.dead_letters,
          .event_index = records.event_index,
          .event_details = *details_,
          .audit = records.audit,
          .audit_trail = records.audit_trail,
          .journal = records.journal,
          .idempotency = records.idempotency,
          .wakeups = records.wakeups,
          .limiter = records.limiter,
          .secrets = records.secrets,
          .cursor_secret = records.cursor_secret,
          .clock = records.clock};
}

Result<std::unique_ptr<Engine>> EngineWithDetails::open(std::unique_ptr<Engine> rest,
                                                        EventDetailsOptions options,
                                                        aws::Environment environment, Metrics& metrics) {
  TRY(auto table, DetailsTable::open(std::move(options), std::move(environment), metrics));
  return std::unique_ptr<Engine>{new EngineWithDetails{std::move(rest), std::move(table)}};
}

Result<Stores> EngineWithDetails::open_objects(Arrivals& arrivals, ObjectNotes& notes) {
  TRY(auto const stores, rest().open_objects(arrivals, notes));
  return Stores{table_->beside(stores), stores.objects, stores.multiparts, stores.served, stores.direct};
}

}  // namespace hoist::dynamodb
