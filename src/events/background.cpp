#include "events/background.hpp"

#include "base/try.hpp"

namespace hoist::events {
namespace {

constexpr auto step_timeout = std::chrono::seconds{60};

}  // namespace

void add_background(Periodic& periodic, Service& service, Checkpoints& checkpoints, Retention& retention,
                    BackgroundIntervals intervals) {
  periodic.add("event details", intervals.relay, [&service]() -> Async<bool> {
    CO_TRY(auto const moved, co_await service.relay(deadline_in(step_timeout)));
    co_return moved >= service.options().relay_items_max;
  });
  periodic.add("event checkpoints", intervals.checkpoints, [&checkpoints]() -> Async<bool> {
    CO_CHECK(co_await checkpoints.sweep(deadline_in(step_timeout)));
    co_return false;
  });
  periodic.add("event retention", intervals.retention, [&retention]() -> Async<bool> {
    CO_CHECK(co_await retention.sweep(deadline_in(step_timeout)));
    co_return false;
  });
}

}  // namespace hoist::events
