#include "adapters/sql/event_index.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "adapters/sql/event_outbox.hpp"
#include "base/encode.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "sql/insert_rows.hpp"

namespace hoist::sql_engine {
namespace {

constexpr std::string_view columns =
    "sequence, event_id, user_id, event_type, at_us, received_us, user_salt, user_hash, details_hash, "
    "chain, request_hash, details_salt, details";

std::string decoded(std::string const& text) {
  return unbase64url(text).value_or(std::string{});
}

IndexedEvent from_row(TenantId const& tenant, sql::Row const& row) {
  auto event = IndexedEvent{};
  event.facts = {tenant,      row.integer(0), EventId{row.text(1)}, row.text(3),
                 row.time(4), row.time(5),    decoded(row.text(7)), decoded(row.text(8))};
  if (!row.is_null(2)) event.user = UserId{row.text(2)};
  event.user_salt = decoded(row.text(6));
  event.chain = decoded(row.text(9));
  event.holds_details = !row.is_null(12);
  if (event.holds_details)
    event.details = {0, tenant, event.facts.id, decoded(row.text(11)), row.text(12), false};
  return event;
}

Result<std::optional<sql::Row>> row_by_id(sql::Transaction& tx, TenantId const& tenant, EventId const& id) {
  TRY(auto rows, tx.query(fmt::format("SELECT {} FROM events WHERE tenant = $1 AND event_id = $2", columns),
                          {tenant.str(), id.str()}));
  if (rows.empty()) return std::optional<sql::Row>{};
  return std::optional<sql::Row>{std::move(rows.front())};
}

sql::Args event_row(IndexedEvent const& event, std::string const& request_hash) {
  auto const& facts = event.facts;
  auto const held = event.holds_details;
  return sql::args(facts.tenant.str(), facts.sequence, facts.id.str(), event.user->str(), facts.type,
                   sql::value(facts.at), sql::value(facts.received_at), base64url(event.user_salt),
                   base64url(facts.user_hash), base64url(facts.details_hash), base64url(event.chain),
                   base64url(request_hash), held ? sql::Value{base64url(event.details.salt)} : sql::null(),
                   held ? sql::Value{event.details.details} : sql::null());
}

auto const insert_events = sql::InsertRows{
    "INSERT INTO events (tenant, sequence, event_id, user_id, event_type, at_us, received_us, user_salt, "
    "user_hash, details_hash, chain, request_hash, details_salt, details)",
    14};

// With a lock, appends to one log follow each other: the sequence of a log is the order of its commits.
Result<EventHead> select_head(sql::Transaction& tx, TenantId const& tenant, std::string_view lock) {
  static auto const text = std::string{
      "SELECT first_sequence, last_sequence, chain, chain_before FROM event_heads WHERE tenant = $1"};
  TRY(auto const rows, tx.query(text + std::string{lock}, {tenant.str()}));
  if (rows.empty()) return EventHead{};
  return EventHead{rows[0].integer(0), rows[0].integer(1), decoded(rows[0].text(2)),
                   decoded(rows[0].text(3))};
}

Result<void> store_head(sql::Transaction& tx, TenantId const& tenant, EventHead const& head) {
  CHECK(
      tx.execute("INSERT INTO event_heads (tenant, first_sequence, last_sequence, chain, chain_before) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant) DO UPDATE "
                 "SET first_sequence = $2, last_sequence = $3, chain = $4, chain_before = $5",
                 {tenant.str(), head.first_sequence, head.last_sequence, base64url(head.chain),
                  base64url(head.chain_before)}));
  return {};
}

constexpr std::int64_t span_events = 1024;
// A span's bounds are this much wider than needed, so that they seldom have to be moved.
constexpr auto span_slack = Micros{std::chrono::minutes{1}};

struct Times {
  Time first = Time::max();
  Time last = Time::min();
};

Result<void> widen_span(sql::Transaction& tx, TenantId const& tenant, std::int64_t span, Times const& times) {
  CHECK(
      tx.execute("INSERT INTO event_spans (tenant, span, first_us, last_us) VALUES ($1, $2, $5, $6) "
                 "ON CONFLICT (tenant, span) DO UPDATE SET "
                 "first_us = CASE WHEN event_spans.first_us > $3 THEN $5 ELSE event_spans.first_us END, "
                 "last_us = CASE WHEN event_spans.last_us < $4 THEN $6 ELSE event_spans.last_us END "
                 "WHERE event_spans.first_us > $3 OR event_spans.last_us < $4",
                 {tenant.str(), span, sql::value(times.first), sql::value(times.last),
                  sql::value(times.first - span_slack), sql::value(times.last + span_slack)}));
  return {};
}

// One call of append(): what is new is inserted when all of it is known.
class Appending {
 public:
  Appending(sql::Transaction& tx, TenantId const& tenant, EventHead head, Time now)
      : tx_{tx}, tenant_{tenant}, head_{std::move(head)}, now_{now} {}

