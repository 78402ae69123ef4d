// The end of an upload by its owner, and what it leaves behind.
//
// The state changes first and the bytes go afterwards, with a deadline on the row: whoever dies in
// between leaves work for the watchdog, and never a row that promises bytes which are gone. Bytes that
// other uploads share stay until the last of those has ended.
#include <array>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/service.hpp"
#include "uploads/sharing.hpp"

namespace hoist::uploads {

Async<Upload> Service::remove(Asked asked, UploadId id) {
  auto const now = ports_.clock.now();
  CO_TRY(auto upload,
         co_await ports_.database.write(
             asked.caller.tenant,
             [&](sql::Transaction& tx) -> Result<Upload> {
               TRY(auto current, find_upload(tx, asked.caller.tenant, id));
               if (current.state == UploadState::deleted || current.state == UploadState::cancelled)
                 return current;
               auto const cancels = current.state == UploadState::pending;
               auto const size = current.size;  // forgotten with the file
               auto step = Step{};
               step.to = cancels ? UploadState::cancelled : UploadState::deleted;
               step.now = now;
               step.deadline = now;
               step.what = cancels ? "cancelled" : "deleted";
               step.detail = "by " + asked.caller.user.str();
               CHECK(advance(tx, options_, current, std::move(step)));
               CHECK(ports_.audit.record(tx,
                                         {asked.caller,
                                          cancels ? "upload.cancelled" : "upload.deleted",
                                          id.str(),
                                          "ok",
                                          asked.request_id,
                                          {{"size", size}}},
                                         now));
               tx.after_commit([this, tenant = current.tenant] { ports_.broadcast.notify(tenant); });
               return current;
             },
             asked.deadline));
  if (upload.deadline)
    if (auto const cleaned = co_await clean_up(upload, asked.deadline); !cleaned)
      log::warn("a deleted upload is left to the watchdog",
                {{"upload", id.str()}, {"cause", cleaned.error().to_string()}});
  co_return upload;
}

Async<> Service::clean_up(Upload upload, Deadline deadline) {
  CO_TRY(auto const needed,
         co_await ports_.database.read(
             upload.tenant, [&](sql::Transaction& tx) { return others_need_bytes(tx, upload); }, deadline));
  if (!needed) CO_CHECK(co_await remove_bytes(upload, deadline));
  co_return co_await ports_.database.write(
      upload.tenant,
      [&](sql::Transaction& tx) -> Result<void> {
        CHECK(
            tx.execute("UPDATE uploads SET deadline_us = NULL, thumbnails = NULL WHERE tenant = $1 AND id = "
                       "$2 AND state = $3",
                       {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)}}));
        return {};
      },
      deadline);
}

Async<> Service::remove_bytes(Upload const& upload, Deadline deadline) {
  auto const key = key_of(upload);
  if (!upload.multipart_id.empty()) {
    auto const aborted =
        co_await ports_.objects.abort_multipart({options_.bucket, key}, upload.multipart_id, deadline);
    // A completed one is no longer known as a multipart; its object goes below.
    if (!aborted && aborted.error().code() != Code::not_found) co_return aborted;
  }
  for (auto const& picture : pictures_of(upload))
    CO_CHECK(co_await ports_.objects.remove(picture.object, deadline));
  CO_CHECK(co_await ports_.objects.remove({options_.bucket, key}, deadline));
  if (upload.state == UploadState::deleted)
    CO_CHECK(co_await ports_.objects.remove({options_.quarantine_bucket, key}, deadline));
  co_return Result<void>{};
}

}  // namespace hoist::uploads
