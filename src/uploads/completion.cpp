#include "uploads/completion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/parts.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

constexpr auto settle_limit = std::chrono::seconds{60};
constexpr std::size_t missing_shown_max = 20;
constexpr auto bytes_missing = std::string_view{"bytes_missing"};

Error parts_missing(Upload const& upload, std::vector<int> missing) {
  auto const total = missing.size();
  missing.resize(std::min(total, missing_shown_max));
  return Error{Code::conflict,
               fmt::format("{} of {} parts are missing: {}{}.", total, upload.part_count(),
                           fmt::join(missing, ", "), total > missing_shown_max ? ", ..." : "")}
      .with_slug("parts_missing");
}

bool has_its_bytes(UploadState state) {
  return state == UploadState::uploaded || state == UploadState::processing ||
         state == UploadState::completed;
}

}  // namespace

void Completion::start(asio::any_io_executor executor) {
  tasks_.spawn(executor, [this, executor] { return complete_whole_uploads(executor); });
}

Async<bool> Completion::drain(Deadline deadline) {
  tasks_.close();
  needs_.whole.news().notify();
  co_return co_await tasks_.drain(deadline);
}

asio::awaitable<void> Completion::complete_whole_uploads(asio::any_io_executor executor) {
  while (!tasks_.draining()) {
    auto const ticket = needs_.whole.news().ticket();
    for (auto& whole : needs_.whole.take())
      tasks_.spawn(executor, [this, whole = std::move(whole)] { return settle_whole(whole); });
    if (!co_await needs_.whole.news().wait(ticket, Deadline::max())) co_return;
  }
}

asio::awaitable<void> Completion::settle_whole(WholeUpload whole) {
  auto const deadline = deadline_in(settle_limit);
  auto upload = co_await find(whole.tenant, whole.id, deadline);
  auto const settled =
      upload ? co_await settle(std::move(*upload), deadline) : Result<void>{std::unexpected{upload.error()}};
  // The client may have been faster, which is a conflict; the watchdog sees to the rest.
  if (!settled && settled.error().code() != Code::conflict)
    log::warn("an upload could not be completed at once",
              {{"upload", whole.id.str()}, {"cause", settled.error().to_string()}});
}

Async<Upload> Completion::find(TenantId const& tenant, UploadId const& id, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); };
  co_return co_await needs_.database.read(Scope::tenant(tenant), work, deadline);
}

Async<Upload> Completion::complete(CallContext call, UploadId id) {
  auto const& tenant = call.caller.tenant;
  auto const request = idempotent(call, "POST /uploads/" + id.str() + "/complete");
  // A key that was used for another request is refused before anything happens.
  auto look = [&](sql::Transaction& tx) -> Result<Upload> {
    CHECK(needs_.idempotency.find(tx, request));
    return find_upload(tx, tenant, id);
  };
  CO_TRY(auto upload, co_await needs_.database.read(Scope::tenant(tenant), look, call.deadline));
  if (upload.state == UploadState::pending) {
    auto const settled = co_await settle(upload, call.deadline);
    auto const failure = settled ? std::optional<Error>{} : std::optional{settled.error()};
    CO_TRY(upload, co_await find(tenant, id, call.deadline));
    // Another completion may have won, and then this one has failed for no reason of the caller's.
    if (failure && upload.state == UploadState::pending) co_return fail(*failure);
  }
  if (!has_its_bytes(upload.state))
    co_return fail(Code::conflict,
                   fmt::format("The upload is {}, so it cannot be completed.", to_string(upload.state)));
  if (request.key.empty()) co_return upload;
  auto remember = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const earlier, needs_.idempotency.find(tx, request));
    if (earlier) return {};
    return needs_.idempotency.store(tx, request, {200, id.str()});
  };
  CO_CHECK(co_await needs_.database.write(Scope::tenant(tenant), remember, call.deadline));
  co_return upload;
}

// Bytes in one piece and in parts may both be on their way, when the file was cut anew. Whichever is there
// first is the file; a store that reports has told of it already.
Async<> Completion::settle(Upload upload, Deadline deadline) {
  if (!upload.multipart() || !options_.store_reports) {
    auto const reported = co_await report_stored(upload, deadline);
    auto const missing = !reported && reported.error().slug() == bytes_missing;
    if (!missing || !upload.multipart()) co_return reported;
  }
  auto const assembled = co_await assemble(upload, deadline);
  auto const overtaken = !assembled && (assembled.error().code() == Code::precondition ||
                                        assembled.error().code() == Code::not_found);
  if (overtaken) co_return co_await report_stored(upload, deadline);
  co_return assembled;
}

Async<> Completion::report_stored(Upload const& upload, Deadline deadline) {
  auto object = co_await needs_.objects.head({options_.bucket, key_of(upload)}, deadline);
  if (object) co_return co_await report(upload, std::move(*object), deadline);
  if (object.error().code() != Code::not_found) co_return std::unexpected{object.error()};
  co_return fail(Error{Code::conflict, "The file's bytes have not arrived yet."}.with_slug(bytes_missing));
}

Async<> Completion::assemble(Upload const& upload, Deadline deadline) {
  auto parts = std::vector<PartInfo>{};
  if (!upload.multipart_id.empty()) {
    CO_TRY(parts, co_await stored_parts(needs_.multiparts, options_, upload, deadline));
  }
  if (auto missing = missing_parts(upload, parts); !missing.empty())
    co_return fail(parts_missing(upload, std::move(missing)));
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  CO_TRY(auto object,
         co_await needs_.multiparts.assemble(ref, upload.multipart_id, std::move(parts), deadline));
  co_return co_await report(upload, std::move(object), deadline);
}

// The store has mostly reported the object itself, in the transaction that made it. One that reports by
// another way, as S3, may be late: then this is the report.
Async<> Completion::report(Upload const& upload, ObjectInfo object, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const current, find_upload(tx, upload.tenant, upload.id));
    if (current.state != UploadState::pending) return {};
    return needs_.arrivals.on_created(tx, object);
  };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), work, deadline);
}

}  // namespace hoist::uploads
