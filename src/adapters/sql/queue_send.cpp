#include <fmt/format.h>

#include "adapters/sql/queue_engine.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "model/chain.hpp"

namespace hoist::sql::queue {
namespace {

std::string const& scope_of(Outgoing const& message, QueuePolicy const& policy) {
  static auto const whole_queue = std::string{};
  return policy.dedup_scope == DedupScope::group ? message.group : whole_queue;
}

struct Place {
  std::int64_t sequence = 0;
  std::string previous_chain;
  std::int64_t depth = 0;
  bool blocked = false;
};

// The row is locked from here to the end of the transaction, so sequence order is commit order.
Result<Place> take_place(Transaction& tx, Outgoing const& message, Time now) {
  TRY(auto const rows,
      tx.query("INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence, "
               "touched_us) VALUES ($1, $2, $3, 1, $4, 1, $5, $5) "
               "ON CONFLICT (queue, tenant, group_name) DO UPDATE SET "
               "last_sequence = queue_groups.last_sequence + 1, depth = queue_groups.depth + 1 "
               "RETURNING last_sequence, chain, depth, blocked_by",
               {message.queue, message.tenant.str(), message.group, first_chain(), to_us(now)}));
  auto const& row = rows.at(0);
  return Place{row.integer(0), row.text(1), row.integer(2), !row.is_null(3)};
}

Result<void> insert_message(Transaction& tx, Outgoing const& message, MessageId const& id,
                            std::int64_t sequence, Time now) {
  CHECK(tx.execute(
      "INSERT INTO queue_messages (id, queue, tenant, group_name, sequence, state, body, attempts, "
      "ready_us, sent_us) VALUES ($1, $2, $3, $4, $5, 'w', $6, 0, $7, $8)",
      {id.str(), message.queue, message.tenant.str(), message.group, sequence, message.body,
       to_us(now + message.delay), to_us(now)}));
  return {};
}

}  // namespace

Result<std::optional<Sent>> Engine::find_duplicate(Transaction& tx, Outgoing const& message,
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

Result<Sent> Engine::send(Transaction& tx, Outgoing const& message, Time now, Changes& changes) {
  CHECK(check_outgoing(message));
  auto const rules = policy(message.queue);
  auto const body_hash = hex(sha256(message.body));
  auto const key = message.dedup_key.empty() && rules->content_dedup ? body_hash : message.dedup_key;
  if (!key.empty()) {
    TRY(auto first, find_duplicate(tx, message, key, body_hash, *rules, now));
    if (first) return std::move(*first);
  }
  TRY(auto const place, take_place(tx, message, now));
  if (place.depth > rules->depth_max)
    return ::hoist::fail(Error{Code::throttled, "Too many messages are waiting; send again later."}
                             .with_slug("queue_full")
                             .with_retry_after(1));
  auto sent = Sent{.id = MessageId{new_uuid7(now)}, .sequence = place.sequence};
  sent.sent_at = now;
  sent.chain = next_chain(place.previous_chain, {.queue = message.queue,
                                                 .tenant = message.tenant.str(),
                                                 .group = message.group,
                                                 .sequence = place.sequence,
                                                 .id = sent.id.str(),
                                                 .sent_at = now,
                                                 .body_sha256 = body_hash});
  CHECK(insert_message(tx, message, sent.id, place.sequence, now));
  auto const head = place.depth == 1;
  auto const ready = to_us(now + message.delay);
  // Only the first of a group decides when the group is looked at; the others wait behind it.
  CHECK(
      tx.execute("UPDATE queue_groups SET chain = $4, touched_us = $5, "
                 "head_sent_us = CASE WHEN $6 = 1 THEN $5 ELSE head_sent_us END, "
                 "ready_us = CASE WHEN $6 = 1 AND blocked_by IS NULL THEN $7 ELSE ready_us END "
                 "WHERE queue = $1 AND tenant = $2 AND group_name = $3",
                 {message.queue, message.tenant.str(), message.group, sent.chain, to_us(now),
                  std::int64_t{head}, ready}));
  if (!key.empty())
    CHECK(tx.execute(
        "INSERT INTO queue_dedup (tenant, queue, scope, dedup_key, body_sha256, message_id, "
        "group_name, sequence, chain, expires_us) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (tenant, queue, scope, dedup_key) DO UPDATE SET body_sha256 = $5, "
        "message_id = $6, group_name = $7, sequence = $8, chain = $9, expires_us = $10",
        {message.tenant.str(), message.queue, scope_of(message, *rules), key, body_hash, sent.id.str(),
         message.group, place.sequence, sent.chain, to_us(now + rules->dedup_window)}));
  changes.may_receive = changes.may_receive || (head && !place.blocked);
  ++changes.depth;
  return sent;
}

}  // namespace hoist::sql::queue
