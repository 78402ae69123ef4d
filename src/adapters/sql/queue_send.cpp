#include <fmt/format.h>

#include "adapters/sql/queue_engine.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "model/chain.hpp"
#include "sql/insert_rows.hpp"

namespace hoist::sql_engine::queue {
namespace {

std::string const& scope_of(Outgoing const& message, QueuePolicy const& policy) {
  static auto const whole_queue = std::string{};
  return policy.dedup_scope == DedupScope::group ? message.group : whole_queue;
}

auto const insert_messages = sql::InsertRows{
    "INSERT INTO queue_messages (id, queue, tenant, group_name, sequence, state, body, attempts, ready_us, "
    "sent_us)",
    10};

sql::Args message_row(Outgoing const& message, MessageId const& id, std::int64_t sequence, Time now) {
  return sql::args(id.str(), message.queue, message.tenant.str(), message.group, sequence, "w", message.body,
                   std::int64_t{0}, to_us(now + message.delay), to_us(now));
}

Result<void> remember_key(sql::Transaction& tx, Outgoing const& message, std::string const& key,
                          std::string const& body_hash, Sent const& sent, QueuePolicy const& policy) {
  CHECK(tx.execute(
      "INSERT INTO queue_dedup (tenant, queue, scope, dedup_key, body_sha256, message_id, "
      "group_name, sequence, chain, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT (tenant, queue, scope, dedup_key) DO UPDATE SET body_sha256 = $5, "
      "message_id = $6, group_name = $7, sequence = $8, chain = $9, expires_us = $10",
      {message.tenant.str(), message.queue, scope_of(message, policy), key, body_hash, sent.id.str(),
       message.group, sent.sequence, sent.chain, to_us(sent.sent_at + policy.dedup_window)}));
  return {};
}

}  // namespace

// A group while messages are sent to it: its row is read once and written once.
struct Engine::OpenGroup {
  GroupKey key;
  std::int64_t last_sequence = 0;
  std::string chain;
  std::int64_t depth = 0;
  bool blocked = false;
  std::optional<Time> head_ready_at;  // when the first of the group was among these messages

  // The row is locked from here to the end of the transaction, so sequence order is commit order.
  static Result<OpenGroup> open(sql::Transaction& tx, GroupKey key, Time now) {
    static auto const lock =
        std::string{
            "SELECT last_sequence, chain, depth, blocked_by FROM queue_groups "
            "WHERE queue = $1 AND tenant = $2 AND group_name = $3"}
            .append(sql::for_update);
    TRY(auto rows, tx.query(lock, key.args()));
    if (rows.empty()) {
      auto args = key.args();
      args.insert(args.end(), {sql::Value{first_chain()}, sql::Value{to_us(now)}});
      CHECK(tx.execute(
          "INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence) "
          "VALUES ($1, $2, $3, 0, $4, 0, $5) "
          "ON CONFLICT (queue, tenant, group_name) DO NOTHING",
          std::move(args)));
      TRY(rows, tx.query(lock, key.args()));
    }
    auto const& row = rows.at(0);
    return OpenGroup{std::move(key), row.integer(0), row.text(1), row.integer(2), !row.is_null(3), {}};
  }

  Result<void> close(sql::Transaction& tx, Time now) const {
    auto args = key.args();
    args.insert(args.end(), {sql::Value{last_sequence}, sql::Value{chain}, sql::Value{depth}});
    CHECK(
        tx.execute("UPDATE queue_groups SET last_sequence = $4, chain = $5, depth = $6, forget_us = NULL "
                   "WHERE queue = $1 AND tenant = $2 AND group_name = $3",
                   std::move(args)));
    return head_ready_at ? tell_head(tx, now) : Result<void>{};
  }

