#include "adapters/sql/queue_look.hpp"

#include <algorithm>

#include "base/try.hpp"

namespace hoist::sql_engine::queue {
namespace {

constexpr auto overtakers_shown = 100;
constexpr auto survivors_looked_at = 1000;
constexpr auto plan_items_max = 1000;

std::string const& select_messages() {
  static auto const text = std::string{"SELECT "} + message_columns + " FROM queue_messages ";
  return text;
}

Result<RedriveItem> plan_item(sql::Transaction& tx, MessageRow message) {
  auto const key = message.key;
  auto const sequence = message.sequence;
  auto item = RedriveItem{.letter = dead_letter_of(std::move(message))};
  TRY(auto const last,
      tx.query("SELECT last_sequence FROM queue_groups WHERE queue = $1 AND tenant = $2 AND group_name = $3",
               key.args()));
  auto args = key.args();
  args.emplace_back(sequence);
  TRY(auto const left, tx.query("SELECT count(*) FROM queue_messages WHERE queue = $1 AND tenant = $2 AND "
                                "group_name = $3 AND state IN ('d', 'w') AND sequence > $4",
                                args));
  // What came later and is gone was settled first.
  item.overtaken_by = (last.empty() ? 0 : last[0].integer(0) - sequence) - left[0].integer(0);
  args.emplace_back(std::int64_t{survivors_looked_at});
  TRY(auto const rows, tx.query("SELECT sequence FROM queue_messages WHERE queue = $1 AND tenant = $2 AND "
                                "group_name = $3 AND state IN ('d', 'w') AND sequence > $4 "
                                "ORDER BY sequence LIMIT $5",
                                std::move(args)));
  auto next = sequence + 1;
  auto const shown = std::min<std::int64_t>(item.overtaken_by, overtakers_shown);
  for (auto i = std::size_t{0}; std::ssize(item.overtakers) < shown; ++next) {
    if (i < rows.size() && rows[i].integer(0) == next)
      ++i;
    else if (i < rows.size() || std::ssize(rows) < survivors_looked_at)
      item.overtakers.push_back(next);
    else
      break;
  }
  return item;
}

Micros percentile_99(std::vector<std::int64_t> ages) {
  if (ages.empty()) return Micros{0};
  auto const at = ages.begin() + static_cast<std::ptrdiff_t>((ages.size() - 1) * 99 / 100);
  std::ranges::nth_element(ages, at);
  return Micros{*at};
}

}  // namespace

Result<std::vector<DeadLetter>> dead_letters(sql::Transaction& tx, std::string const& queue,
                                             TenantId const& tenant, MessageId const& after, int limit) {
  TRY(auto const rows,
      tx.query(select_messages() + "WHERE queue = $1 AND tenant = $2 AND state = 'd' AND id > $3 "
                                   "ORDER BY id LIMIT $4",
               {queue, tenant.str(), after.str(), std::int64_t{limit}}));
  auto letters = std::vector<DeadLetter>{};
  for (auto const& row : rows) letters.push_back(dead_letter_of(message_of(row)));
  return letters;
}

Result<std::vector<RedriveItem>> plan_redrive(sql::Transaction& tx, std::string const& queue,
                                              TenantId const& tenant, std::vector<MessageId> const& ids) {
  auto items = std::vector<RedriveItem>{};
  if (ids.empty()) {
    TRY(auto const rows, tx.query(select_messages() + "WHERE queue = $1 AND tenant = $2 AND state = 'd' "
                                                      "ORDER BY id LIMIT $3",
                                  {queue, tenant.str(), std::int64_t{plan_items_max}}));
    for (auto const& row : rows) {
      TRY(auto item, plan_item(tx, message_of(row)));
      items.push_back(std::move(item));
    }
  }
  for (auto const& id : ids) {
    TRY(auto message, load_message(tx, queue, tenant, id));
    if (!message || !message->dead) continue;
    TRY(auto item, plan_item(tx, std::move(*message)));
    items.push_back(std::move(item));
  }
  std::ranges::sort(items, {}, [](RedriveItem const& item) { return item.letter.id; });
  return items;
}

Result<bool> holds(sql::Transaction& tx, GroupKey const& key) {
  TRY(auto const group, load_group(tx, key));
  return group && group->depth > 0;
}

Result<QueueStats> stats(sql::Transaction& tx, std::string const& queue, Scope const& scope, Time now) {
  auto const whose = scope.only() ? " AND tenant = $2" : "";
  auto const who = scope.only() ? sql::Args{queue, scope.only()->str()} : sql::Args{queue};
  auto result = QueueStats{};
  TRY(auto const groups,
      tx.query(select_busy_groups("depth, in_flight, blocked_by, head_sent_us, ready_us", whose), who));
  auto ages = std::vector<std::int64_t>{};
  for (auto const& row : groups) {
    auto const held = row.is_null(4) || row.time(4) <= now ? 0 : std::ssize(parse_sequences(row.text(1)));
    result.in_flight += held;
    result.waiting += row.integer(0) - held;
    ++result.groups;
    if (!row.is_null(2)) ++result.blocked_groups;
    if (row.is_null(3)) continue;
    ages.push_back(to_us(now) - row.integer(3));
    result.oldest_sent_at = std::min(result.oldest_sent_at.value_or(row.time(3)), row.time(3));
  }
  result.head_age_p99 = percentile_99(std::move(ages));
  TRY(auto const dead, tx.query(std::string{"SELECT count(*) FROM queue_messages WHERE queue = $1"} + whose +
                                    " AND state = 'd'",
                                who));
  result.dead = dead[0].integer(0);
  return result;
}

}  // namespace hoist::sql_engine::queue
