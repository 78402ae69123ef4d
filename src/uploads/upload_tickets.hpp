// Upload tickets: made, listed and revoked by an admin, and what their bearers may do.
//
// Promise  a ticket reaches its own files and nothing else of the tenant. A revoked one is dead at once, in
//          every process: each use looks it up.
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
// Errors   of a bearer: not_found for a ticket that is not valid and for a file that is not its own.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "uploads/creation.hpp"
#include "uploads/upload_ticket.hpp"

namespace hoist::uploads {

class UploadTickets {
 public:
  struct Needs {
    sql::Database& database;
    Audit& audit;
    Creation& creation;
    Transfers& transfers;
  };
  struct Made {
    UploadTicket ticket;
    std::string text;  // cannot be shown again
  };
  // Of `wanted`, what the caller chose; the rest is filled in.
  Async<Made> make(CallContext call, UploadTicket wanted, std::chrono::seconds life);
  Async<std::vector<UploadTicket>> list(TenantId tenant, Deadline deadline);
  Async<> revoke(CallContext call, std::string id);

  // The rest is a bearer's: `text` is the ticket, and `call` names no caller yet.
  Async<UploadTicket> find(std::string text, Deadline deadline);
  Async<Created> create(CallContext call, UploadTicket ticket, NewUpload wanted);
  Async<Upload> get(UploadTicket ticket, UploadId id, Deadline deadline);
  // A fresh URL for a file of its own that has not arrived; it costs nothing.
  Async<Transfer> renew(UploadTicket ticket, UploadId id, Deadline deadline);

  explicit UploadTickets(Needs needs) : needs_{needs} {}

 private:
  Needs needs_;
};

}  // namespace hoist::uploads