 private:
  // Only the first of a group decides when the group is looked at. Sending more leaves the index of
  // what is ready alone.
  [[nodiscard]] Result<void> tell_head(sql::Transaction& tx, Time now) const {
    auto args = key.args();
    args.insert(args.end(), {sql::Value{to_us(now)}, sql::Value{to_us(*head_ready_at)}});
    CHECK(
        tx.execute("UPDATE queue_groups SET head_sent_us = $4, "
                   "ready_us = CASE WHEN blocked_by IS NULL THEN $5 ELSE ready_us END "
                   "WHERE queue = $1 AND tenant = $2 AND group_name = $3",
                   std::move(args)));
    return {};
  }
};

// What one call sends: its messages are inserted when all of them are known.
struct Engine::Sending {
  OpenGroups groups;
  std::vector<sql::Args> rows;
};

Result<std::optional<Sent>> Engine::find_duplicate(sql::Transaction& tx, Outgoing const& message,
                                                   std::string const& key, std::string const& body_hash,
                                                   QueuePolicy const& policy, Time now) {
  TRY(auto const rows,
      tx.query("SELECT body_sha256, message_id, sequence, chain FROM queue_dedup WHERE tenant = $1 AND "
               "queue = $2 AND scope = $3 AND dedup_key = $4 AND expires_us > $5",
               {message.tenant.str(), message.queue, scope_of(message, policy), key, to_us(now)}));
  if (rows.empty()) return std::nullopt;
  auto const& row = rows[0];
  if (row.text(0) != body_hash)
    return ::hoist::fail(Code::conflict, "The same key was used with another body.");
  return Sent{
      .id = MessageId{row.text(1)}, .sequence = row.integer(2), .duplicate = true, .chain = row.text(3)};
}

Result<Sent> Engine::send_one(sql::Transaction& tx, Outgoing const& message, Sending& sending, Time now,
                              Changes& changes) {
  CHECK(check_outgoing(message));
  auto const rules = this->rules(message.queue);
  auto const body_hash = hex(sha256(message.body));
  auto const key = message.dedup_key.empty() && rules->content_dedup ? body_hash : message.dedup_key;
  if (!key.empty()) {
    TRY(auto first, find_duplicate(tx, message, key, body_hash, *rules, now));
    if (first) return std::move(*first);
  }
  auto found = sending.groups.find(message.group);
  if (found == sending.groups.end()) {
    TRY(auto opened, OpenGroup::open(tx, {message.queue, message.tenant, message.group}, now));
    found = sending.groups.emplace(message.group, std::move(opened)).first;
  }
  auto& group = found->second;
  if (group.depth >= rules->depth_max)
    return ::hoist::fail(Error{Code::throttled, "Too many messages are waiting; send again later."}
                             .with_slug("queue_full")
                             .with_retry_after(1));
  auto sent = Sent{.id = MessageId{new_uuid7(now)}, .sequence = group.last_sequence + 1};
  sent.sent_at = now;
  sent.chain = next_chain(group.chain, {.queue = message.queue,
                                        .tenant = message.tenant.str(),
                                        .group = message.group,
                                        .sequence = sent.sequence,
                                        .id = sent.id.str(),
                                        .sent_at = now,
                                        .body_sha256 = body_hash});
  sending.rows.push_back(message_row(message, sent.id, sent.sequence, now));
  if (!key.empty()) CHECK(remember_key(tx, message, key, body_hash, sent, *rules));
  if (group.depth == 0) {
    group.head_ready_at = now + message.delay;
    changes.may_receive = changes.may_receive || !group.blocked;
  }
  group.last_sequence = sent.sequence;
  group.chain = sent.chain;
  ++group.depth;
  ++changes.depth;
  return sent;
}

Result<std::vector<Sent>> Engine::send(sql::Transaction& tx, std::span<Outgoing const> messages, Time now,
                                       Changes& changes) {
  auto sending = Sending{};
  auto all = std::vector<Sent>{};
  all.reserve(messages.size());
  for (auto const& message : messages) {
    TRY(auto sent, send_one(tx, message, sending, now, changes));
    ++(sent.duplicate ? changes.duplicates : changes.sent);
    all.push_back(std::move(sent));
  }
  CHECK(insert_messages(tx, std::move(sending.rows)));
  for (auto const& [name, group] : sending.groups) CHECK(group.close(tx, now));
  return all;
}

}  // namespace hoist::sql_engine::queue
