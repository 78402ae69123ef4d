#include "uploads/upload_ticket.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "model/names.hpp"

namespace hoist::uploads {
namespace {

constexpr std::size_t id_bytes = 8;
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t text_bytes_max = 256;
constexpr auto ended_kept = std::chrono::days{90};  // so that the list still says whose files those were

constexpr std::string_view columns =
    "id, name, project_id, files_max, bytes_max, types_allowed, made_by, created_us, expires_us, revoked_us, "
    "files_used, bytes_used";

Result<UploadTicket> read_ticket(TenantId const& tenant, sql::Row const& row) {
  auto ticket = UploadTicket{};
  ticket.tenant = tenant;
  ticket.id = row.text(0);
  ticket.name = row.text(1);
  ticket.project = ProjectId{row.text(2)};
  ticket.files_max = row.integer(3);
  ticket.bytes_max = row.integer(4);
  TRY(auto const types, parse_json(row.text(5)));
  for (auto const& type : types.as_array()) ticket.types.emplace_back(type.as_string());
  ticket.made_by = UserId{row.text(6)};
  ticket.created_at = row.time(7);
  ticket.expires_at = row.time(8);
  if (!row.is_null(9)) ticket.revoked_at = row.time(9);
  ticket.files_used = row.integer(10);
  ticket.bytes_used = row.integer(11);
  return ticket;
}

std::string types_text(UploadTicket const& ticket) {
  auto list = json::array{};
  for (auto const& type : ticket.types) list.emplace_back(type);
  return json::serialize(list);
}

}  // namespace

std::unexpected<Error> no_ticket() {
  return fail(Error{Code::not_found,
                    "This link is not valid, or not any more. Ask whoever gave it to you for a new one."}
                  .with_slug("ticket_not_found"));
}

std::optional<TicketText> parse_ticket(std::string_view text) {
  auto const dot = text.find('.');
  auto const separator = text.find('_');
  if (text.size() > text_bytes_max || dot == text.npos || separator == text.npos || separator < dot)
    return std::nullopt;
  auto const tenant = text.substr(0, dot);
  auto const id = text.substr(dot + 1, separator - dot - 1);
  auto const secret = unbase64url(text.substr(separator + 1));
  if (!is_tenant_name(tenant) || id.size() != 2 * id_bytes || !unhex(id)) return std::nullopt;
  if (!secret || secret->size() != secret_bytes) return std::nullopt;
  return TicketText{TenantId{std::string{tenant}}, std::string{id}, sha256(*secret)};
}

Result<std::string> insert_ticket(sql::Transaction& tx, UploadTicket& ticket) {
  auto const& tenant = ticket.tenant.str();
  TRY(auto const active, tx.query("SELECT count(*) FROM upload_tickets WHERE tenant = $1 AND revoked_us IS "
                                  "NULL AND expires_us > $2",
                                  {tenant, sql::value(tx.now())}));
  if (active.at(0).integer(0) >= active_tickets_max)
    return fail(Code::conflict, fmt::format("The tenant has {} upload links. Revoke one that is not needed.",
                                            active_tickets_max));
  CHECK(tx.execute("DELETE FROM upload_tickets WHERE tenant = $1 AND expires_us < $2",
                   {tenant, sql::value(tx.now() - ended_kept)}));
  auto const secret = random_bytes(secret_bytes);
  ticket.id = hex(random_bytes(id_bytes));
  ticket.created_at = tx.now();
  CHECK(
      tx.execute("INSERT INTO upload_tickets (tenant, id, name, secret_sha256, project_id, files_max, "
                 "bytes_max, types_allowed, made_by, created_us, expires_us, files_used, bytes_used) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0)",
                 {tenant, ticket.id, ticket.name, hex(sha256(secret)), ticket.project.str(), ticket.files_max,
                  ticket.bytes_max, types_text(ticket), ticket.made_by.str(), sql::value(ticket.created_at),
                  sql::value(ticket.expires_at)}));
  return fmt::format("{}.{}_{}", tenant, ticket.id, base64url(secret));
}

Result<std::vector<UploadTicket>> list_tickets(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto const rows, tx.query(fmt::format("SELECT {} FROM upload_tickets WHERE tenant = $1 "
                                            "ORDER BY CASE WHEN revoked_us IS NULL AND expires_us > $2 "
                                            "THEN 0 ELSE 1 END, created_us DESC, id LIMIT {}",
                                            columns, active_tickets_max),
                                {tenant.str(), sql::value(tx.now())}));
  auto tickets = std::vector<UploadTicket>{};
  for (auto const& row : rows) {
    TRY(auto ticket, read_ticket(tenant, row));
    tickets.push_back(std::move(ticket));
  }
  return tickets;
}

Result<bool> revoke_ticket(sql::Transaction& tx, TenantId const& tenant, std::string const& id) {
  TRY(auto const changed, tx.execute("UPDATE upload_tickets SET revoked_us = $3 "
                                     "WHERE tenant = $1 AND id = $2 AND revoked_us IS NULL",
                                     {tenant.str(), id, sql::value(tx.now())}));
  if (changed == 1) return true;
  TRY(auto const present,
      tx.query("SELECT 1 FROM upload_tickets WHERE tenant = $1 AND id = $2", {tenant.str(), id}));
  if (present.empty()) return fail(Code::not_found, "There is no such upload link.");
  return false;
}

Result<UploadTicket> find_ticket(sql::Transaction& tx, TicketText const& text) {
  TRY(auto const rows, tx.query(fmt::format("SELECT {}, secret_sha256 FROM upload_tickets "
                                            "WHERE tenant = $1 AND id = $2",
                                            columns),
                                {text.tenant.str(), text.id}));
  // An unknown ticket costs the same comparison as a known one.
  auto const stored = rows.empty() ? std::string(32, '\0') : unhex(rows[0].text(12)).value_or("");
  auto const matches = equal_constant_time(stored, text.secret_sha256);
  if (rows.empty() || !matches) return no_ticket();
  TRY(auto ticket, read_ticket(text.tenant, rows[0]));
  if (ticket.revoked_at || ticket.expires_at <= tx.now()) return no_ticket();
  return ticket;
}

Result<void> charge_ticket(sql::Transaction& tx, UploadTicket const& ticket, std::int64_t bytes) {
  TRY(auto const charged,
      tx.execute("UPDATE upload_tickets SET files_used = files_used + 1, bytes_used = bytes_used + $4 "
                 "WHERE tenant = $1 AND id = $2 AND revoked_us IS NULL AND expires_us > $3 "
                 "AND files_used < files_max AND bytes_used + $4 <= bytes_max",
                 {ticket.tenant.str(), ticket.id, sql::value(tx.now()), bytes}));
  if (charged == 1) return {};
  TRY(auto const valid, tx.query("SELECT 1 FROM upload_tickets WHERE tenant = $1 AND id = $2 "
                                 "AND revoked_us IS NULL AND expires_us > $3",
                                 {ticket.tenant.str(), ticket.id, sql::value(tx.now())}));
  if (valid.empty()) return no_ticket();
  return fail(
      Error{Code::forbidden, "This link has no room left for this file. Ask for a new one."}.with_slug(
          "ticket_used_up"));
}

}  // namespace hoist::uploads
