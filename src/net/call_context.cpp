#include "net/call_context.hpp"

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "net/idempotency_key.hpp"

namespace hoist::net {

Result<CallContext> call_context(Request const& request, std::string_view variant) {
  auto call = CallContext{};
  call.caller = request.caller;
  call.request_id = request.request_id;
  call.trace_parent = request.trace_parent;
  call.deadline = request.deadline;
  TRY(call.idempotency_key, idempotency_key(request));
  if (!call.idempotency_key.empty()) call.body_sha256 = hex(sha256(request.body + std::string{variant}));
  return call;
}

}  // namespace hoist::net
