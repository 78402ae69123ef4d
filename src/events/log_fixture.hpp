// A whole event log for tests: SQLite index, details on a database of their own, switchable faults.
#pragma once

#include <gtest/gtest.h>

#include "adapters/memory/broadcast.hpp"
#include "adapters/sql/event_details.hpp"
#include "adapters/sql/event_index.hpp"
#include "adapters/sqlite/testing.hpp"
#include "base/try.hpp"
#include "events/checkpoints.hpp"
#include "events/service.hpp"

namespace hoist::events {

// Passes on to another store, unless it is told to fail.
class FaultyDetails final : public hoist::EventDetails {
 public:
  explicit FaultyDetails(hoist::EventDetails& inner) : inner_{inner} {}
  Async<> put(std::vector<OutboxItem> items, Deadline deadline) override {
    if (fail_puts) co_return fail(Code::unavailable);
    CO_CHECK(co_await inner_.put(std::move(items), deadline));
    // The worst moment: done there, but the caller never hears of it.
    if (lose_answers) co_return fail(Code::timeout);
    co_return Result<void>{};
  }
  Async<std::map<EventId, EventDetail>> get(TenantId tenant, std::vector<EventId> ids,
                                            Deadline deadline) override {
    if (fail_gets) co_return fail(Code::unavailable);
    co_return co_await inner_.get(std::move(tenant), std::move(ids), deadline);
  }
  Async<std::vector<EventId>> ids(TenantId tenant, EventId after, int limit, Deadline deadline) override {
    return inner_.ids(std::move(tenant), std::move(after), limit, deadline);
  }

  bool fail_puts = false;
  bool lose_answers = false;
  bool fail_gets = false;

 private:
  hoist::EventDetails& inner_;
};

class LogFixture : public ::testing::Test {
 protected:
  template <class T>
  Result<T> sync(Async<T> operation) {
    auto body = std::function<Async<T>()>{[&operation] { return std::move(operation); }};
    return run_to_end<T>(body);
  }
  Deadline soon() { return deadline_in(std::chrono::seconds{10}); }

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
  std::vector<EventView> all(int limit = 1000) {
    auto query = EventQuery{};
    query.tenant = acme;
    query.limit = limit;
    return *sync(service.list(query, soon()));
  }

  TenantId const acme{"acme"};
  ManualClock clock;
  Metrics metrics;
  hoist::testing::TestDatabase database = hoist::testing::fast_database();
  hoist::testing::TestDatabase details_database = hoist::testing::fast_database();
  sql::EventIndex index;
  std::unique_ptr<sql::EventDetails> stored = *sql::EventDetails::open(*details_database);
  FaultyDetails details{*stored};
  memory::Broadcast broadcast;
  Service service{*database, index, details, broadcast, clock, metrics};
  SigningKey key = SigningKey::generate();
  Checkpoints checkpoints{service, key};
};

}  // namespace hoist::events
