#include "adapters/sql/audit.hpp"

#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::sql {

// The head row is locked until the transaction ends, so numbers are given in commit order and a
// transaction that fails gives its number back.
Result<void> AuditLog::record(Transaction& tx, AuditEntry entry, Time now) {
  auto const& tenant = entry.caller.tenant.str();
  TRY(auto const head, tx.query("INSERT INTO audit_heads (tenant, seq) VALUES ($1, 1) "
                                "ON CONFLICT (tenant) DO UPDATE SET seq = audit_heads.seq + 1 RETURNING seq",
                                {tenant}));
  auto args = Args{tenant,
                   head.at(0).integer(0),
                   value(now),
                   entry.caller.user.str(),
                   std::string{to_string(entry.caller.role)},
                   std::move(entry.caller.credential_id),
                   std::move(entry.caller.address),
                   std::move(entry.action),
                   std::move(entry.subject),
                   std::move(entry.outcome),
                   std::move(entry.request_id),
                   json::serialize(entry.details)};
  CHECK(
      tx.execute("INSERT INTO audit_entries (tenant, seq, at_us, actor, role, credential, address, action, "
                 "subject, outcome, request_id, details) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                 std::move(args)));
  return {};
}

Result<std::vector<AuditRecord>> AuditLog::list(Transaction& tx, TenantId const& tenant,
                                                AuditQuery const& query) {
  auto args = Args{tenant.str(),  query.before,      query.action,    query.actor,
                   query.outcome, value(query.from), value(query.to), std::int64_t{query.limit}};
  TRY(auto const rows,
      tx.query("SELECT seq, at_us, actor, role, credential, address, action, subject, outcome, request_id, "
               "details FROM audit_entries WHERE tenant = $1 AND seq < $2 "
               "AND ($3 = '' OR action = $3) AND ($4 = '' OR actor = $4) AND ($5 = '' OR outcome = $5) "
               "AND at_us >= $6 AND at_us < $7 ORDER BY seq DESC LIMIT $8",
               std::move(args)));
  auto records = std::vector<AuditRecord>{};
  for (auto const& row : rows) {
    TRY(auto const details, parse_json(row.text(10)));
    auto record = AuditRecord{};
    record.seq = row.integer(0);
    record.at = row.time(1);
    record.actor = row.text(2);
    record.role = row.text(3);
    record.credential = row.text(4);
    record.address = row.text(5);
    record.action = row.text(6);
    record.subject = row.text(7);
    record.outcome = row.text(8);
    record.request_id = row.text(9);
    if (details.is_object()) record.details = details.as_object();
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace hoist::sql
