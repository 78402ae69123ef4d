#include "adapters/sql/audit.hpp"

#include <fmt/format.h>

#include "base/id.hpp"
#include "base/json_members.hpp"
#include "base/try.hpp"
#include "model/audit_log.hpp"

namespace hoist::sql_engine {
namespace {

std::string quoted(std::string const& text) {
  return canonical_json(json::string{text});
}

// The canonical form written directly, members in order of their names.
std::string details_of(AuditEntry const& entry) {
  return fmt::format(
      R"({{"address":{},"credential":{},"details":{},"outcome":{},"requestId":{},"role":"{}","subject":{}}})",
      quoted(entry.caller.address), quoted(entry.caller.credential_id), canonical_json(entry.details),
      quoted(entry.outcome), quoted(entry.request_id), to_string(entry.caller.role), quoted(entry.subject));
}

AuditRecord from_row(sql::Row const& row) {
  auto record = AuditRecord{};
  record.seq = row.integer(0);
  record.at = row.time(1);
  record.actor = row.text(2);
  record.action = row.text(3);
  // Erased entries keep their place, their time and what was done.
  auto const parsed = parse_json(row.text(4));
  auto const* details = parsed ? parsed->if_object() : nullptr;
  if (details == nullptr) return record;
  record.role = text_of(*details, "role");
  record.credential = text_of(*details, "credential");
  record.address = text_of(*details, "address");
  record.subject = text_of(*details, "subject");
  record.outcome = text_of(*details, "outcome");
  record.request_id = text_of(*details, "requestId");
  if (auto const* more = details->if_contains("details"); more != nullptr && more->is_object())
    record.details = more->get_object();
  return record;
}

}  // namespace

Result<void> AuditLog::record(sql::Transaction& tx, AuditEntry entry) {
  auto const now = tx.now();
  auto event = NewEvent{};
  event.id = EventId{new_uuid7(now)};
  event.details = details_of(entry);
  event.user = std::move(entry.caller.user);
  event.type = std::move(entry.action);
  event.at = now;
  event.keep_details = true;
  auto events = std::vector<NewEvent>{};
  events.push_back(std::move(event));
  CHECK(index_.append(tx, audit_log_of(entry.caller.tenant), events));
  return {};
}

Result<std::vector<AuditRecord>> AuditLog::list(sql::Transaction& tx, TenantId const& tenant,
                                                AuditQuery const& query) {
  // Only the member of the entry itself is followed by requestId, and strings cannot hold a bare quote.
  auto const outcome = query.outcome.empty()
                           ? std::string{}
                           : fmt::format(R"("outcome":{},"requestId":)", quoted(query.outcome));
  auto args = sql::Args{audit_log_of(tenant).str(),
                        query.before,
                        query.action,
                        query.actor,
                        outcome,
                        sql::value(query.from),
                        sql::value(query.to),
                        std::int64_t{query.limit}};
  TRY(auto const rows,
      tx.query("SELECT sequence, at_us, user_id, event_type, details FROM events "
               "WHERE tenant = $1 AND sequence < $2 AND ($3 = '' OR event_type = $3) "
               "AND ($4 = '' OR user_id = $4) AND ($5 = '' OR REPLACE(details, $5, '') <> details) "
               "AND at_us >= $6 AND at_us < $7 ORDER BY sequence DESC LIMIT $8",
               std::move(args)));
  auto records = std::vector<AuditRecord>{};
  records.reserve(rows.size());
  for (auto const& row : rows) records.push_back(from_row(row));
  return records;
}

}  // namespace hoist::sql_engine
