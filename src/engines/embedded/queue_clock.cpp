#include "engines/embedded/queue_clock.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sys/mman.h>
#include <unistd.h>

#include "base/try.hpp"

namespace hoist::embedded {
namespace {

Micros system_monotonic() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

// The monotonic clock begins anew with each start of the machine.
std::uint64_t this_boot() {
  auto id = std::string{};
  std::getline(std::ifstream{"/proc/sys/kernel/random/boot_id"}, id);
  return std::hash<std::string>{}(id);
}

}  // namespace

// In shared memory. Nothing of it is worth keeping over a start of the machine.
struct QueueClock::Cell {
  std::atomic<std::uint64_t> boot;
  std::atomic<std::int64_t> distance_us;  // from the monotonic clock; 0: not known yet
  static_assert(std::atomic<std::int64_t>::is_always_lock_free);
};

Result<std::unique_ptr<QueueClock>> QueueClock::open(std::string const& path, Role role, Clock const& wall,
                                                     SteadyClock::Monotonic monotonic) {
  if (!monotonic) monotonic = system_monotonic;
  auto const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  auto const sized = file >= 0 && ::ftruncate(file, sizeof(Cell)) == 0;
  auto* const memory =
      sized ? ::mmap(nullptr, sizeof(Cell), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  auto const cause = errno;
  if (file >= 0) ::close(file);
  if (memory == MAP_FAILED)
    return fail(Code::unavailable, fmt::format("cannot use {}: {}", path, std::strerror(cause)));
  auto clock = std::unique_ptr<QueueClock>{new QueueClock{role, static_cast<Cell*>(memory), monotonic}};
  auto& cell = *clock->cell_;
  auto const boot = this_boot();
  auto const known = cell.boot == boot && cell.distance_us != 0;
  if (role == Role::follows && known) return clock;
  auto const before = known ? from_us(cell.distance_us + monotonic().count()) : wall.now();
  clock->own_ = std::make_unique<SteadyClock>(wall, std::move(monotonic), before);
  if (role == Role::follows) return clock;
  // In this order: a process that finds the boot finds its distance.
  (void)clock->now();
  cell.boot = boot;
  return clock;
}

QueueClock::~QueueClock() {
  ::munmap(cell_, sizeof(Cell));
}

void QueueClock::not_before(Time past) {
  if (own_) own_->not_before(past);
}

Time QueueClock::now() const {
  if (!own_) return from_us(cell_->distance_us + monotonic_().count());
  auto const now = own_->now();
  if (role_ == Role::leads) cell_->distance_us = to_us(now) - monotonic_().count();
  return now;
}

}  // namespace hoist::embedded
