#include "uploads/retry.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/draft.hpp"

namespace hoist::uploads {
namespace {

bool is_under_way(UploadState state) {
  return state == UploadState::uploaded || state == UploadState::processing ||
         state == UploadState::completed;
}

std::unexpected<Error> not_retryable(std::string why) {
  return fail(Error{Code::conflict, std::move(why)}.with_slug("not_retryable"));
}

// The watchdog removes the bytes of a failed file whose deadline has passed, and looks at no other.
Result<void> check_retryable(Upload const& upload, bool stored, Time now) {
  if (upload.state != UploadState::failed)
    return fail(Code::conflict, fmt::format("The upload is {}; only a FAILED one can be tried again.",
                                            to_string(upload.state)));
  if (upload.error_code == "infected")
    return not_retryable("A virus was found in this file, so it stays in quarantine.");
  if (!stored || !upload.deadline || *upload.deadline <= now)
    return not_retryable("The file is no longer kept here. Send it again.");
  return {};
}

}  // namespace

Async<bool> Retry::is_stored(Upload const& upload, Deadline deadline) {
  auto const object = co_await needs_.objects.head(ObjectRef{options_.bucket, key_of(upload)}, deadline);
  if (!object && object.error().code() != Code::not_found) co_return std::unexpected{object.error()};
  co_return object.has_value();
}

Result<Upload> Retry::send_again(sql::Transaction& tx, CallContext const& call, UploadId const& id,
                                 bool stored) {
  auto const& tenant = call.caller.tenant;
  auto const now = tx.now();
  auto const request = idempotent(call, "POST /uploads/" + id.str() + "/retry");
  TRY(auto upload, find_upload(tx, tenant, id));
  TRY(auto const earlier, needs_.idempotency.find(tx, request));
  if (earlier || is_under_way(upload.state)) return upload;
  CHECK(check_retryable(upload, stored, now));
  CHECK(needs_.handover.hand_over(tx, upload, "retried", "by " + call.caller.user.str()));
  TRY(auto const limits, needs_.limits.limits(tx, tenant));
  TRY(auto const total, account(tx, tenant, {}));
  if (!fits(limits, total, upload.size)) return fail(Code::quota_exceeded, over_quota().message);
  CHECK(needs_.idempotency.store(tx, request, {http_ok, id.str()}));
  CHECK(needs_.audit.record(tx, audit_entry(call, "upload.retried", id.str(), {{"size", upload.size}})));
  return upload;
}

Async<Upload> Retry::retry(CallContext call, UploadId id) {
  auto const& tenant = call.caller.tenant;
  CO_TRY(auto const upload,
         co_await needs_.database.read(
             Scope::tenant(tenant), [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); },
             call.deadline));
  auto stored = false;
  if (upload.state == UploadState::failed) {
    CO_TRY(stored, co_await is_stored(upload, call.deadline));
  }
  co_return co_await needs_.database.write(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return send_again(tx, call, id, stored); },
      call.deadline);
}

}  // namespace hoist::uploads
