#include "adapters/sql/queue_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/try.hpp"

namespace hoist::sql_engine::queue {
namespace {

std::string join(std::vector<std::int64_t> const& sequences) {
  auto text = std::string{};
  for (auto const sequence : sequences) {
    if (!text.empty()) text += ',';
    text += std::to_string(sequence);
  }
  return text;
}

}  // namespace

std::vector<std::int64_t> parse_sequences(std::string_view text) {
  auto sequences = std::vector<std::int64_t>{};
  while (!text.empty()) {
    auto number = std::int64_t{0};
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) break;
    sequences.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return sequences;
}

GroupRow group_of(sql::Row const& row) {
  auto group = GroupRow{.key = {.queue = row.text(0), .tenant = TenantId{row.text(1)}, .group = row.text(2)},
                        .depth = row.integer(3),
                        .fence = row.integer(4),
                        .in_flight = parse_sequences(row.text(5)),
                        .leased_at = row.time(6)};
  if (!row.is_null(7)) group.ready_at = row.time(7);
  if (!row.is_null(8)) group.blocked_by = row.integer(8);
  if (!row.is_null(9)) group.head_sent_at = row.time(9);
  return group;
}

namespace {

Result<std::optional<GroupRow>> select_group(sql::Transaction& tx, GroupKey const& key,
                                             std::string_view lock) {
  static auto const text = std::string{"SELECT "} + group_columns +
                           " FROM queue_groups WHERE queue = $1 AND tenant = $2 AND group_name = $3";
  TRY(auto const rows, tx.query(text + std::string{lock}, key.args()));
  if (rows.empty()) return std::nullopt;
  return group_of(rows[0]);
}

}  // namespace

Result<std::optional<GroupRow>> load_group(sql::Transaction& tx, GroupKey const& key) {
  return select_group(tx, key, {});
}

Result<std::optional<GroupRow>> lock_group(sql::Transaction& tx, GroupKey const& key) {
  return select_group(tx, key, sql::for_update);
}

Result<void> store_group(sql::Transaction& tx, GroupRow const& row, std::optional<Micros> forget_after,
                         Time now) {
  auto const forget_at = forget_after && row.depth == 0 ? std::optional{now + *forget_after} : std::nullopt;
  auto args = row.key.args();
  args.insert(args.end(), {sql::Value{row.depth}, sql::Value{row.fence}, sql::Value{join(row.in_flight)},
                           sql::Value{to_us(row.leased_at)}, sql::value_or_null(row.ready_at),
                           sql::value_or_null(row.blocked_by), sql::value_or_null(row.head_sent_at),
                           sql::value_or_null(forget_at)});
  CHECK(
      tx.execute("UPDATE queue_groups SET depth = $4, fence = $5, in_flight = $6, leased_us = $7, "
                 "ready_us = $8, blocked_by = $9, head_sent_us = $10, forget_us = $11 "
                 "WHERE queue = $1 AND tenant = $2 AND group_name = $3",
                 std::move(args)));
  return {};
}

std::string select_busy_groups(std::string_view columns, std::string_view rest) {
  return fmt::format(
      "SELECT {0} FROM queue_groups WHERE queue = $1 AND ready_us IS NOT NULL {1} UNION ALL "
      "SELECT {0} FROM queue_groups WHERE queue = $1 AND blocked_by IS NOT NULL AND ready_us IS NULL "
      "AND depth > 0 {1}",
      columns, rest);
}

Result<std::int64_t> count_depth(sql::Transaction& tx, std::string const& queue, TenantId const& tenant) {
  static auto const text = fmt::format("SELECT COALESCE(sum(depth), 0) FROM ({}) busy",
                                       select_busy_groups("depth", "AND tenant = $2"));
  TRY(auto const rows, tx.query(text, {queue, tenant.str()}));
  return rows.at(0).integer(0);
}

MessageRow message_of(sql::Row const& row) {
  return {.id = MessageId{row.text(0)},
          .key = {.queue = row.text(1), .tenant = TenantId{row.text(2)}, .group = row.text(3)},
          .sequence = row.integer(4),
          .dead = row.text(5) == "d",
          .body = row.text(6),
          .attempts = row.integer(7),
          .ready_at = row.time(8),
          .sent_at = row.time(9),
          .died_at = row.time(10),
          .cause = row.text(11)};
}

Result<std::optional<MessageRow>> load_message(sql::Transaction& tx, std::string const& queue,
                                               TenantId const& tenant, MessageId const& id) {
  static auto const text = std::string{"SELECT "} + message_columns +
                           " FROM queue_messages WHERE id = $1 AND queue = $2 AND tenant = $3";
  TRY(auto const rows, tx.query(text, {id.str(), queue, tenant.str()}));
  if (rows.empty()) return std::nullopt;
  return message_of(rows[0]);
}

Result<void> find_head(sql::Transaction& tx, GroupRow& row, Time now) {
  row.ready_at.reset();
  row.head_sent_at.reset();
  if (row.depth == 0) return {};
  TRY(auto const rows, tx.query("SELECT ready_us, sent_us FROM queue_messages "
                                "WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND state = 'w' "
                                "ORDER BY sequence LIMIT 1",
                                row.key.args()));
  if (rows.empty()) return {};
  row.head_sent_at = rows[0].time(1);
  // Not before now, so that a group just served goes behind the groups that waited meanwhile.
  if (!row.blocked_by) row.ready_at = std::max(rows[0].time(0), now);
  return {};
}

Result<void> lose_delivery(sql::Transaction& tx, GroupRow& row, std::int64_t from_sequence, Time now) {
  auto args = row.key.args();
  args.insert(args.end(), {sql::Value{row.fence}, sql::Value{from_sequence}, sql::Value{to_us(now)}});
  // A second loss of the same delivery always begins earlier than the first.
  CHECK(
      tx.execute("INSERT INTO queue_losses (queue, tenant, group_name, fence, from_sequence, lost_us) "
                 "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (queue, tenant, group_name, fence) "
                 "DO UPDATE SET from_sequence = $5, lost_us = $6",
                 std::move(args)));
  std::erase_if(row.in_flight, [&](std::int64_t sequence) { return sequence >= from_sequence; });
  if (row.in_flight.empty()) ++row.fence;
  return {};
}

DeadLetter dead_letter_of(MessageRow message) {
  return {.id = std::move(message.id),
          .queue = std::move(message.key.queue),
          .tenant = std::move(message.key.tenant),
          .group = std::move(message.key.group),
          .body = std::move(message.body),
          .sequence = message.sequence,
          .attempts = message.attempts,
          .cause = std::move(message.cause),
          .died_at = message.died_at};
}

QueueEvent event_of(QueueEvent::Kind kind, MessageRow message, std::optional<Time> retry_at) {
  return {.kind = kind, .message = dead_letter_of(std::move(message)), .retry_at = retry_at};
}

}  // namespace hoist::sql_engine::queue
