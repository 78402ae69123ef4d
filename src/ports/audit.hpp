// Who did what, recorded in the transaction of the change itself. Each tenant's trail is an event log
// under a name of its own, so it is chained, signed, exported and verified as every log is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/call_context.hpp"
#include "sql/database.hpp"

namespace hoist {

struct AuditEntry {
  Caller caller;
  std::string action;   // "upload.created", "token.minted", "dead_letter.redriven"
  std::string subject;  // id of the thing
  std::string outcome = "ok";
  std::string request_id;
  json::object details;
};

[[nodiscard]] inline AuditEntry audit_entry(CallContext const& call, std::string action, std::string subject,
                                            json::object details = {}) {
  return {.caller = call.caller,
          .action = std::move(action),
          .subject = std::move(subject),
          .request_id = call.request_id,
          .details = std::move(details)};
}

class Audit {
 public:
  virtual ~Audit() = default;
  // At the transaction's time.
  virtual Result<void> record(sql::Transaction& tx, AuditEntry entry) = 0;
};

// One line of a tenant's trail. `seq` is dense: a gap is a loss.
struct AuditRecord {
  std::int64_t seq = 0;
  Time at;
  std::string actor;
  std::string role;
  std::string credential;
  std::string address;
  std::string action;
  std::string subject;
  std::string outcome;
  std::string request_id;
  json::object details;
};

struct AuditQuery {
  std::int64_t before = INT64_MAX;  // only entries with a smaller seq
  std::string action;               // empty: any
  std::string actor;
  std::string outcome;
  Time from = from_us(0);
  Time to = from_us(INT64_MAX);  // not included
  int limit = 50;
};

class AuditTrail {
 public:
  virtual ~AuditTrail() = default;
  // Newest first.
  virtual Result<std::vector<AuditRecord>> list(sql::Transaction& tx, TenantId const& tenant,
                                                AuditQuery const& query) = 0;
};

}  // namespace hoist
