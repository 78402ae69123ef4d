#include "uploads/handover.hpp"

#include "base/json.hpp"
#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

// Makes a worker look at the upload.
Outgoing processing_message(Options const& options, Upload const& upload) {
  auto message = Outgoing{};
  message.queue = options.queue;
  message.tenant = upload.tenant;
  message.group = upload.id.str();
  auto body = json::object{{"tenant", upload.tenant.str()}, {"upload", upload.id.str()}};
  if (!upload.trace_parent.empty()) body["trace_parent"] = upload.trace_parent;
  message.body = json::serialize(body);
  return message;
}

}  // namespace

Result<void> Handover::hand_over(sql::Transaction& tx, Upload& upload, std::string what, std::string detail) {
  auto const now = clock_.now();
  auto step = Step{.to = UploadState::uploaded, .now = now, .what = std::move(what)};
  step.detail = std::move(detail);
  step.deadline = now + options_.reminder_interval();
  CHECK(advance(tx, options_, upload, std::move(step)));
  CHECK(outbox_.send_one(tx, processing_message(options_, upload)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

Result<void> Handover::send_again(sql::Transaction& tx, Upload& upload) {
  auto const now = clock_.now();
  CHECK(requeue(tx, options_, upload, now, now + options_.reminder_interval()));
  CHECK(outbox_.send_one(tx, processing_message(options_, upload)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

}  // namespace hoist::uploads
