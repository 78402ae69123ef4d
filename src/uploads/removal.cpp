#include "uploads/removal.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/grants.hpp"
#include "uploads/rows.hpp"
#include "uploads/sharing.hpp"

namespace hoist::uploads {

Async<Upload> Removal::remove(CallContext call, UploadId id) {
  CO_TRY(
      auto upload,
      co_await needs_.database.write(
          Scope::tenant(call.caller.tenant),
          [&](sql::Transaction& tx) -> Result<Upload> {
            TRY(auto current, find_upload(tx, call.caller.tenant, id));
            if (current.state == UploadState::deleted || current.state == UploadState::cancelled)
              return current;
            auto const cancels = current.state == UploadState::pending;
            auto const size = current.size;  // forgotten with the file
            auto step = Step{};
            step.to = cancels ? UploadState::cancelled : UploadState::deleted;
            step.now = tx.now();
            step.deadline = step.now;
            step.what = cancels ? "cancelled" : "deleted";
            step.detail = "by " + call.caller.user.str();
            if (!cancels) needs_.journal.record_deletion(tx, current);
            CHECK(advance(tx, options_, current, std::move(step)));
            CHECK(needs_.audit.record(tx, audit_entry(call, cancels ? "upload.cancelled" : "upload.deleted",
                                                      id.str(), {{"size", size}})));
            tx.notify(uploads_of(current.tenant));
            return current;
          },
          call.deadline));
  if (upload.state == UploadState::deleted) CO_CHECK(co_await needs_.journal.settle(call.deadline));
  if (upload.deadline)
    if (auto const cleaned = co_await clean_up(upload, call.deadline); !cleaned)
      log::warn("a deleted upload is left to the watchdog",
                {{"upload", id.str()}, {"cause", cleaned.error().to_string()}});
  co_return upload;
}

Async<> Removal::clean_up(Upload upload, Deadline deadline) {
  for (auto const& object : leftovers_of(upload)) CO_CHECK(co_await needs_.objects.remove(object, deadline));
  if (upload.state == UploadState::completed) {
    auto forget = [&](sql::Transaction& tx) { return forget_leftovers(tx, upload); };
    co_return co_await needs_.database.write(Scope::tenant(upload.tenant), forget, deadline);
  }
  auto look = [&](sql::Transaction& tx) { return others_need_bytes(tx, upload); };
  CO_TRY(auto const needed, co_await needs_.database.read(Scope::tenant(upload.tenant), look, deadline));
  if (!needed) CO_CHECK(co_await remove_bytes(upload, deadline));
  auto settle = [&](sql::Transaction& tx) { return forget_bytes(tx, upload); };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), settle, deadline);
}

Async<> Removal::remove_bytes(Upload const& upload, Deadline deadline) {
  auto const key = key_of(upload);
  if (!upload.multipart_id.empty()) {
    auto const aborted =
        co_await needs_.multiparts.abort_multipart({options_.bucket, key}, upload.multipart_id, deadline);
    // A completed one is no longer known as a multipart; its object goes below.
    if (!aborted && aborted.error().code() != Code::not_found) co_return aborted;
  }
  for (auto const& picture : pictures_of(upload))
    CO_CHECK(co_await needs_.objects.remove(picture.object, deadline));
  CO_CHECK(co_await needs_.objects.remove({options_.bucket, key}, deadline));
  if (upload.state == UploadState::deleted)
    CO_CHECK(co_await needs_.objects.remove({options_.quarantine_bucket, key}, deadline));
  co_return Result<void>{};
}

}  // namespace hoist::uploads
