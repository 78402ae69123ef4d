// Another engine with the details of events in DynamoDB instead: rows, queues and objects stay where they
// are.
//
// Errors   those of the adapter: a name that no table can have, no region, an endpoint that is no address.
// Whether the
//          table is there shows with the first event, which waits in the outbox until it is.
#pragma once

#include <memory>

#include "adapters/dynamodb/event_details.hpp"
#include "assembly/engine_over.hpp"
#include "aws/client/account.hpp"

namespace hoist::dynamodb {

// The table, and what reaches it.
// Lifetime  the metrics outlive it.
class DetailsTable {
 public:
  static Result<std::unique_ptr<DetailsTable>> open(EventDetailsOptions options, aws::Environment environment,
                                                    Metrics& metrics);
  // The same records with these details.
  [[nodiscard]] Records beside(Records const& records);

 private:
  DetailsTable(aws::Environment environment, Metrics& metrics)
      : account_{std::move(environment), clock_, metrics} {}
  SystemClock clock_;
  aws::Account account_;
  std::unique_ptr<EventDetails> details_;
};

class EngineWithDetails final : public EngineOver {
 public:
  static Result<std::unique_ptr<Engine>> open(std::unique_ptr<Engine> rest, EventDetailsOptions options,
                                              aws::Environment environment, Metrics& metrics);

  Records records() override { return table_->beside(rest().records()); }
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override;

 private:
  EngineWithDetails(std::unique_ptr<Engine> rest, std::unique_ptr<DetailsTable> table)
      : EngineOver{std::move(rest)}, table_{std::move(table)} {}

  std::unique_ptr<DetailsTable> table_;
};

}  // namespace hoist::dynamodb
