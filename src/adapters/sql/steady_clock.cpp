#include "adapters/sql/steady_clock.hpp"

#include <algorithm>

#include "base/mutex.hpp"
#include "base/try.hpp"
#include "sql/run_now.hpp"

namespace hoist::sql_engine {
namespace {

constexpr auto slew = 100;  // one part in so many

Micros system_monotonic() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

SteadyClock::SteadyClock(Clock const& wall, Time at_least, Monotonic monotonic, std::optional<Time> start)
    : wall_{wall}, monotonic_{monotonic ? std::move(monotonic) : Monotonic{system_monotonic}} {
  last_monotonic_ = monotonic_();
  now_ = std::max(start.value_or(wall_.now()), at_least);
}

Time SteadyClock::now() const {
  auto const lock = Lock{mutex_};
  auto const monotonic = monotonic_();
  auto const passed = monotonic - last_monotonic_;
  auto const most = passed / slew;
  // Until a whole microsecond of correction is due, `passed` is left to add up.
  if (most == Micros{0}) return now_ + passed;
  auto const error = wall_.now() - (now_ + passed);
  last_monotonic_ = monotonic;
  now_ += passed + std::clamp(error, -most, most);
  return now_;
}

Result<Time> last_queue_time(sql::Database& database) {
  auto latest = Time{};
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows, tx.query("SELECT last_us FROM queue_time"));
    latest = rows.at(0).time(0);
    return {};
  };
  CHECK(sql::run_now(database, sql::Database::Access::read, work, deadline_in(std::chrono::minutes{1})));
  return latest;
}

}  // namespace hoist::sql_engine
