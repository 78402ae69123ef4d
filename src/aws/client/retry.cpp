#include "aws/client/retry.hpp"

#include <algorithm>
#include <random>

namespace hoist::aws {
namespace {

double system_random() {
  thread_local auto generator = std::mt19937_64{std::random_device{}()};
  return std::uniform_real_distribution<double>{0, 1}(generator);
}

}  // namespace

std::chrono::milliseconds full_jitter(RetryOptions const& options, int attempt) {
  constexpr auto doublings_max = 20;
  auto const doublings = std::clamp(attempt - 2, 0, doublings_max);
  auto const longest = std::min(options.pause_max, options.first_pause * (std::int64_t{1} << doublings));
  auto const part = options.random ? options.random() : system_random();
  return std::chrono::milliseconds{static_cast<std::int64_t>(static_cast<double>(longest.count()) * part)};
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

}  // namespace hoist::aws