  Result<IndexedEvent> one(NewEvent const& event) {
    if (event.id_given) {
      TRY(auto earlier, earlier_of(event));
      if (earlier) return *std::move(earlier);
    }
    auto made = chain_event(head_, tenant_, event, now_);
    events_.push_back(event_row(made, event.request_hash));
    auto& times = spans_[made.facts.sequence / span_events];
    times.first = std::min(times.first, made.facts.at);
    times.last = std::max(times.last, made.facts.at);
    if (!made.holds_details) outbox_.add(made.details);
    if (event.id_given) here_.emplace(event.id.str(), First{made, event.request_hash});
    return made;
  }

  // Answers the number of the outbox's entry.
  Result<std::int64_t> insert() {
    if (events_.empty()) return std::int64_t{0};
    CHECK(insert_events(tx_, std::move(events_)));
    CHECK(store_head(tx_, tenant_, head_));
    for (auto const& [span, times] : spans_) CHECK(widen_span(tx_, tenant_, span, times));
    return outbox_.insert(tx_, tenant_, false);
  }

 private:
  struct First {
    IndexedEvent event;
    std::string request_hash;
  };

  Result<std::optional<IndexedEvent>> earlier_of(NewEvent const& event) {
    TRY(auto first, find(event.id));
    if (!first) return std::optional<IndexedEvent>{};
    if (first->request_hash != event.request_hash)
      return fail(Code::key_reuse, "This event id was used before with a different event.");
    first->event.duplicate = true;
    return std::optional{std::move(first->event)};
  }
  Result<std::optional<First>> find(EventId const& id) {
    if (auto const here = here_.find(id.str()); here != here_.end()) return std::optional{here->second};
    TRY(auto const row, row_by_id(tx_, tenant_, id));
    if (!row) return std::optional<First>{};
    return std::optional{First{from_row(tenant_, *row), decoded(row->text(10))}};
  }

