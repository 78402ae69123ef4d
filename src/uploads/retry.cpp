#include "uploads/retry.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/create.hpp"
#include "uploads/listener.hpp"

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

Result<Upload> Retry::send_again(sql::Transaction& tx, Asked const& asked, UploadId const& id, bool stored) {
  auto const& tenant = asked.caller.tenant;
  auto const now = needs_.clock.now();
  auto const request = idempotent(asked, "POST /uploads/" + id.str() + "/retry");
  TRY(auto upload, find_upload(tx, tenant, id));
  TRY(auto const earlier, needs_.idempotency.find(tx, request));
  if (earlier || is_under_way(upload.state)) return upload;
  CHECK(check_retryable(upload, stored, now));
  auto step = Step{.to = UploadState::uploaded, .now = now, .what = "retried"};
  step.deadline = now + options_.uploaded_deadline;
  step.detail = "by " + asked.caller.user.str();
  CHECK(advance(tx, options_, upload, std::move(step)));
  TRY(auto const limits, needs_.limits.limits(tx, tenant));
  TRY(auto const total, account(tx, tenant, {}));
  if (!fits(limits, total, upload.size)) return fail(Code::quota_exceeded, over_quota().message);
  CHECK(needs_.outbox.send_one(tx, processing_message(options_, upload)));
  CHECK(needs_.idempotency.store(tx, request, {http_ok, id.str()}, now));
  CHECK(needs_.audit.record(
      tx, {asked.caller, "upload.retried", id.str(), "ok", asked.request_id, {{"size", upload.size}}}, now));
  tx.after_commit([this, tenant] { needs_.broadcast.notify(tenant); });
  return upload;
}

Async<Upload> Retry::retry(Asked asked, UploadId id) {
  auto const& tenant = asked.caller.tenant;
  CO_TRY(auto const upload,
         co_await needs_.database.read(
             tenant, [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); }, asked.deadline));
  auto stored = false;
  if (upload.state == UploadState::failed) {
    CO_TRY(stored, co_await is_stored(upload, asked.deadline));
  }
  co_return co_await needs_.database.write(
      tenant, [&](sql::Transaction& tx) { return send_again(tx, asked, id, stored); }, asked.deadline);
}

}  // namespace hoist::uploads
