#include "base/retry.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace hoist {

Micros Backoff::after(std::int64_t failures, double luck) const {
  constexpr auto doublings_max = std::int64_t{40};
  auto const doublings = static_cast<int>(std::clamp<std::int64_t>(failures - 1, 0, doublings_max));
  auto const pause = std::min(std::ldexp(static_cast<double>(first.count()), doublings),
                              static_cast<double>(longest.count()));
  return Micros{static_cast<std::int64_t>(pause * (least + (most - least) * luck))};
}

Micros Backoff::after(std::int64_t failures) const {
  thread_local auto generator = std::minstd_rand{std::random_device{}()};
  return after(failures, std::uniform_real_distribution<double>{0, 1}(generator));
}

bool RetryBudget::take() {
  auto const lock = Lock{mutex_};
  if (left_ < retry_cost) return false;
  left_ -= retry_cost;
  return true;
}

void RetryBudget::give_back(bool retried) {
  auto const lock = Lock{mutex_};
  left_ = std::min(full, left_ + (retried ? retry_cost : success_gain));
}

}  // namespace hoist
