// Who did what, recorded in the transaction of the change itself.
#pragma once

#include <string>

#include "base/json.hpp"
#include "model/caller.hpp"
#include "ports/database.hpp"

namespace hoist {

struct AuditEntry {
  Caller caller;
  std::string action;   // "upload.created", "token.minted", "dead_letter.redriven"
  std::string subject;  // id of the thing
  std::string outcome = "ok";
  std::string request_id;
  json::object details;
};

class Audit {
 public:
  virtual ~Audit() = default;
  virtual Result<void> record(sql::Transaction& tx, AuditEntry entry, Time now) = 0;
};

}  // namespace hoist
