// Dead letters, purging and retention, over the model.
#include <algorithm>

#include "adapters/memory/queue_model.hpp"

namespace hoist::memory {

std::optional<Rules::Place> Rules::locate(std::string const& queue, TenantId const& tenant,
                                          MessageId const& id) {
  for (auto& [name, group] : groups_) {
    if (name.queue != queue || name.tenant != tenant) continue;
    for (auto& [sequence, entry] : group.entries)
      if (entry.id == id) return Place{name, &group, &entry};
  }
  return std::nullopt;
}

std::int64_t Rules::redrive(std::string const& queue, TenantId const& tenant,
                            std::vector<MessageId> const& ids) {
  auto count = std::int64_t{0};
  for (auto const& id : ids) {
    auto const place = locate(queue, tenant, id);
    if (!place || !place->entry->died_at) continue;
    place->entry->died_at.reset();
    place->entry->attempts = 0;
    place->entry->ready_at = clock_.now();
    ++count;
  }
  return count;
}

std::int64_t Rules::discard(std::string const& queue, TenantId const& tenant,
                            std::vector<MessageId> const& ids) {
  auto count = std::int64_t{0};
  for (auto const& id : ids) {
    auto const place = locate(queue, tenant, id);
    if (!place || !place->entry->died_at) continue;
    place->group->entries.erase(place->entry->sequence);
    ++count;
  }
  return count;
}

std::int64_t Rules::purge(std::string const& queue, TenantId const& tenant) {
  auto count = std::int64_t{0};
  for (auto& [name, group] : groups_) {
    if (name.queue != queue || name.tenant != tenant) continue;
    count += std::ssize(group.entries);
    group.entries.clear();
    if (group.in_flight.empty()) continue;
    lose(group, 0);
  }
  std::erase_if(known_,
                [&](auto const& pair) { return pair.first.queue == queue && pair.first.tenant == tenant; });
  return count;
}

std::int64_t Rules::clean() {
  auto const now = clock_.now();
  auto count = std::ssize(known_);
  std::erase_if(known_, [&](auto const& pair) { return pair.second.expires_at <= now; });
  count -= std::ssize(known_);
  for (auto at = groups_.begin(); at != groups_.end();) {
    auto& [name, group] = *at;
    auto const& rules = policy(name.queue);
    count += std::erase_if(group.entries, [&](auto const& pair) {
      auto const old = pair.second.died_at && *pair.second.died_at + rules.dead_retention < now;
      if (old)
        events_.push_back({.kind = QueueEvent::Kind::discarded, .message = dead_letter(name, pair.second)});
      return old;
    });
    auto* head = group.head();
    if (head != nullptr && group.in_flight.empty() && head->sent_at + rules.retention < now) {
      kill(name, *head, "waited longer than the queue keeps messages");
      ++count;
    }
    auto const forget =
        rules.forget_group && group.entries.empty() && group.touched + *rules.forget_group < now;
    at = forget ? groups_.erase(at) : std::next(at);
  }
  return count;
}

}  // namespace hoist::memory
