#include "uploads/downloads.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {

Async<std::string> Downloads::content_url(CallContext call, UploadId id) {
  auto find = [&](sql::Transaction& tx) -> Result<Upload> {
    TRY(auto upload, find_upload(tx, call.caller.tenant, id));
    auto const unscanned = upload.state == UploadState::uploaded || upload.state == UploadState::processing;
    if (upload.state != UploadState::completed && !(unscanned && options_.allow_unscanned))
      return fail(Error{
          Code::conflict,
          fmt::format("The upload is {}; only COMPLETED files can be downloaded.", to_string(upload.state))}
                      .with_slug("not_completed"));
    return upload;
  };
  CO_TRY(auto const upload,
         co_await needs_.database.read(Scope::tenant(call.caller.tenant), find, call.deadline));
  auto record = [&](sql::Transaction& tx) -> Result<void> {
    return needs_.audit.record(tx, audit_entry(call, "upload.downloaded", id.str(), {{"size", upload.size}}));
  };
  // A full disk stops writing, not reading; then the log's line stands in for the trail's.
  auto const recorded =
      co_await needs_.database.write(Scope::tenant(call.caller.tenant), record, call.deadline);
  if (!recorded && recorded.error().code() != Code::storage_full) co_return std::unexpected{recorded.error()};
  if (!recorded)
    log::warn("a download is not in the audit trail: the disk is full", {{"tenant", call.caller.tenant.str()},
                                                                         {"upload", id.str()},
                                                                         {"user", call.caller.user.str()},
                                                                         {"request_id", call.request_id}});
  co_return needs_.grants.download(upload, needs_.clock.now());
}

Async<std::string> Downloads::thumbnail_url(TenantId tenant, UploadId id, int size, Deadline deadline) {
  auto find = [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); };
  CO_TRY(auto const upload, co_await needs_.database.read(Scope::tenant(tenant), find, deadline));
  if (upload.state != UploadState::completed)
    co_return fail(
        Error{Code::conflict,
              fmt::format("The upload is {}; only COMPLETED files have thumbnails.", to_string(upload.state))}
            .with_slug("not_completed"));
  for (auto const& picture : pictures_of(upload))
    if (picture.size == size) co_return needs_.grants.picture(picture, needs_.clock.now());
  co_return fail(Code::not_found, "There is no thumbnail of this size.");
}

}  // namespace hoist::uploads
