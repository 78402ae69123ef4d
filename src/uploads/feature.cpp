#include "uploads/feature.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/ticket_routes.hpp"

namespace hoist::uploads {
namespace {

constexpr auto sweep_interval = std::chrono::seconds{2};
constexpr auto sweep_time_max = std::chrono::seconds{60};
constexpr auto begin_time_max = std::chrono::minutes{10};  // once, over all uploads that share bytes
constexpr auto recheck_time_max = std::chrono::seconds{5};

}  // namespace

std::unique_ptr<Intake> make_intake(Records const& records, Options options) {
  options.cursors = Cursors{records.cursor_secret, "list cursors"};
  return std::make_unique<Intake>(records.outbox, records.journal, std::move(options));
}

Result<std::unique_ptr<Feature>> Feature::make(Stores const& stores, Intake& intake, Needs const& needs,
                                               Metrics& metrics) {
  auto const ports =
      Ports{stores.database, stores.outbox,      stores.joint, stores.objects, stores.multiparts,
            needs.presigner, stores.idempotency, stores.audit, stores.wakeups, needs.limits,
            needs.scanner,   stores.clock,       metrics};
  auto feature = std::unique_ptr<Feature>{new Feature{ports, intake, needs.callers}};
  // On a full disk what is stored can be read all the same, and the next start writes it.
  auto const begun =
      run_to_end<void>([&] { return intake.journal().begin(stores.database, deadline_in(begin_time_max)); });
  if (!begun) log::error("the journal of records could not be begun", {{"cause", begun.error().to_string()}});
  CHECK(stores.queues.declare(intake.options().queue, processing_policy(needs.attempts_max),
                              &feature->follower_));
  return feature;
}

void Feature::add_routes(net::Router& router) {
  add_ticket_routes(router, {services_.upload_tickets, options_});
  uploads::add_routes(router, services_.for_routes([this](Caller caller) {
    return callers_.still_valid(std::move(caller), deadline_in(recheck_time_max));
  }));
}

std::vector<Job> Feature::jobs() {
  auto sweep = [this]() -> Async<bool> {
    CO_CHECK(co_await services_.watchdog.sweep(deadline_in(sweep_time_max)));
    co_return false;
  };
  auto settle = [this]() -> Async<bool> {
    CO_CHECK(co_await journal_.settle(deadline_in(sweep_time_max)));
    co_return false;
  };
  return {{"watchdog", sweep_interval, sweep}, {"sharing journal", sweep_interval, settle}};
}

void Feature::start(std::vector<asio::any_io_executor> const& executors) {
  services_.completion.start(executors.front());
}

Async<bool> Feature::stop(std::chrono::milliseconds grace) {
  auto const deadline = deadline_in(grace);
  CO_TRY(auto const completed, co_await services_.completion.drain(deadline));
  if (!completed) log::warn("uploads are completed after the next start: the grace was too short");
  CO_TRY(auto const unwatched, co_await services_.feed.drain(deadline));
  co_return completed&& unwatched;
}

}  // namespace hoist::uploads
