// The clock of all transactions on a data folder, one for all its processes: a worker with a clock of its own
// would, after an operator set the wall clock, take away what the server holds.
//
// How      the server runs a SteadyClock and leaves its distance from the machine's monotonic clock, which
// all
//          processes share, in DATA/clock. The others add that distance to the monotonic clock, with and
//          without the server. A server that is started again goes on from it.
// Threads  any.
// Lifetime the wall clock outlives it.
#pragma once

#include <memory>
#include <string>

#include "base/steady_clock.hpp"

namespace hoist::embedded {

class QueueClock final : public Clock {
 public:
  enum class Role { leads, follows };
  // Of the file `path`, made by the first. Errors: unavailable.
  static Result<std::unique_ptr<QueueClock>> open(std::string const& path, Role role, Clock const& wall,
                                                  SteadyClock::Monotonic monotonic = {});
  ~QueueClock() override;
  [[nodiscard]] Time now() const override;
  // See SteadyClock. A process that follows another's clock leaves this to it.
  void not_before(Time past);

 private:
  struct Cell;
  QueueClock(Role role, Cell* cell, SteadyClock::Monotonic monotonic)
      : role_{role}, cell_{cell}, monotonic_{std::move(monotonic)} {}
  Role role_;
  Cell* cell_;
  SteadyClock::Monotonic monotonic_;
  std::unique_ptr<SteadyClock> own_;  // of who leads, or follows no server
};

}  // namespace hoist::embedded
