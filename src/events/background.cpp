#include "events/background.hpp"

#include "base/try.hpp"

namespace hoist::events {
namespace {

constexpr auto step_timeout = std::chrono::seconds{60};

}  // namespace

std::vector<Job> background_jobs(Service& service, Checkpoints& checkpoints, Retention& retention,
                                 BackgroundIntervals intervals) {
  auto relay = [&service]() -> Async<bool> {
    CO_TRY(auto const moved, co_await service.relay(deadline_in(step_timeout)));
    co_return moved >= relay_items_max;
  };
  auto sign = [&checkpoints]() -> Async<bool> {
    CO_CHECK(co_await checkpoints.sweep(deadline_in(step_timeout)));
    co_return false;
  };
  auto retire = [&retention]() -> Async<bool> {
    CO_CHECK(co_await retention.sweep(deadline_in(step_timeout)));
    co_return false;
  };
  return {{"event details", intervals.relay, relay},
          {"event checkpoints", intervals.checkpoints, sign},
          {"event retention", intervals.retention, retire}};
}

}  // namespace hoist::events
