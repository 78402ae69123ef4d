// Idempotency-Key: the first answer to a key is the answer to every repeat of it.
// Promise  the stored answer commits with the effect it describes.
// Errors   key_reuse: the key was used with another request.
#pragma once

#include <optional>
#include <string>

#include "model/call_context.hpp"
#include "sql/database.hpp"

namespace hoist {

struct IdempotentRequest {
  TenantId tenant;
  std::string key;    // empty: the client asked for none, and nothing is stored
  std::string route;  // "POST /uploads"
  std::string body_sha256;
};

[[nodiscard]] inline IdempotentRequest idempotent(CallContext const& call, std::string route) {
  return {call.caller.tenant, call.idempotency_key, std::move(route), call.body_sha256};
}

inline constexpr int http_ok = 200;
inline constexpr int http_created = 201;

// What an answer is made of again: ids and what cannot be looked up, not the answer's text.
struct StoredAnswer {
  int status = 0;
  std::string body;
};

class Idempotency {
 public:
  virtual ~Idempotency() = default;
  virtual Result<std::optional<StoredAnswer>> find(sql::Transaction& tx,
                                                   IdempotentRequest const& request) = 0;
  virtual Result<void> store(sql::Transaction& tx, IdempotentRequest const& request,
                             StoredAnswer const& answer) = 0;
};

}  // namespace hoist
