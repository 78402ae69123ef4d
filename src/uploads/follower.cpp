#include "uploads/follower.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

constexpr auto forget_after = std::chrono::hours{1};  // a late answer of a worker still finds its message

}  // namespace

QueuePolicy processing_policy(std::int64_t attempts_max) {
  auto policy = QueuePolicy{};
  policy.attempts_max = attempts_max;
  policy.forget_group = forget_after;  // an upload is a group of its own, and rarely comes again
  return policy;
}

Result<void> ProcessingFollower::on(sql::Transaction& tx, QueueEvent const& event) {
  auto const dead = event.kind == QueueEvent::Kind::dead;
  if (!dead && event.kind != QueueEvent::Kind::redriven) return {};
  auto upload = find_upload(tx, event.message.tenant, UploadId{event.message.group});
  if (!upload && upload.error().code() == Code::not_found) return {};
  if (!upload) return std::unexpected{upload.error()};
  return dead ? fail_upload(tx, *upload, event.message) : redrive_upload(tx, *upload);
}

// The worker itself has mostly said so already; this is for the one that could not.
Result<void> ProcessingFollower::fail_upload(sql::Transaction& tx, Upload& upload, DeadLetter const& letter) {
  if (upload.state != UploadState::uploaded && upload.state != UploadState::processing) return {};
  auto step = Step{};
  step.to = UploadState::failed;
  step.now = tx.now();
  step.deadline = step.now + options_.failed_retention;
  step.what = "failed";
  step.detail = letter.cause;
  step.error_code = "processing_failed";
  step.error_message = fmt::format("The file could not be processed in {} attempts.", letter.attempts);
  CHECK(advance(tx, options_, upload, std::move(step)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

Result<void> ProcessingFollower::redrive_upload(sql::Transaction& tx, Upload& upload) {
  if (upload.state != UploadState::failed) return {};
  auto step = Step{};
  step.to = UploadState::uploaded;
  step.now = tx.now();
  step.deadline = step.now + options_.reminder_interval();
  step.what = "redriven";
  CHECK(advance(tx, options_, upload, std::move(step)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

}  // namespace hoist::uploads
