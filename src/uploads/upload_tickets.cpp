#include "uploads/upload_tickets.hpp"

#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {

Async<UploadTickets::Made> UploadTickets::make(CallContext call, UploadTicket wanted,
                                               std::chrono::seconds life) {
  wanted.tenant = call.caller.tenant;
  wanted.made_by = call.caller.user;
  auto work = [&](sql::Transaction& tx) -> Result<Made> {
    auto made = Made{wanted, {}};
    made.ticket.expires_at = tx.now() + life;
    TRY(made.text, insert_ticket(tx, made.ticket));
    CHECK(needs_.audit.record(tx, audit_entry(call, "upload_ticket.created", made.ticket.id,
                                              {{"name", made.ticket.name},
                                               {"project_id", made.ticket.project.str()},
                                               {"files_max", made.ticket.files_max},
                                               {"bytes_max", made.ticket.bytes_max},
                                               {"expires_at", to_rfc3339(made.ticket.expires_at)}})));
    return made;
  };
  co_return co_await needs_.database.write(Scope::tenant(call.caller.tenant), work, call.deadline);
}

Async<std::vector<UploadTicket>> UploadTickets::list(TenantId tenant, Deadline deadline) {
  co_return co_await needs_.database.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return list_tickets(tx, tenant); }, deadline);
}

Async<> UploadTickets::revoke(CallContext call, std::string id) {
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const changed, revoke_ticket(tx, call.caller.tenant, id));
    if (!changed) return {};
    return needs_.audit.record(tx, audit_entry(call, "upload_ticket.revoked", id));
  };
  co_return co_await needs_.database.write(Scope::tenant(call.caller.tenant), work, call.deadline);
}

Async<UploadTicket> UploadTickets::find(std::string text, Deadline deadline) {
  auto const ticket = parse_ticket(text);
  if (!ticket) co_return no_ticket();
  co_return co_await needs_.database.read(
      Scope::tenant(ticket->tenant), [&](sql::Transaction& tx) { return find_ticket(tx, *ticket); },
      deadline);
}

Async<Created> UploadTickets::create(CallContext call, UploadTicket ticket, NewUpload wanted) {
  auto const& file = wanted.file;
  if (!FileTypes{ticket.types, {}}.take(file.filename, file.content_type))
    co_return fail(Error{Code::invalid, hoist::refusal_of_type(file.filename, file.content_type)}.with_slug(
        type_not_allowed));
  auto& caller = call.caller;
  caller.tenant = ticket.tenant;
  caller.user = ticket.user();
  caller.role = Role::member;
  caller.credential_id = ticket.id;
  // Bearers of different tickets choose their keys without knowing of each other.
  if (!call.idempotency_key.empty()) call.idempotency_key = ticket.user().str() + ":" + call.idempotency_key;
  co_return co_await needs_.creation.create_by_ticket(std::move(call), std::move(wanted), std::move(ticket));
}

Async<Upload> UploadTickets::get(UploadTicket ticket, UploadId id, Deadline deadline) {
  auto own = [&](sql::Transaction& tx) -> Result<Upload> {
    TRY(auto upload, find_upload(tx, ticket.tenant, id));
    // As if it were none: whoever has the ticket is not to learn what else there is.
    if (upload.user != ticket.user()) return fail(Code::not_found, "There is no such upload.");
    return upload;
  };
  co_return co_await needs_.database.read(Scope::tenant(ticket.tenant), own, deadline);
}

Async<Transfer> UploadTickets::renew(UploadTicket ticket, UploadId id, Deadline deadline) {
  CO_TRY(auto const upload, co_await get(ticket, id, deadline));
  CO_TRY(auto more, co_await needs_.transfers.more(upload.tenant, upload.id, {}, deadline));
  co_return std::move(more.transfer);
}

}  // namespace hoist::uploads
