// Dead letters, purging, and what time removes.
#include <algorithm>
#include <map>

#include "adapters/sql/queue_engine.hpp"
#include "base/try.hpp"

namespace hoist::sql_engine::queue {
namespace {

constexpr auto losses_kept = Micros{7 * 86'400'000'000LL};

// From one name to the next, because DISTINCT would read every group.
Result<std::vector<std::string>> queue_names(sql::Transaction& tx) {
  auto names = std::vector<std::string>{};
  for (auto last = std::string{};; last = names.back()) {
    TRY(auto const next,
        tx.query("SELECT queue FROM queue_groups WHERE queue > $1 ORDER BY queue LIMIT 1", {last}));
    if (next.empty()) return names;
    names.push_back(next[0].text(0));
  }
}

}  // namespace

Result<std::int64_t> Engine::redrive(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                     std::span<MessageId const> ids, Time now, Changes& changes) {
  auto const rules = this->rules(queue);
  auto count = std::int64_t{0};
  auto groups = std::map<std::string, GroupRow>{};
  for (auto const& id : ids) {
    TRY(auto message, load_message(tx, queue, tenant, id));
    if (!message || !message->dead) continue;
    auto const& name = message->key.group;
    if (!groups.contains(name)) {
      TRY(auto group, lock_group(tx, message->key));
      // A group is forgotten only when nothing of it is left, dead letters included.
      if (!group) return ::hoist::fail(Code::internal, "The queue is inconsistent.");
      groups.emplace(name, std::move(*group));
    }
    auto& group = groups.at(name);
    TRY(auto const revived,
        tx.execute("UPDATE queue_messages SET state = 'w', attempts = 0, ready_us = $3, died_us = NULL "
                   "WHERE id = $1 AND tenant = $2 AND state = 'd'",
                   {id.str(), tenant.str(), to_us(now)}));
    if (revived == 0) continue;  // another redrive was first
    ++group.depth;
    if (group.blocked_by == message->sequence) group.blocked_by.reset();
    ++count;
    CHECK(rules->tell(tx, event_of(QueueEvent::Kind::redriven, std::move(*message))));
  }
  for (auto& [name, group] : groups) {
    if (group.in_flight.empty()) CHECK(find_head(tx, group, now));
    CHECK(store(tx, group, now));
  }
  changes.may_receive = changes.may_receive || count > 0;
  changes.depth += count;
  return count;
}

Result<bool> Engine::discard_one(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                 MessageId const& id, Time now, Changes& changes) {
  TRY(auto message, load_message(tx, queue, tenant, id));
  if (!message || !message->dead) return false;
  TRY(auto group, lock_group(tx, message->key));
  TRY(auto const gone, tx.execute("DELETE FROM queue_messages WHERE id = $1 AND tenant = $2 AND state = 'd'",
                                  {id.str(), tenant.str()}));
  if (gone == 0) return false;  // it was redriven before the group was locked
  if (group && group->blocked_by == message->sequence) {
    group->blocked_by.reset();
    if (group->in_flight.empty()) CHECK(find_head(tx, *group, now));
    CHECK(store(tx, *group, now));
    changes.may_receive = true;
  }
  CHECK(rules(queue)->tell(tx, event_of(QueueEvent::Kind::discarded, std::move(*message))));
  return true;
}

Result<std::int64_t> Engine::discard(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                     std::span<MessageId const> ids, Time now, Changes& changes) {
  auto count = std::int64_t{0};
  for (auto const& id : ids) {
    TRY(auto const gone, discard_one(tx, queue, tenant, id, now, changes));
    count += gone ? 1 : 0;
  }
  return count;
}

Result<std::int64_t> Engine::purge(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                   Time now, Changes& changes) {
  auto const who = sql::Args{queue, tenant.str()};
  auto const at = sql::Args{queue, tenant.str(), to_us(now)};
  auto const forget_after = rules(queue)->forget_group;
  auto const forget = forget_after ? sql::Value{to_us(now + *forget_after)} : sql::null();
  TRY(auto const depth, count_depth(tx, queue, tenant));
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
                 "blocked_by = NULL, head_sent_us = NULL, forget_us = $3 WHERE queue = $1 AND tenant = $2",
                 {queue, tenant.str(), forget}));
  changes.depth -= depth;
  return gone;
}

Result<std::int64_t> Engine::clean_dead_letters(sql::Transaction& tx, std::string const& queue, int limit,
                                                Time now, Changes& changes) {
  TRY(auto const letters,
      tx.query(
          "SELECT id, tenant FROM queue_messages WHERE queue = $1 AND state = 'd' AND died_us < $2 LIMIT $3",
          {queue, to_us(now - rules(queue)->dead_retention), std::int64_t{limit}}));
  auto count = std::int64_t{0};
  for (auto const& row : letters) {
    TRY(auto const gone, discard_one(tx, queue, TenantId{row.text(1)}, MessageId{row.text(0)}, now, changes));
    count += gone ? 1 : 0;
  }
  return count;
}

