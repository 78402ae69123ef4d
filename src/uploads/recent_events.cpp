#include "uploads/recent_events.hpp"

#include <algorithm>

namespace hoist::uploads {
namespace {

constexpr std::size_t take_max = 256;  // events at a time

}  // namespace

void RecentEvents::begin(std::int64_t cursor) {
  auto const lock = Lock{mutex_};
  complete_after_ = cursor;
  begun_ = true;
  wake_listeners();
}

void RecentEvents::append(std::vector<FeedEvent> events, std::size_t events_max) {
  auto const lock = Lock{mutex_};
  for (auto& event : events) events_.push_back(std::move(event));
  while (events_.size() > events_max) {
    complete_after_ = std::max(complete_after_, events_.front().cursor);
    events_.pop_front();
    ++first_position_;
  }
  wake_listeners();
}

void RecentEvents::wake_listeners() {
  for (auto const& [number, listener] : listeners_) listener->notify();
}

std::uint64_t RecentEvents::add_listener(std::shared_ptr<Signal> listener) {
  auto const lock = Lock{mutex_};
  listeners_.emplace(next_listener_, std::move(listener));
  return next_listener_++;
}

void RecentEvents::remove_listener(std::uint64_t number) {
  auto const lock = Lock{mutex_};
  listeners_.erase(number);
}

bool RecentEvents::take(Place& place, std::span<Topic const> topics, std::vector<FeedEvent>& events) {
  auto const lock = Lock{mutex_};
  if (place.position && *place.position < first_position_) place.position.reset();
  if (!place.position) {
    if (!begun_ || place.cursor < complete_after_) return false;
    auto const next = std::ranges::upper_bound(events_, place.cursor, {}, &FeedEvent::cursor);
    place.position = first_position_ + static_cast<std::uint64_t>(next - events_.begin());
  }
  auto& position = *place.position;
  for (auto const end = first_position_ + events_.size(); position < end && events.size() < take_max;
       ++position) {
    auto const& event = events_[static_cast<std::size_t>(position - first_position_)];
    place.cursor = std::max(place.cursor, event.cursor);
    if (any_takes(topics, event)) events.push_back(event);
  }
  return true;
}

}  // namespace hoist::uploads
