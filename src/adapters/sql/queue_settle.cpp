// Acknowledge, fail, release, extend, cancel: what may be done with one message.
#include <algorithm>

#include "adapters/sql/queue_engine.hpp"
#include "base/try.hpp"

namespace hoist::sql_engine::queue {
namespace {

std::unexpected<Error> fenced(Changes& changes) {
  changes.fenced = true;
  return ::hoist::fail(
      Error{Code::conflict, "The receipt is no longer valid: the message was delivered again or given up."}
          .with_slug("receipt_fenced"));
}

std::unexpected<Error> no_such_message() {
  return ::hoist::fail(Code::not_found, "There is no such message.");
}

GroupKey key_of(Receipt const& receipt) {
  return {.queue = receipt.queue, .tenant = receipt.tenant, .group = receipt.group};
}

// The group of a receipt that still holds its message.
Result<GroupRow> held_group(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes) {
  TRY(auto group, lock_group(tx, key_of(receipt)));
  if (!group) return no_such_message();
  auto const held = std::ranges::find(group->in_flight, receipt.sequence) != group->in_flight.end();
  if (receipt.fence != group->fence || !held) return fenced(changes);
  // Lapsed is lost even if no worker came for it yet: the one that comes next must find it untouched.
  if (!group->ready_at || *group->ready_at <= now) return fenced(changes);
  return std::move(*group);
}

Result<GroupRow> held_front(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes) {
  TRY(auto group, held_group(tx, receipt, now, changes));
  if (group.in_flight.front() != receipt.sequence)
    return ::hoist::fail(
        Error{Code::conflict, "Earlier messages of this group have to be settled first."}.with_slug(
            "out_of_order"));
  return group;
}

// Was it acknowledged by this very receipt before? Then the message is gone, and the delivery was
// not lost with the message still in it.
Result<bool> settled_by(sql::Transaction& tx, Receipt const& receipt) {
  TRY(auto const group, lock_group(tx, key_of(receipt)));
  if (!group || receipt.fence > group->fence) return false;
  auto const& waiting = group->in_flight;
  if (receipt.fence == group->fence && std::ranges::find(waiting, receipt.sequence) != waiting.end())
    return false;
  TRY(auto const message, load_message(tx, receipt.queue, receipt.tenant, receipt.id));
  if (message) return false;
  auto args = key_of(receipt).args();
  args.insert(args.end(), {sql::Value{receipt.fence}, sql::Value{receipt.sequence}});
  TRY(auto const losses,
      tx.query(
          "SELECT 1 FROM queue_losses WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND fence = $4 "
          "AND from_sequence <= $5",
          std::move(args)));
  return losses.empty();
}

}  // namespace

Result<bool> Engine::acknowledge(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes) {
  auto held = held_front(tx, receipt, now, changes);
  if (!held) {
    if (!changes.fenced) return std::unexpected{held.error()};
    TRY(auto const repeated, settled_by(tx, receipt));
    if (!repeated) return std::unexpected{held.error()};
    changes.fenced = false;
    return false;
  }
  auto& group = *held;
  TRY(auto const gone,
      tx.execute("DELETE FROM queue_messages WHERE id = $1 AND tenant = $2 AND queue = $3 AND sequence = $4",
                 {receipt.id.str(), receipt.tenant.str(), receipt.queue, receipt.sequence}));
  if (gone != 1) return no_such_message();
  group.in_flight.erase(group.in_flight.begin());
  --group.depth;
  --changes.depth;
  if (group.in_flight.empty()) {
    CHECK(find_head(tx, group, now));
    changes.may_receive = changes.may_receive || group.ready_at;
  }
  CHECK(store(tx, group, now));
  return true;
}

Result<FailureOutcome> Engine::fail(sql::Transaction& tx, Receipt const& receipt, QueueFailure const& failure,
                                    Time now, Changes& changes) {
  if (failure.delay && (*failure.delay < Micros{0} || *failure.delay > queue_delay_max))
    return invalid_field("delay", "must be between 0 and 366 days");
  TRY(auto group, held_front(tx, receipt, now, changes));
  TRY(auto message, load_message(tx, receipt.queue, receipt.tenant, receipt.id));
  if (!message || message->sequence != receipt.sequence) return no_such_message();
  auto const rules = this->rules(receipt.queue);
  CHECK(lose_delivery(tx, group, receipt.sequence, now));
  auto outcome = FailureOutcome{.attempts = ++message->attempts};
  outcome.dead = failure.permanent || outcome.attempts >= rules->attempts_max;
  if (outcome.dead) {
    CHECK(kill(tx, group, std::move(*message), failure.cause, now, changes));
  } else {
    auto const delay = failure.delay.value_or(rules->pauses().after(outcome.attempts, luck()));
    outcome.retry_at = now + delay;
    message->cause = failure.cause;
    CHECK(
        tx.execute("UPDATE queue_messages SET attempts = $3, ready_us = $4, cause = $5 "
                   "WHERE id = $1 AND tenant = $2",
                   {receipt.id.str(), receipt.tenant.str(), message->attempts, to_us(*outcome.retry_at),
                    failure.cause}));
    CHECK(rules->tell(tx, event_of(QueueEvent::Kind::retrying, std::move(*message), outcome.retry_at)));
    CHECK(find_head(tx, group, now));
  }
  changes.may_receive = changes.may_receive || group.ready_at;
  CHECK(store(tx, group, now));
  return outcome;
}

Result<void> Engine::kill(sql::Transaction& tx, GroupRow& group, MessageRow message, std::string const& cause,
                          Time now, Changes& changes) {
  auto const rules = this->rules(group.key.queue);
  message.cause = cause;
  message.died_at = now;
  CHECK(
      tx.execute("UPDATE queue_messages SET state = 'd', attempts = $3, cause = $4, died_us = $5 "
                 "WHERE id = $1 AND tenant = $2",
                 {message.id.str(), message.key.tenant.str(), message.attempts, cause, to_us(now)}));
  auto died = std::int64_t{1};
  auto event = event_of(QueueEvent::Kind::dead, message);
  if (rules->on_dead == OnDead::block && !group.blocked_by) {
    group.blocked_by = message.sequence;
    event.blocks = true;
  }
  if (rules->on_dead == OnDead::park_group) {
    auto args = group.key.args();
    args.insert(args.end(), {sql::Value{"parked behind message " + std::to_string(message.sequence)},
                             sql::Value{to_us(now)}});
    TRY(auto const rows,
        tx.query(
            std::string{"UPDATE queue_messages SET state = 'd', cause = $4, died_us = $5 WHERE queue = $1 "
                        "AND tenant = $2 AND group_name = $3 AND state = 'w' RETURNING "} +
                message_columns,
            std::move(args)));
    died += std::ssize(rows);
    for (auto const& row : rows) CHECK(rules->tell(tx, event_of(QueueEvent::Kind::dead, message_of(row))));
  }
  CHECK(rules->tell(tx, event));
  group.depth -= died;
  changes.depth -= died;
  changes.dead += died;
  return find_head(tx, group, now);
}

Result<void> Engine::release(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes) {
  TRY(auto group, held_group(tx, receipt, now, changes));
  CHECK(lose_delivery(tx, group, receipt.sequence, now));
  if (group.in_flight.empty()) {
    CHECK(find_head(tx, group, now));
    changes.may_receive = true;
  }
  return store(tx, group, now);
}

Result<void> Engine::extend(sql::Transaction& tx, Receipt const& receipt, Micros visibility, Time now,
                            Changes& changes) {
  if (visibility <= Micros{0} || visibility > queue_visibility_max)
    return invalid_field("visibility", "must be above 0 and at most 12 hours");
  TRY(auto group, held_group(tx, receipt, now, changes));
  auto const until = now + visibility;
  if (until > group.leased_at + queue_visibility_max)
    return invalid_field("visibility", "must end within 12 hours of the delivery");
  group.ready_at = until;
  return store(tx, group, now);
}

Result<void> Engine::cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                            MessageId const& id, Time now, Changes& changes) {
  TRY(auto message, load_message(tx, queue, tenant, id));
  if (!message) return no_such_message();
  if (message->dead)
    return ::hoist::fail(Code::conflict, "The message is a dead letter; discard it instead.");
  TRY(auto group, lock_group(tx, message->key));
  if (!group) return no_such_message();
  auto const& taken = group->in_flight;
  if (std::ranges::find(taken, message->sequence) != taken.end() && *group->ready_at > now)
    return ::hoist::fail(Code::conflict, "The message is being worked on.");
  TRY(auto const gone, tx.execute("DELETE FROM queue_messages WHERE id = $1 AND tenant = $2 AND state = 'w'",
                                  {id.str(), tenant.str()}));
  if (gone == 0) return no_such_message();  // settled before the group was locked
  --group->depth;
  --changes.depth;
  // A lapsed delivery is expired here as receive would, without blaming the cancelled message.
  if (std::ranges::find(taken, message->sequence) != taken.end())
    CHECK(lose_delivery(tx, *group, taken.front(), now));
  if (group->in_flight.empty()) CHECK(find_head(tx, *group, now));
  changes.may_receive = changes.may_receive || group->ready_at;
  CHECK(store(tx, *group, now));
  return rules(queue)->tell(tx, event_of(QueueEvent::Kind::cancelled, std::move(*message)));
}

}  // namespace hoist::sql_engine::queue
