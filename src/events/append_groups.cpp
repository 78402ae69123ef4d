#include "events/append_groups.hpp"

#include <iterator>

#include "base/mutex.hpp"

namespace hoist::events {

bool AppendGroup::takes(std::size_t events, std::size_t bytes) const {
  return events_.size() + events <= group_events_max && bytes_ + bytes <= group_bytes_max;
}

void AppendGroup::add(std::vector<NewEvent> events, std::size_t bytes, Done done) {
  calls_.push_back({events.size(), std::move(done)});
  bytes_ += bytes;
  std::ranges::move(events, std::back_inserter(events_));
}

void AppendGroup::finish(Result<Outcomes> outcomes) {
  if (!outcomes) {
    for (auto& call : calls_) call.done(std::unexpected{outcomes.error()});
    return;
  }
  auto next = std::make_move_iterator(outcomes->begin());
  for (auto& call : calls_) {
    auto const end = next + static_cast<std::ptrdiff_t>(call.events);
    call.done(Outcomes{next, end});
    next = end;
  }
}

std::shared_ptr<AppendGroup> AppendGroups::join(TenantId const& tenant, std::vector<NewEvent> events,
                                                Deadline deadline, AppendGroup::Done done) {
  auto bytes = std::size_t{0};
  for (auto const& event : events) bytes += event.details.size();
  auto const lock = Lock{mutex_};
  auto& group = open_[tenant];
  auto const opens = !group || !group->takes(events.size(), bytes);
  if (opens) group = std::make_shared<AppendGroup>(tenant, deadline);
  group->add(std::move(events), bytes, std::move(done));
  return opens ? group : nullptr;
}

void AppendGroups::close(AppendGroup const& group) {
  auto const lock = Lock{mutex_};
  auto const at = open_.find(group.tenant());
  if (at != open_.end() && at->second.get() == &group) open_.erase(at);
}

}  // namespace hoist::events
