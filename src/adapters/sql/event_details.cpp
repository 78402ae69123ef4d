#include "adapters/sql/event_details.hpp"

#include "base/encode.hpp"
#include "base/try.hpp"
#include "sql/insert_rows.hpp"

namespace hoist::sql_engine {
namespace {

constexpr auto into = "INSERT INTO event_details (tenant, event_id, salt, details, redacted)";
auto const conditional = sql::InsertRows{into, 5, "ON CONFLICT (tenant, event_id) DO NOTHING"};
auto const winning = sql::InsertRows{into, 5,
                                     "ON CONFLICT (tenant, event_id) DO UPDATE SET salt = excluded.salt, "
                                     "details = excluded.details, redacted = excluded.redacted"};

}  // namespace

Result<std::unique_ptr<EventDetails>> EventDetails::open(sql::Database& database) {
  auto created = run_to_end<void>([&]() -> Async<> {
    auto work = [](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(
          "CREATE TABLE IF NOT EXISTS event_details (tenant TEXT NOT NULL, event_id TEXT NOT NULL, "
          "salt TEXT NOT NULL, details TEXT NOT NULL, redacted BIGINT NOT NULL, "
          "PRIMARY KEY (tenant, event_id))"));
      return {};
    };
    co_return co_await database.write(Scope::system(), work, deadline_in(std::chrono::seconds{30}));
  });
  if (!created) return std::unexpected{created.error()};
  return std::make_unique<EventDetails>(database);
}

Async<> EventDetails::put(std::vector<OutboxItem> items, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    auto details = std::vector<sql::Args>{};
    auto tombstones = std::vector<sql::Args>{};
    for (auto const& item : items)
      (item.redaction ? tombstones : details)
          .push_back(sql::args(item.tenant.str(), item.event.str(), base64url(item.salt), item.details,
                               std::int64_t{item.redaction}));
    CHECK(conditional(tx, std::move(details)));
    return winning(tx, std::move(tombstones));
  };
  co_return co_await database_.write(Scope::system(), work, deadline);
}

Async<std::map<EventId, EventDetail>> EventDetails::get(TenantId tenant, std::vector<EventId> ids,
                                                        Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<std::map<EventId, EventDetail>> {
    auto found = std::map<EventId, EventDetail>{};
    for (auto const& id : ids) {
      TRY(auto const rows, tx.query("SELECT salt, details, redacted FROM event_details "
                                    "WHERE tenant = $1 AND event_id = $2",
                                    {tenant.str(), id.str()}));
      if (rows.empty()) continue;
      found.emplace(id, EventDetail{unbase64url(rows[0].text(0)).value_or(std::string{}), rows[0].text(1),
                                    rows[0].integer(2) != 0});
    }
    return found;
  };
  co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
}

Async<std::vector<EventId>> EventDetails::ids(TenantId tenant, EventId after, int limit, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<std::vector<EventId>> {
    TRY(auto const rows,
        tx.query("SELECT event_id FROM event_details WHERE tenant = $1 AND event_id > $2 AND redacted = 0 "
                 "ORDER BY event_id LIMIT $3",
                 {tenant.str(), after.str(), std::int64_t{limit}}));
    auto found = std::vector<EventId>{};
    for (auto const& row : rows) found.emplace_back(row.text(0));
    return found;
  };
  co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
}

}  // namespace hoist::sql_engine
