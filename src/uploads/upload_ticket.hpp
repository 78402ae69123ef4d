// A link that lets people without an account upload: into one project, so many files, so many bytes, of
// some types, until some time, or until it is revoked. Whoever has the link may use it; it is shown once and
// stored as a hash.
//
// Form     <tenant>.<id>_<secret>: the tenant is in it so that the look-up runs inside that tenant's scope.
//          The secret is 32 random bytes; so much entropy needs no slow hash.
// Counts   what was granted, whether it arrives or not, in the transaction that grants it.
// Threads  plain functions for engine threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/file_types.hpp"
#include "model/ids.hpp"
#include "model/names.hpp"
#include "sql/database.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

constexpr std::int64_t active_tickets_max = 1'000;  // of one tenant

struct UploadTicket {
  TenantId tenant;
  std::string id;  // 16 hexadecimal digits
  std::string name;
  ProjectId project;
  std::int64_t files_max = 0;
  std::int64_t bytes_max = 0;
  std::vector<std::string> types;  // as FileTypes::allowed; empty: what the tenant takes
  UserId made_by;
  Time created_at;
  Time expires_at;
  std::optional<Time> revoked_at;
  std::int64_t files_used = 0;
  std::int64_t bytes_used = 0;

  // As whom its uploads are recorded, and nobody else's are.
  [[nodiscard]] UserId user() const { return UserId{std::string{ticket_user_prefix} + id}; }
};

struct TicketText {
  TenantId tenant;
  std::string id;
  std::string secret_sha256;  // raw
};

// nullopt: not the text of a ticket, whether one exists or not.
[[nodiscard]] std::optional<TicketText> parse_ticket(std::string_view text);

// The text of the new ticket; it cannot be shown again. `ticket` gets its id.
// Errors: conflict at active_tickets_max.
[[nodiscard]] Result<std::string> insert_ticket(sql::Transaction& tx, UploadTicket& ticket);
[[nodiscard]] Result<std::vector<UploadTicket>> list_tickets(sql::Transaction& tx, TenantId const& tenant);
// true: this call revoked it; false: it was revoked before. Errors: not_found.
[[nodiscard]] Result<bool> revoke_ticket(sql::Transaction& tx, TenantId const& tenant, std::string const& id);
// Errors: not_found, alike for an unknown one, a wrong secret, a revoked one and one that has ended.
[[nodiscard]] Result<UploadTicket> find_ticket(sql::Transaction& tx, TicketText const& text);
// Takes one file of `bytes` off what is left. Errors: those of find_ticket(), and forbidden when it is not
// enough.
[[nodiscard]] Result<void> charge_ticket(sql::Transaction& tx, UploadTicket const& ticket,
                                         std::int64_t bytes);

[[nodiscard]] std::unexpected<Error> no_ticket();

}  // namespace hoist::uploads
