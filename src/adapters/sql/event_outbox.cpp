#include "adapters/sql/event_outbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "adapters/sql/event_index.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::sql_engine {
namespace {

constexpr std::size_t tombstones_an_entry = 1'000;

struct Waiting {
  std::int64_t number;
  TenantId tenant;
  bool redaction;
  std::string lines;
};

// One by one, because an entry may be large.
Result<std::optional<Waiting>> next_after(sql::Transaction& tx, std::int64_t number) {
  TRY(auto const rows, tx.query("SELECT number, tenant, redaction, lines FROM event_outbox "
                                "WHERE number > $1 ORDER BY number LIMIT 1",
                                {number}));
  if (rows.empty()) return std::optional<Waiting>{};
  auto const& row = rows.front();
  return std::optional{Waiting{row.integer(0), TenantId{row.text(1)}, row.integer(2) != 0, row.text(3)}};
}

// Calls `f` with each line.
template <class F>
void for_each_line(std::string_view lines, F f) {
  while (!lines.empty()) {
    auto const line = lines.substr(0, lines.find('\n'));
    f(line);
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
  }
}

std::string_view id_of(std::string_view line) {
  return line.substr(0, line.find(' '));
}

OutboxItem item_of(Waiting const& entry, std::string_view line) {
  auto const id = id_of(line);
  auto const rest = line.substr(id.size() + 1);
  auto const salt = rest.substr(0, rest.find(' '));
  return {entry.number,
          entry.tenant,
          EventId{std::string{id}},
          unbase64url(salt).value_or(std::string{}),
          std::string{rest.substr(salt.size() + 1)},
          entry.redaction};
}

Result<void> take_out(sql::Transaction& tx, Waiting const& entry, std::set<EventId> const& events) {
  auto kept = std::string{};
  for_each_line(entry.lines, [&](std::string_view line) {
    if (events.contains(EventId{std::string{id_of(line)}})) return;
    if (!kept.empty()) kept += '\n';
    kept += line;
  });
  if (kept.size() == entry.lines.size()) return {};
  if (kept.empty())
    CHECK(tx.execute("DELETE FROM event_outbox WHERE number = $1", {entry.number}));
  else
    CHECK(tx.execute("UPDATE event_outbox SET lines = $2 WHERE number = $1", {entry.number, kept}));
  return {};
}

}  // namespace

void OutboxEntry::add(OutboxItem const& item) {
  if (!lines_.empty()) lines_ += '\n';
  lines_.append(item.event.str()).append(" ").append(base64url(item.salt)).append(" ").append(item.details);
}

Result<std::int64_t> OutboxEntry::insert(sql::Transaction& tx, TenantId const& tenant, bool redaction) const {
  if (lines_.empty()) return std::int64_t{0};
  TRY(auto const rows, tx.query("INSERT INTO event_outbox (tenant, redaction, lines) VALUES ($1, $2, $3) "
                                "RETURNING number",
                                {tenant.str(), std::int64_t{redaction}, lines_}));
  return rows.at(0).integer(0);
}

Result<void> erase_details(sql::Transaction& tx, TenantId const& tenant, std::set<EventId> const& events) {
  if (events.empty()) return {};
  for (auto number = std::int64_t{0};;) {
    TRY(auto const entry, next_after(tx, number));
    if (!entry) break;
    if (entry->tenant == tenant && !entry->redaction) CHECK(take_out(tx, *entry, events));
    number = entry->number;
  }
  auto tombstones = OutboxEntry{};
  auto left = events.size();
  for (auto const& event : events) {
    tombstones.add({0, tenant, event, "", "", true});
    if (--left % tombstones_an_entry != 0) continue;
    CHECK(std::exchange(tombstones, {}).insert(tx, tenant, true));
  }
  return {};
}

Result<std::vector<OutboxItem>> EventIndex::outbox(sql::Transaction& tx, std::int64_t after, int limit) {
  auto items = std::vector<OutboxItem>{};
  while (std::cmp_less(items.size(), limit)) {
    TRY(auto const entry, next_after(tx, after));
    if (!entry) break;
    for_each_line(entry->lines, [&](std::string_view line) { items.push_back(item_of(*entry, line)); });
    after = entry->number;
  }
  return items;
}

// Numbers are given out one by one, so their span is the depth but for what was settled in between.
Result<std::int64_t> EventIndex::outbox_depth(sql::Transaction& tx) {
  TRY(auto const rows,
      tx.query("SELECT (SELECT max(number) FROM event_outbox) - (SELECT min(number) FROM event_outbox) + 1"));
  return rows.at(0).integer(0);
}

// They come as they were recorded, so nearly always one range takes all of them.
Result<void> EventIndex::settle(sql::Transaction& tx, std::vector<std::int64_t> const& numbers) {
  auto sorted = numbers;
  std::ranges::sort(sorted);
  for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
    for (end = begin + 1; end < sorted.size() && sorted[end] <= sorted[end - 1] + 1;) ++end;
    CHECK(tx.execute("DELETE FROM event_outbox WHERE number BETWEEN $1 AND $2",
                     {sorted[begin], sorted[end - 1]}));
  }
  return {};
}

}  // namespace hoist::sql_engine
