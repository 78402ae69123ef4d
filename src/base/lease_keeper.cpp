#include "base/lease_keeper.hpp"

#include <algorithm>
#include <atomic>

namespace hoist {

struct LeaseKeeper::State {
  explicit State(Lease wanted) : lease{std::move(wanted)} {}
  Lease lease;
  std::atomic<bool> over = false;
  std::atomic<bool> lost = false;
  Signal ended;
};

LeaseKeeper::LeaseKeeper(TaskGroup& tasks, asio::any_io_executor executor, Lease lease)
    : state_{std::make_shared<State>(std::move(lease))} {
  tasks.spawn(std::move(executor), [state = state_] { return keep(state); });
}

LeaseKeeper::~LeaseKeeper() {
  state_->over = true;
  state_->ended.notify();
}

bool LeaseKeeper::lost() const {
  return state_->lost;
}

asio::awaitable<void> LeaseKeeper::keep(std::shared_ptr<State> state) {
  auto const& lease = state->lease;
  while (true) {
    auto const ticket = state->ended.ticket();
    if (state->over || std::chrono::steady_clock::now() >= lease.until) co_return;
    (void)co_await state->ended.wait(ticket, std::min(lease.until, deadline_in(lease.period)));
    if (state->over) co_return;
    auto const renewed = co_await lease.renew(deadline_in(lease.period));
    if (renewed || renewed.error().code() != Code::conflict) continue;
    state->lost = true;
    co_return;
  }
}

}  // namespace hoist
