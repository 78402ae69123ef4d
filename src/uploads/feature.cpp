#include "uploads/feature.hpp"

#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/routes.hpp"

namespace hoist::uploads {
namespace {

constexpr auto sweep_interval = std::chrono::seconds{2};
constexpr auto sweep_time_max = std::chrono::seconds{60};
constexpr auto recheck_time_max = std::chrono::seconds{5};

Options with_cursor_key(Options options, Records const& records) {
  options.cursor_key = hmac_sha256(records.cursor_secret, "list cursors");
  return options;
}

}  // namespace

Intake::Intake(Records const& records, Options options)
    : options_{with_cursor_key(std::move(options), records)},
      listener_{records.outbox, records.broadcast, stages_, records.clock, options_} {}

Feature::Feature(Stores const& stores, Intake& intake, Needs const& needs, Metrics& metrics)
    : callers_{needs.callers},
      follower_{intake.options(), stores.broadcast, stores.clock},
      service_{Ports{stores.database, stores.outbox, stores.joint, stores.objects, intake.listener(),
                     needs.presigner, stores.idempotency, stores.audit, stores.broadcast, needs.limits,
                     needs.scanner, intake.stages(), stores.clock, metrics},
               intake.options()},
      ledger_{Ledger::Needs{stores.database, stores.broadcast, needs.limits, intake.stages(), stores.clock},
              intake.options()},
      feed_{service_},
      watchdog_{service_} {}

Result<std::unique_ptr<Feature>> Feature::make(Stores const& stores, Intake& intake, Needs const& needs,
                                               asio::any_io_executor executor, Metrics& metrics) {
  auto feature = std::unique_ptr<Feature>{new Feature{stores, intake, needs, metrics}};
  CHECK(stores.queues.declare(intake.options().queue, processing_policy(needs.attempts_max),
                              &feature->follower_));
  complete_by_itself(intake.listener(), feature->service_, std::move(executor));
  return feature;
}

void Feature::add_routes(net::Router& router) {
  uploads::add_routes(router, feed_, [this](Caller caller) {
    return callers_.still_valid(std::move(caller), deadline_in(recheck_time_max));
  });
}

std::vector<Job> Feature::jobs() {
  auto sweep = [this]() -> Async<bool> {
    CO_CHECK(co_await watchdog_.sweep(deadline_in(sweep_time_max)));
    co_return false;
  };
  return {{"watchdog", sweep_interval, sweep}};
}

}  // namespace hoist::uploads
