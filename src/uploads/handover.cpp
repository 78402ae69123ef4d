#include "uploads/handover.hpp"

#include "base/json.hpp"
#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

Result<std::string> trace_of(sql::Transaction& tx, Upload const& upload) {
  if (upload.batch.empty()) return upload.trace_parent;
  TRY(auto const rows, tx.query("SELECT trace_parent FROM batches WHERE tenant = $1 AND id = $2",
                                {upload.tenant.str(), upload.batch.str()}));
  return rows.empty() ? std::string{} : rows[0].text(0);
}

// Makes a worker look at the upload.
Result<Outgoing> processing_message(sql::Transaction& tx, Options const& options, Upload const& upload) {
  auto message = Outgoing{};
  message.queue = options.queue;
  message.tenant = upload.tenant;
  message.group = upload.id.str();
  auto body = json::object{{"tenant", upload.tenant.str()}, {"upload", upload.id.str()}};
  TRY(auto const trace_parent, trace_of(tx, upload));
  if (!trace_parent.empty()) body["trace_parent"] = trace_parent;
  message.body = json::serialize(body);
  return message;
}

}  // namespace

Result<void> Handover::hand_over(sql::Transaction& tx, Upload& upload, std::string what, std::string detail) {
  auto const now = tx.now();
  auto step = Step{.to = UploadState::uploaded, .now = now, .what = std::move(what)};
  step.detail = std::move(detail);
  step.deadline = now + options_.reminder_interval();
  CHECK(advance(tx, options_, upload, std::move(step)));
  TRY(auto message, processing_message(tx, options_, upload));
  CHECK(outbox_.send_one(tx, std::move(message)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

Result<void> Handover::send_again(sql::Transaction& tx, Upload& upload) {
  auto const now = tx.now();
  CHECK(requeue(tx, options_, upload, now, now + options_.reminder_interval()));
  TRY(auto message, processing_message(tx, options_, upload));
  CHECK(outbox_.send_one(tx, std::move(message)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

}  // namespace hoist::uploads
