#include "uploads/watcher.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "uploads/changes.hpp"

namespace hoist::uploads {
namespace {

constexpr auto read_limit = std::chrono::seconds{10};

// Whether a watcher of `topics` may want the progress of the batch; a project's batches are not known here.
bool may_want_progress(std::span<Topic const> topics, std::string const& batch) {
  auto const probe = FeedEvent{.batch = batch};
  return std::ranges::any_of(
      topics, [&](Topic const& topic) { return topic.kind == Topic::Kind::project || topic.takes(probe); });
}

}  // namespace

Watcher::Watcher(Needs needs, TenantId tenant, std::vector<Topic> topics, std::int64_t cursor)
    : needs_{std::move(needs)},
      tenant_{std::move(tenant)},
      topics_{std::move(topics)},
      place_{cursor, {}},
      listener_{needs_.recent->add_listener(signal_)} {}

Watcher::~Watcher() {
  needs_.recent->remove_listener(listener_);
  --*needs_.count;
}

void Watcher::wake() {
  woken_ = true;
  signal_->notify();
}

// false: that was all.
Async<bool> Watcher::take_from_sql(std::vector<FeedEvent>& events) {
  auto read = [&](sql::Transaction& tx) -> Result<ChangesAndProgress> {
    auto found = ChangesAndProgress{};
    TRY(found.changes, load_changes(tx, tenant_, place_.cursor));
    auto& touched = found.changes.touched;
    std::erase_if(touched.batches, [&](std::string const& id) { return !may_want_progress(topics_, id); });
    std::erase_if(touched.projects,
                  [&](std::string const& id) { return !any_takes(topics_, FeedEvent{.project = id}); });
    TRY(found.progress, load_progress(tx, tenant_, touched, found.changes.last, tx.now()));
    return found;
  };
  CO_TRY(auto found, co_await needs_.database.read(Scope::tenant(tenant_), read, deadline_in(read_limit)));
  auto const moved = found.changes.last > place_.cursor;
  place_.cursor = found.changes.last;
  for (auto* some : {&found.changes.events, &found.progress})
    for (auto& event : *some)
      if (any_takes(topics_, event)) events.push_back(std::move(event));
  co_return moved;
}

Async<std::vector<FeedEvent>> Watcher::next(Deadline until) {
  auto events = std::vector<FeedEvent>{};
  while (true) {
    auto const ticket = signal_->ticket();
    auto more = false;
    if (!needs_.recent->take(place_, topics_, events)) {
      CO_TRY(more, co_await take_from_sql(events));
    }
    if (!events.empty() || woken_.exchange(false)) co_return events;
    if (more) continue;
    CO_TRY(auto const news, co_await signal_->wait(ticket, until));
    if (!news) co_return events;
  }
}

}  // namespace hoist::uploads
