// Dead letters, purging, retention and looking, over the model.
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

MessageInfo Rules::info(GroupName const& name, Group const& group, Entry const& entry) const {
  auto const held = group.holds(entry.sequence) && has_lease(group);
  return {.id = entry.id,
          .queue = name.queue,
          .tenant = name.tenant,
          .group = name.group,
          .body = entry.body,
          .sequence = entry.sequence,
          .state = entry.died_at ? MessageInfo::State::dead
                   : held        ? MessageInfo::State::in_flight
                                 : MessageInfo::State::waiting,
          .attempts = entry.attempts,
          .last_error = entry.cause,
          .sent_at = entry.sent_at,
          .ready_at = entry.ready_at};
}

std::int64_t Rules::redrive(std::string const& queue, TenantId const& tenant,
                            std::vector<MessageId> const& ids) {
  auto count = std::int64_t{0};
  for (auto& [name, group] : groups_) {
    if (name.queue != queue || name.tenant != tenant) continue;
    for (auto& [sequence, entry] : group.entries) {
      auto const meant = ids.empty() || std::ranges::find(ids, entry.id) != ids.end();
      if (!entry.died_at || !meant) continue;
      entry.died_at.reset();
      entry.attempts = 0;
      entry.ready_at = clock_.now();
      if (group.blocked_by == sequence) group.blocked_by.reset();
      ++count;
    }
  }
  return count;
}

std::int64_t Rules::discard(std::string const& queue, TenantId const& tenant,
                            std::vector<MessageId> const& ids) {
  auto count = std::int64_t{0};
  for (auto const& id : ids) {
    auto const place = locate(queue, tenant, id);
    if (!place || !place->entry->died_at) continue;
    auto const sequence = place->entry->sequence;
    if (place->group->blocked_by == sequence) place->group->blocked_by.reset();
    place->group->entries.erase(sequence);
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
    group.blocked_by.reset();
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
      return pair.second.died_at && *pair.second.died_at + rules.dead_retention < now;
    });
    auto* head = group.head();
    if (head != nullptr && group.in_flight.empty() && head->sent_at + rules.retention < now) {
      kill(name, group, *head, "waited longer than the queue keeps messages");
      ++count;
    }
    auto const forget =
        rules.forget_group && group.entries.empty() && group.touched + *rules.forget_group < now;
    at = forget ? groups_.erase(at) : std::next(at);
  }
  return count;
}

}  // namespace hoist::memory
