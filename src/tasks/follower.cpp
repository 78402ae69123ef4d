#include "tasks/follower.hpp"

#include "base/try.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {
namespace {

Change change_of(QueueEvent const& event) {
  using enum QueueEvent::Kind;
  auto change = Change{.cause = event.message.cause, .retry_at = event.retry_at, .blocks = event.blocks};
  auto const becomes = [&](TaskState state, char const* what) {
    change.to = state;
    change.what = what;
  };
  switch (event.kind) {
    case expired: becomes(TaskState::retrying, "expired"); break;
    case retrying: becomes(TaskState::retrying, "retrying"); break;
    case dead: becomes(TaskState::dead, "dead"); break;
    case redriven: becomes(TaskState::waiting, "redriven"); break;
    case cancelled: becomes(TaskState::cancelled, "cancelled"); break;
    case discarded: break;
  }
  if (event.kind == redriven) change.cause.clear();
  return change;
}

}  // namespace

Result<void> TaskFollower::on(sql::Transaction& tx, QueueEvent const& event) {
  auto const id = TaskId{event.message.id.str()};
  if (event.kind == QueueEvent::Kind::discarded) return unblock(tx, event.message.tenant, id);
  CHECK(change_task(tx, event.message.tenant, id, change_of(event), tx.now()));
  return {};
}

}  // namespace hoist::tasks
