// Dead letters, purging, and what time removes.
#include <algorithm>
#include <map>

#include "adapters/sql/queue_engine.hpp"
#include "base/try.hpp"

namespace hoist::sql::queue {
namespace {

constexpr auto losses_kept = Micros{7 * 86'400'000'000LL};

Result<Rows> select_dead(Transaction& tx, std::string const& queue, TenantId const& tenant,
                         std::optional<MessageId> const& only, MessageId const& after, int limit) {
  static auto const one = std::string{"SELECT "} + message_columns +
                          " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND state = 'd' AND id = $3";
  static auto const many =
      std::string{"SELECT "} + message_columns +
      " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND state = 'd' AND id > $3 "
      "ORDER BY id LIMIT $4";
  if (only) return tx.query(one, {queue, tenant.str(), only->str()});
  return tx.query(many, {queue, tenant.str(), after.str(), std::int64_t{limit}});
}

}  // namespace

Result<Engine::Chunk> Engine::redrive_some(Transaction& tx, std::string const& queue, TenantId const& tenant,
                                           std::optional<MessageId> const& only, MessageId const& after,
                                           int limit, Time now, Changes& changes) {
  TRY(auto const rows, select_dead(tx, queue, tenant, only, after, limit));
  auto const rules = policy(queue);
  auto chunk = Chunk{};
  auto groups = std::map<std::string, GroupRow>{};
  for (auto const& row : rows) {
    auto message = message_of(row);
    if (!groups.contains(message.key.group)) {
      TRY(auto group, load_group(tx, message.key));
      // A group is forgotten only when nothing of it is left, dead letters included.
      if (!group) return ::hoist::fail(Code::internal, "The queue is inconsistent.");
      groups.emplace(message.key.group, std::move(*group));
    }
    auto& group = groups.at(message.key.group);
    CHECK(
        tx.execute("UPDATE queue_messages SET state = 'w', attempts = 0, ready_us = $3, died_us = NULL "
                   "WHERE id = $1 AND tenant = $2",
                   {message.id.str(), tenant.str(), to_us(now)}));
    ++group.depth;
    if (group.blocked_by == message.sequence) group.blocked_by.reset();
    ++chunk.count;
    chunk.last = message.id;
    if (rules->observe) {
      auto event = QueueEvent{.kind = QueueEvent::Kind::redriven};
      event.message = dead_letter_of(std::move(message));
      CHECK(rules->observe(tx, event));
    }
  }
  for (auto& [name, group] : groups) {
    if (group.in_flight.empty()) CHECK(find_head(tx, group, now));
    CHECK(store_group(tx, group, now));
  }
  changes.may_receive = changes.may_receive || chunk.count > 0;
  changes.depth += chunk.count;
  return chunk;
}

Result<bool> Engine::discard(Transaction& tx, std::string const& queue, TenantId const& tenant,
                             MessageId const& id, Time now, Changes& changes) {
  TRY(auto const message, load_message(tx, queue, tenant, id));
  if (!message || !message->dead) return false;
  CHECK(tx.execute("DELETE FROM queue_messages WHERE id = $1 AND tenant = $2", {id.str(), tenant.str()}));
  TRY(auto group, load_group(tx, message->key));
  if (!group || group->blocked_by != message->sequence) return true;
  group->blocked_by.reset();
  if (group->in_flight.empty()) CHECK(find_head(tx, *group, now));
  CHECK(store_group(tx, *group, now));
  changes.may_receive = true;
  return true;
}

Result<std::int64_t> Engine::purge(Transaction& tx, std::string const& queue, TenantId const& tenant,
                                   Time now, Changes& changes) {
  auto const who = Args{queue, tenant.str()};
  auto const at = Args{queue, tenant.str(), to_us(now)};
  TRY(auto const depth,
      tx.query("SELECT sum(depth) FROM queue_groups WHERE queue = $1 AND tenant = $2", who));
  TRY(auto const gone, tx.execute("DELETE FROM queue_messages WHERE queue = $1 AND tenant = $2", who));
  CHECK(tx.execute("DELETE FROM queue_dedup WHERE queue = $1 AND tenant = $2", who));
  CHECK(
      tx.execute("INSERT INTO queue_losses (queue, tenant, group_name, fence, from_sequence, lost_us) "
                 "SELECT queue, tenant, group_name, fence, 0, $3 FROM queue_groups "
                 "WHERE queue = $1 AND tenant = $2 AND in_flight <> '' "
                 "ON CONFLICT (queue, tenant, group_name, fence) DO UPDATE SET from_sequence = 0",
                 at));
  CHECK(
      tx.execute("UPDATE queue_groups SET depth = 0, fence = fence + 1, in_flight = '', ready_us = NULL, "
                 "blocked_by = NULL, head_sent_us = NULL, touched_us = $3 WHERE queue = $1 AND tenant = $2",
                 at));
  changes.depth -= depth.at(0).integer(0);
  return gone;
}

Result<std::int64_t> Engine::clean_old_messages(Transaction& tx, std::string const& queue,
                                                QueuePolicy const& policy, int limit, Time now,
                                                Changes& changes) {
  auto count = std::int64_t{0};
  TRY(auto const letters,
      tx.query(
          "SELECT id, tenant FROM queue_messages WHERE queue = $1 AND state = 'd' AND died_us < $2 LIMIT $3",
          {queue, to_us(now - policy.dead_retention), std::int64_t{limit}}));
  for (auto const& row : letters) {
    TRY(auto const gone, discard(tx, queue, TenantId{row.text(1)}, MessageId{row.text(0)}, now, changes));
    count += gone ? 1 : 0;
  }
  // The head is the oldest of its group, so groups tell who has waited too long.
  TRY(auto const old,
      tx.query(std::string{"SELECT "} + group_columns +
                   " FROM queue_groups WHERE queue = $1 AND head_sent_us < $2 AND in_flight = '' "
                   "AND blocked_by IS NULL LIMIT $3",
               {queue, to_us(now - policy.retention), std::int64_t{limit}}));
  for (auto const& row : old) {
    auto group = group_of(row);
    TRY(auto const head,
        tx.query(std::string{"SELECT "} + message_columns +
                     " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 "
                     "AND state = 'w' ORDER BY sequence LIMIT 1",
                 group.key.args()));
    if (head.empty()) continue;
    CHECK(kill(tx, group, message_of(head[0]), "waited longer than the queue keeps messages", now, changes));
    CHECK(store_group(tx, group, now));
    ++count;
  }
  if (!policy.forget_group) return count;
  TRY(auto const forgotten,
      tx.execute("DELETE FROM queue_groups WHERE queue = $1 AND depth = 0 AND touched_us < $2 AND NOT EXISTS "
                 "(SELECT 1 FROM queue_messages m WHERE m.queue = queue_groups.queue AND m.tenant = "
                 "queue_groups.tenant AND m.group_name = queue_groups.group_name)",
                 {queue, to_us(now - *policy.forget_group)}));
  return count + forgotten;
}

Result<std::int64_t> Engine::clean(Transaction& tx, int limit, Time now, Changes& changes) {
  auto count = std::int64_t{0};
  TRY(auto const keys, tx.execute("DELETE FROM queue_dedup WHERE expires_us < $1", {to_us(now)}));
  TRY(auto const losses,
      tx.execute("DELETE FROM queue_losses WHERE lost_us < $1", {to_us(now - losses_kept)}));
  count += keys + losses;
  TRY(auto const queues, tx.query("SELECT DISTINCT queue FROM queue_groups"));
  for (auto const& row : queues) {
    TRY(auto const gone, clean_old_messages(tx, row.text(0), *policy(row.text(0)), limit, now, changes));
    count += gone;
  }
  return count;
}

}  // namespace hoist::sql::queue
