#include "net/detail/door.hpp"

#include "base/mutex.hpp"

namespace hoist::net {

Door::Verdict Door::enter(std::string const& group) {
  auto const lock = Lock{mutex_};
  auto const found = group.empty() ? by_group_.end() : by_group_.find(group);
  auto const crowded = found != by_group_.end() && found->second >= limits_.per_address_max;
  if (!crowded && served_ < limits_.connections_max) {
    ++served_;
    if (!group.empty()) ++by_group_[group];
    return Verdict::serve;
  }
  if (refused_ >= limits_.refusals_max) return Verdict::drop;
  ++refused_;
  return crowded ? Verdict::crowded : Verdict::full;
}

void Door::leave(std::string const& group, Verdict verdict) {
  auto const lock = Lock{mutex_};
  if (verdict == Verdict::serve) {
    --served_;
    if (auto const found = by_group_.find(group); found != by_group_.end() && --found->second == 0)
      by_group_.erase(found);
  } else {
    --refused_;
  }
  if (served_ + refused_ == 0) empty_.notify_all();
}

std::size_t Door::inside() const {
  auto const lock = Lock{mutex_};
  return served_ + refused_;
}

bool Door::wait_until_empty(Deadline deadline) {
  auto const lock = Lock{mutex_};
  while (served_ + refused_ > 0)
    if (!empty_.wait_until(mutex_, deadline)) return served_ + refused_ == 0;
  return true;
}

std::string_view reason_of(Door::Verdict verdict) {
  return verdict == Door::Verdict::crowded ? "Your address has as many connections as one may have."
                                           : "The server has as many connections as it can hold.";
}

}  // namespace hoist::net
