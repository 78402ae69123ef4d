// Looking: one upload, lists, batches, downloads.
#include <fmt/format.h>

#include "base/cursor.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/service.hpp"

namespace hoist::uploads {

Async<Upload> Service::get(TenantId tenant, UploadId id, Deadline deadline) {
  co_return co_await ports_.database.read(
      tenant, [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); }, deadline);
}

Async<std::pair<Batch, std::vector<StateCount>>> Service::get_batch(TenantId tenant, BatchId id,
                                                                    Deadline deadline) {
  using Answer = std::pair<Batch, std::vector<StateCount>>;
  co_return co_await ports_.database.read(
      tenant,
      [&](sql::Transaction& tx) -> Result<Answer> {
        TRY(auto batch, find_batch(tx, tenant, id));
        TRY(auto counts, count_batch(tx, tenant, id));
        return Answer{std::move(batch), std::move(counts)};
      },
      deadline);
}

Async<std::vector<ProjectCount>> Service::projects(TenantId tenant, ProjectId only, Deadline deadline) {
  co_return co_await ports_.database.read(
      tenant, [&](sql::Transaction& tx) { return count_projects(tx, tenant, only); }, deadline);
}

Async<Page> Service::list(TenantId tenant, ListFilter filter, std::string cursor, int limit,
                          Deadline deadline) {
  auto const scope = fmt::format("{}\n{}\n{}\n{}\n{}", tenant.str(), filter.project, filter.batch,
                                 filter.state ? to_string(*filter.state) : std::string_view{}, filter.search);
  auto before = std::string{};
  if (!cursor.empty()) {
    CO_TRY(before, read_cursor(options_.cursor_key, scope, cursor));
  }
  CO_TRY(auto found,
         co_await ports_.database.read(
             tenant, [&](sql::Transaction& tx) { return list_uploads(tx, tenant, filter, before, limit); },
             deadline));
  auto page = Page{std::move(found.uploads), {}};
  if (!found.next.empty()) page.next_cursor = make_cursor(options_.cursor_key, scope, found.next);
  co_return page;
}

Async<std::string> Service::content_url(Asked asked, UploadId id) {
  auto find = [&](sql::Transaction& tx) -> Result<Upload> {
    TRY(auto upload, find_upload(tx, asked.caller.tenant, id));
    auto const unscanned = upload.state == UploadState::uploaded || upload.state == UploadState::processing;
    if (upload.state != UploadState::completed && !(unscanned && options_.allow_unscanned))
      return fail(Error{
          Code::conflict,
          fmt::format("The upload is {}; only COMPLETED files can be downloaded.", to_string(upload.state))}
                      .with_slug("not_completed"));
    return upload;
  };
  CO_TRY(auto const upload, co_await ports_.database.read(asked.caller.tenant, find, asked.deadline));
  auto record = [&, now = ports_.clock.now()](sql::Transaction& tx) -> Result<void> {
    return ports_.audit.record(
        tx, {asked.caller, "upload.downloaded", id.str(), "ok", asked.request_id, {{"size", upload.size}}},
        now);
  };
  // A full disk stops writing, not reading; then the log's line stands in for the trail's.
  auto const recorded = co_await ports_.database.write(asked.caller.tenant, record, asked.deadline);
  if (!recorded && recorded.error().code() != Code::storage_full) co_return std::unexpected{recorded.error()};
  if (!recorded)
    log::warn("a download is not in the audit trail: the disk is full",
              {{"tenant", asked.caller.tenant.str()},
               {"upload", id.str()},
               {"user", asked.caller.user.str()},
               {"request_id", asked.request_id}});
  co_return grants_.download(upload, ports_.clock.now());
}

Async<std::string> Service::thumbnail_url(TenantId tenant, UploadId id, int size, Deadline deadline) {
  CO_TRY(auto const upload, co_await get(tenant, id, deadline));
  if (upload.state != UploadState::completed)
    co_return fail(
        Error{Code::conflict,
              fmt::format("The upload is {}; only COMPLETED files have thumbnails.", to_string(upload.state))}
            .with_slug("not_completed"));
  for (auto const& picture : pictures_of(upload))
    if (picture.size == size) co_return grants_.picture(picture, ports_.clock.now());
  co_return fail(Code::not_found, "There is no thumbnail of this size.");
}

}  // namespace hoist::uploads