// The head is the oldest of its group, so groups tell who has waited too long.
Result<std::vector<GroupKey>> Engine::find_outdated(sql::Transaction& tx, int limit, Time now) {
  auto keys = std::vector<GroupKey>{};
  TRY(auto const queues, queue_names(tx));
  for (auto const& queue : queues) {
    TRY(auto const rows,
        tx.query("SELECT tenant, group_name FROM queue_groups WHERE queue = $1 AND ready_us IS NOT NULL "
                 "AND head_sent_us < $2 AND in_flight = '' AND blocked_by IS NULL LIMIT $3",
                 {queue, to_us(now - rules(queue)->retention), std::int64_t{limit}}));
    for (auto const& row : rows) keys.push_back({queue, TenantId{row.text(0)}, row.text(1)});
  }
  return keys;
}

Result<std::int64_t> Engine::kill_outdated(sql::Transaction& tx, GroupKey const& key, Time now,
                                           Changes& changes) {
  TRY(auto group, lock_group(tx, key));
  auto const since = now - rules(key.queue)->retention;
  // It was found outside of this transaction.
  if (!group || !group->in_flight.empty() || group->blocked_by || !group->head_sent_at) return 0;
  if (*group->head_sent_at >= since) return 0;
  TRY(auto const head,
      tx.query(std::string{"SELECT "} + message_columns +
                   " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 "
                   "AND state = 'w' ORDER BY sequence LIMIT 1",
               key.args()));
  if (head.empty()) return 0;
  CHECK(kill(tx, *group, message_of(head[0]), "waited longer than the queue keeps messages", now, changes));
  CHECK(store(tx, *group, now));
  return 1;
}

namespace {

// Empty groups whose time has come. One that still holds dead letters waits for their end.
Result<std::int64_t> forget_groups(sql::Transaction& tx, std::string const& queue, Micros forget_after,
                                   int limit, Time now) {
  TRY(auto const due,
      tx.query("SELECT tenant, group_name FROM queue_groups WHERE queue = $1 AND forget_us < $2 "
               "ORDER BY forget_us LIMIT $3",
               {queue, to_us(now), std::int64_t{limit}}));
  auto forgotten = std::int64_t{0};
  for (auto const& row : due) {
    auto args = GroupKey{queue, TenantId{row.text(0)}, row.text(1)}.args();
    TRY(auto const gone,
        tx.execute("DELETE FROM queue_groups WHERE queue = $1 AND tenant = $2 AND group_name = $3 "
                   "AND depth = 0 AND NOT EXISTS (SELECT 1 FROM queue_messages WHERE queue = $1 AND "
                   "tenant = $2 AND group_name = $3)",
                   args));
    forgotten += gone;
    if (gone > 0) continue;
    args.emplace_back(to_us(now + forget_after));
    CHECK(
        tx.execute("UPDATE queue_groups SET forget_us = $4 WHERE queue = $1 AND tenant = $2 AND "
                   "group_name = $3",
                   std::move(args)));
  }
  return forgotten;
}

}  // namespace

Result<std::int64_t> Engine::clean(sql::Transaction& tx, std::vector<GroupKey> const& outdated, int limit,
                                   Time now, std::map<std::string, Changes>& changes) {
  auto count = std::int64_t{0};
  TRY(auto const keys,
      tx.execute("DELETE FROM queue_dedup WHERE (tenant, queue, scope, dedup_key) IN (SELECT tenant, queue, "
                 "scope, dedup_key FROM queue_dedup WHERE expires_us < $1 ORDER BY expires_us LIMIT $2)",
                 {to_us(now), std::int64_t{limit}}));
  TRY(auto const losses,
      tx.execute(
          "DELETE FROM queue_losses WHERE (queue, tenant, group_name, fence) IN (SELECT queue, tenant, "
          "group_name, fence FROM queue_losses WHERE lost_us < $1 ORDER BY lost_us LIMIT $2)",
          {to_us(now - losses_kept), std::int64_t{limit}}));
  count += keys + losses;
  CHECK(tx.execute("UPDATE queue_time SET last_us = $1 WHERE id = 1 AND last_us < $1", {to_us(now)}));
  for (auto const& key : outdated) {
    TRY(auto const killed, kill_outdated(tx, key, now, changes[key.queue]));
    count += killed;
  }
  TRY(auto const queues, queue_names(tx));
  for (auto const& queue : queues) {
    TRY(auto const letters, clean_dead_letters(tx, queue, limit, now, changes[queue]));
    count += letters;
    auto const rules = this->rules(queue);
    if (!rules->forget_group) continue;
    TRY(auto const forgotten, forget_groups(tx, queue, *rules->forget_group, limit, now));
    count += forgotten;
  }
  return count;
}

}  // namespace hoist::sql_engine::queue
