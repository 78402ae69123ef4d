#include "adapters/sql/idempotency.hpp"

#include "base/try.hpp"

namespace hoist::sql_engine {

Result<std::optional<StoredAnswer>> SqlIdempotency::find(sql::Transaction& tx,
                                                         IdempotentRequest const& request) {
  if (request.key.empty()) return std::nullopt;
  TRY(auto const rows, tx.query("SELECT route, body_sha256, status, body FROM idempotency_keys "
                                "WHERE tenant = $1 AND idempotency_key = $2 AND created_us > $3",
                                {request.tenant.str(), request.key, to_us(tx.now() - idempotency_kept)}));
  if (rows.empty()) return std::nullopt;
  auto const& row = rows[0];
  if (row.text(0) != request.route || row.text(1) != request.body_sha256)
    return fail(Code::key_reuse, "This Idempotency-Key was used for another request; use a new key.");
  return StoredAnswer{.status = static_cast<int>(row.integer(2)), .body = row.text(3)};
}

Result<void> SqlIdempotency::store(sql::Transaction& tx, IdempotentRequest const& request,
                                   StoredAnswer const& answer) {
  if (request.key.empty()) return {};
  // An answer past its time may still lie there; a live one is never replaced.
  TRY(auto const stored,
      tx.execute(
          "INSERT INTO idempotency_keys (tenant, idempotency_key, route, body_sha256, status, body, "
          "created_us) VALUES ($1, $2, $3, $4, $5, $6, $7) "
          "ON CONFLICT (tenant, idempotency_key) DO UPDATE SET route = $3, body_sha256 = $4, status = $5, "
          "body = $6, created_us = $7 WHERE idempotency_keys.created_us <= $8",
          {request.tenant.str(), request.key, request.route, request.body_sha256, std::int64_t{answer.status},
           answer.body, to_us(tx.now()), to_us(tx.now() - idempotency_kept)}));
  if (stored == 0) return fail(Code::conflict, "A request with the same Idempotency-Key is being answered.");
  return {};
}

Result<std::int64_t> purge_idempotency(sql::Transaction& tx) {
  return tx.execute("DELETE FROM idempotency_keys WHERE created_us <= $1",
                    {to_us(tx.now() - idempotency_kept)});
}

}  // namespace hoist::sql_engine