  sql::Transaction& tx_;
  TenantId const& tenant_;
  EventHead head_;
  Time now_;
  std::vector<sql::Args> events_;
  std::map<std::int64_t, Times> spans_;
  OutboxEntry outbox_;
  std::map<std::string, First> here_;  // those of this call whose id the client gave
};

struct Where {
  std::string text;
  sql::Args args;
  void add(std::string_view condition, sql::Value argument) {
    args.push_back(std::move(argument));
    text += fmt::format(" AND {} ${}", condition, args.size());
  }
};

Where conditions(EventQuery const& query) {
  auto where = Where{"events.tenant = $1", {query.tenant.str()}};
  if (query.user) where.add("user_id =", query.user->str());
  // A user has fewer events than a type has, so it is the user's index that serves both.
  if (query.type) where.add(query.user ? "COALESCE(event_type, '') =" : "event_type =", *query.type);
  if (query.from) where.add("at_us >=", sql::value(*query.from));
  if (query.to) where.add("at_us <", sql::value(*query.to));
  if (query.after == 0) return where;
  // Within a span the bounds are the span's, and the sum keeps this one from being taken for another index.
  auto const number = std::string{query.from || query.to ? "sequence + 0" : "sequence"};
  where.add(number + (query.descending ? " <" : " >"), query.after);
  return where;
}

// The order of the log is that of arrival, and an event may tell of any time before. So the spans of the log
// that hold nothing of the time asked for are passed over, and the others are read.
std::string listing_of(EventQuery const& query, Where& where) {
  auto const order = query.descending ? "DESC" : "ASC";
  auto from = std::string{"events"};
  auto by = fmt::format("sequence {}", order);
  if (query.from || query.to) {
    from = "event_spans CROSS JOIN events";  // in this order
    by = fmt::format("span {0}, sequence {0}", order);
    where.text +=
        fmt::format(" AND event_spans.tenant = $1 AND sequence >= span * {0} AND sequence < span * {0} + {0}",
                    span_events);
    if (query.from) where.add("last_us >=", sql::value(*query.from));
    if (query.to) where.add("first_us <", sql::value(*query.to));
    if (query.after > 0) where.add(query.descending ? "span <=" : "span >=", query.after / span_events);
  }
  where.args.push_back(std::int64_t{query.limit});
  return fmt::format("SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT ${}", columns, from, where.text, by,
                     where.args.size());
}

}  // namespace

Result<std::vector<Result<IndexedEvent>>> EventIndex::append(sql::Transaction& tx, TenantId const& tenant,
                                                             std::vector<NewEvent> const& events) {
  TRY(auto current, select_head(tx, tenant, sql::for_update));
  auto appending = Appending{tx, tenant, std::move(current), tx.now()};
  auto outcomes = std::vector<Result<IndexedEvent>>{};
  outcomes.reserve(events.size());
  for (auto const& event : events) {
    auto outcome = appending.one(event);
    // A reused id is this event's own fault; anything else undoes the whole transaction.
    if (!outcome && outcome.error().code() != Code::key_reuse) return std::unexpected{outcome.error()};
    outcomes.push_back(std::move(outcome));
  }
  TRY(auto const number, appending.insert());
  for (auto& outcome : outcomes)
    if (outcome && !outcome->duplicate && !outcome->holds_details) outcome->details.number = number;
  return outcomes;
}

Result<std::vector<IndexedEvent>> EventIndex::list(sql::Transaction& tx, EventQuery const& query) {
  if (!query.descending && query.after > 0) {
    TRY(auto const current, head(tx, query.tenant));
    if (query.after + 1 < current.first_sequence)
      return fail(
          Error{Code::gone, "The cursor is older than the events that are kept; start again."}.with_slug(
              "cursor_expired"));
  }
  auto where = conditions(query);
  auto const text = listing_of(query, where);
  TRY(auto const rows, tx.query(text, std::move(where.args)));
  auto events = std::vector<IndexedEvent>{};
  events.reserve(rows.size());
  for (auto const& row : rows) events.push_back(from_row(query.tenant, row));
  return events;
}

// Straight from the text of the columns, which is what the leaf is made of.
Result<std::vector<std::string>> EventIndex::leaves(sql::Transaction& tx, TenantId const& tenant,
                                                    std::int64_t after, int limit) {
  TRY(auto const rows,
      tx.query(
          "SELECT sequence, event_id, event_type, at_us, received_us, user_hash, details_hash FROM events "
          "WHERE tenant = $1 AND sequence > $2 ORDER BY sequence LIMIT $3",
          {tenant.str(), after, std::int64_t{limit}}));
  auto all = std::vector<std::string>{};
  all.reserve(rows.size());
  for (auto const& row : rows) {
    auto const type = canonical_json(json::string{row.text(2)});
    auto const at = to_rfc3339(row.time(3));
    auto const received_at = to_rfc3339(row.time(4));
    all.push_back(event_leaf(EventFactsText{tenant.str(), row.integer(0), row.text(1), type, at, received_at,
                                            row.text(5), row.text(6)}));
  }
  return all;
}

Result<IndexedEvent> EventIndex::find(sql::Transaction& tx, TenantId const& tenant, EventId const& id) {
  TRY(auto const row, row_by_id(tx, tenant, id));
  if (!row) return fail(Code::not_found, "There is no such event.");
  return from_row(tenant, *row);
}

Result<EventHead> EventIndex::head(sql::Transaction& tx, TenantId const& tenant) {
  return select_head(tx, tenant, {});
}

Result<std::vector<TenantId>> EventIndex::tenants(sql::Transaction& tx) {
  TRY(auto const rows, tx.query("SELECT tenant FROM event_heads ORDER BY tenant"));
  auto names = std::vector<TenantId>{};
  for (auto const& row : rows) names.emplace_back(row.text(0));
  return names;
}

Result<std::int64_t> EventIndex::redact(sql::Transaction& tx, TenantId const& tenant,
                                        std::vector<EventId> const& ids) {
  auto redacted = std::int64_t{0};
  auto elsewhere = std::set<EventId>{};  // whose details are not in the row
  for (auto const& id : ids) {
    TRY(auto const row, row_by_id(tx, tenant, id));
    if (!row || row->is_null(2) || row->text(3) == redaction_type) continue;
    CHECK(
        tx.execute("UPDATE events SET user_id = NULL, user_salt = '', details_salt = NULL, details = NULL, "
                   "request_hash = '' WHERE tenant = $1 AND event_id = $2",
                   {tenant.str(), id.str()}));
    ++redacted;
    if (!from_row(tenant, *row).holds_details) elsewhere.insert(id);
  }
  CHECK(erase_details(tx, tenant, elsewhere));
  return redacted;
}

Result<std::int64_t> EventIndex::retire(sql::Transaction& tx, TenantId const& tenant,
                                        std::int64_t first_kept) {
  TRY(auto current, select_head(tx, tenant, sql::for_update));
  auto const bounded = std::min(first_kept, current.last_sequence + 1);
  if (bounded <= current.first_sequence) return std::int64_t{0};
  TRY(auto const rows,
      tx.query("SELECT event_id, chain, details_salt IS NULL FROM events WHERE tenant = $1 AND sequence < $2 "
               "ORDER BY sequence",
               {tenant.str(), bounded}));
  auto elsewhere = std::set<EventId>{};
  for (auto const& row : rows)
    if (row.integer(2) != 0) elsewhere.emplace(row.text(0));
  CHECK(erase_details(tx, tenant, elsewhere));
  TRY(auto const removed,
      tx.execute("DELETE FROM events WHERE tenant = $1 AND sequence < $2", {tenant.str(), bounded}));
  CHECK(tx.execute("DELETE FROM event_spans WHERE tenant = $1 AND span < $2",
                   {tenant.str(), bounded / span_events}));
  current.first_sequence = bounded;
  current.chain_before = decoded(rows.back().text(1));
  CHECK(store_head(tx, tenant, current));
  return removed;
}

}  // namespace hoist::sql_engine
