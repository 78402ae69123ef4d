#include "bin/cli/link.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/retry.hpp"
#include "base/try.hpp"
#include "bin/cli/progress.hpp"
#include "model/limits.hpp"

namespace hoist::cli {
namespace {

constexpr auto pauses = Backoff{.first = std::chrono::milliseconds{250}, .longest = std::chrono::seconds{30}};
constexpr auto told_after = std::chrono::seconds{2};  // shorter breaks are not worth a word
constexpr auto cut_from_bytes = std::int64_t{512} << 10;
constexpr auto part_breaks_max = 3;

std::int64_t power_of_two_below(std::int64_t bytes) {
  return static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(bytes)));
}

}  // namespace

std::chrono::milliseconds backoff(int attempt, std::optional<std::uint32_t> retry_after_s) {
  auto const delay = std::chrono::duration_cast<std::chrono::milliseconds>(pauses.after(attempt));
  if (!retry_after_s) return delay;
  return std::max<std::chrono::milliseconds>(delay, std::chrono::seconds{*retry_after_s});
}

void Link::carried() {
  carried_at_ = std::chrono::steady_clock::now();
  failing_since_.reset();
  changed_.notify();
}

Async<bool> Link::pause(int attempt, Error const& error) {
  auto const ticket = changed_.ticket();
  auto const now = std::chrono::steady_clock::now();
  if (!failing_since_) failing_since_ = now;
  auto const until = now + backoff(attempt, error.retry_after_s());
  busy_ = error.retry_after_s().has_value();
  auto const place = waiting_.insert(until);
  auto woken = Result<bool>{false};
  if (!busy_)
    woken = co_await changed_.wait(ticket, until);
  else if (auto const slept = co_await sleep_for(until - now); !slept)
    woken = std::unexpected{slept.error()};
  waiting_.erase(place);
  co_return woken;
}

bool Link::given_up(Moment caller_began) const {
  return std::chrono::steady_clock::now() - std::max(caller_began, carried_at_.value_or(caller_began)) >
         give_up_after_;
}

std::string Link::notice(Moment now) const {
  if (!failing_since_ || now - *failing_since_ < told_after) return {};
  auto const who = busy_ ? "The server is busy" : "Offline";
  if (waiting_.empty() || *waiting_.begin() <= now) return fmt::format("{}, trying again now", who);
  auto const left = std::chrono::ceil<std::chrono::seconds>(*waiting_.begin() - now);
  return fmt::format("{}, trying again in {}", who, human_duration(left.count()));
}

std::int64_t part_size_after(std::int64_t bytes, std::int64_t broken, int times, std::int64_t trusted) {
  auto const whole = broken == bytes;
  if (whole ? bytes < cut_from_bytes : times < part_breaks_max) return 0;
  auto const size = std::max(limits::part_bytes_min, std::min(trusted, power_of_two_below(broken - 1)));
  return size < broken ? size : 0;
}

}  // namespace hoist::cli
