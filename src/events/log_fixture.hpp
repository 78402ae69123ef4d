// A whole event log for tests: the index on SQLite unless another is given, details in a store of their
// own with switchable faults, a clock moved by hand.
#pragma once

#include <gtest/gtest.h>

#include "adapters/memory/event_details.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/event_index.hpp"
#include "base/try.hpp"
#include "events/export.hpp"
#include "events/reconcile.hpp"
#include "events/retention.hpp"
#include "support/test_database.hpp"
#include "support/test_engine.hpp"

namespace hoist::events {

class LogFixture : public ::testing::Test {
 protected:
  explicit LogFixture(std::unique_ptr<EventIndex> with = std::make_unique<sql_engine::EventIndex>())
      : index_{std::move(with)} {}

  template <class T>
  Result<T> sync(Async<T> operation) {
    auto body = std::function<Async<T>()>{[&operation] { return std::move(operation); }};
    return run_to_end<T>(body);
  }
  Deadline soon() { return deadline_in(std::chrono::seconds{20}); }

  NewEvent event(std::string user, std::string type, json::object content = {}) {
    auto made = NewEvent{};
    made.id = EventId{new_uuid7(clock.now())};
    made.user = UserId{std::move(user)};
    made.type = std::move(type);
    made.at = clock.now();
    made.details = canonical_json(content);
    made.request_hash = made.details;
    return made;
  }
  Recorded record(NewEvent one) {
    auto events = std::vector<NewEvent>{};
    events.push_back(std::move(one));
    auto outcomes = sync(service.record(acme, std::move(events), soon()));
    EXPECT_TRUE(outcomes && outcomes->front());
    return outcomes->front().value();
  }
  // Answers their ids.
  std::vector<EventId> record_many(int count) { return record_many(service, count); }
  std::vector<EventId> record_many(Service& into, int count) {
    auto events = std::vector<NewEvent>{};
    auto ids = std::vector<EventId>{};
    for (int i = 0; i < count; ++i) {
      events.push_back(event("ana", "login", {{"n", i}}));
      ids.push_back(events.back().id);
    }
    EXPECT_TRUE(sync(into.record(acme, std::move(events), soon())));
    return ids;
  }
  std::vector<EventView> all(int limit = 1000) {
    auto query = EventQuery{};
    query.tenant = acme;
    query.limit = limit;
    return sync(service.list(query, soon()))->events;
  }

  std::unique_ptr<EventIndex> index_;
  TenantId const acme{"acme"};
  ManualClock clock;
  Metrics metrics;
  hoist::testing::TestDatabase database = hoist::testing::fast_database(clock);
  EventIndex& index = *index_;
  sql_engine::AuditLog audit;
  memory::EventDetails details;
  Wakeups& wakeups = database.wakeups();
  Service service{*database, index, details, wakeups, metrics};
  Ed25519Key key = Ed25519Key::generate();
  Checkpoints checkpoints{{*database, index, metrics}, key};
  Retention retention{{*database, index, checkpoints}, std::chrono::seconds{0}};
  Exports exports{{*database, index, service, checkpoints}};
};

}  // namespace hoist::events
