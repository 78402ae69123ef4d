// Moving bytes: multiparts, fresh URLs, completion.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/listener.hpp"
#include "uploads/service.hpp"

namespace hoist::uploads {
namespace {

constexpr int parts_page = 1000;

std::vector<int> missing_parts(Upload const& upload, std::vector<PartInfo> const& stored) {
  auto seen = std::vector<bool>(static_cast<std::size_t>(upload.part_count()) + 1, false);
  for (auto const& part : stored)
    if (part.number <= upload.part_count() && part.size == upload.size_of_part(part.number))
      seen[static_cast<std::size_t>(part.number)] = true;
  auto missing = std::vector<int>{};
  for (auto number = 1; number <= upload.part_count(); ++number)
    if (!seen[static_cast<std::size_t>(number)]) missing.push_back(number);
  return missing;
}

std::unexpected<Error> not_pending(Upload const& upload) {
  return fail(Code::conflict,
              fmt::format("The upload is {}; only a PENDING one takes bytes.", to_string(upload.state)));
}

}  // namespace

asio::awaitable<void> Service::drop_multipart(Upload const& upload, std::string multipart_id,
                                              Deadline deadline) {
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  if (auto const aborted = co_await ports_.objects.abort_multipart(ref, multipart_id, deadline); !aborted)
    log::warn("an unused multipart was left to the store's own expiry",
              {{"upload", upload.id.str()}, {"cause", aborted.error().to_string()}});
}

// What was stored of the plan before is of no use to the new one. A PUT of the whole file that is on
// its way still counts, and whichever is there first is the file.
Async<> Service::cut_anew(Upload& upload, std::int64_t part_size, Deadline deadline) {
  if (upload.part_size == part_size) co_return Result<void>{};
  auto const before = upload.multipart_id;
  auto planned = upload;
  planned.plan_parts(part_size);
  CO_TRY(upload, co_await ports_.database.write(
                     upload.tenant,
                     [&](sql::Transaction& tx) -> Result<Upload> {
                       CHECK(tx.execute(
                           "UPDATE uploads SET part_size = $3, parts_seen = $4, multipart_id = NULL, "
                           "updated_us = $5 WHERE tenant = $1 AND id = $2 AND state = 'PENDING' "
                           "AND part_size = $6",
                           {planned.tenant.str(), planned.id.str(), part_size, planned.parts_seen,
                            sql::value(ports_.clock.now()), upload.part_size}));
                       return find_upload(tx, planned.tenant, planned.id);
                     },
                     deadline));
  if (!before.empty() && upload.multipart_id != before) co_await drop_multipart(upload, before, deadline);
  co_return Result<void>{};
}

Async<> Service::ensure_multipart(Upload& upload, Deadline deadline) {
  if (!upload.multipart_id.empty()) co_return Result<void>{};
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  auto put = PutOptions{};
  put.content_type = upload.content_type;
  CO_TRY(auto const id, co_await ports_.objects.create_multipart(ref, std::move(put), deadline));
  auto const claimed = co_await ports_.database.write(
      upload.tenant,
      [&](sql::Transaction& tx) -> Result<Upload> {
        CHECK(
            tx.execute("UPDATE uploads SET multipart_id = $3 WHERE tenant = $1 AND id = $2 AND "
                       "state = 'PENDING' AND multipart_id IS NULL",
                       {upload.tenant.str(), upload.id.str(), id}));
        return find_upload(tx, upload.tenant, upload.id);
      },
      deadline);
  // Somebody else was first, or the upload has ended: ours has no use.
  if (!claimed || claimed->multipart_id != id) co_await drop_multipart(upload, id, deadline);
  if (!claimed) co_return std::unexpected{claimed.error()};
  if (claimed->multipart_id.empty()) co_return not_pending(*claimed);
  upload.multipart_id = claimed->multipart_id;
  co_return Result<void>{};
}

Async<std::optional<Transfer>> Service::transfer_of(Upload& upload, bool with_parts, Deadline deadline) {
  if (upload.state != UploadState::pending) co_return std::optional<Transfer>{};
  if (!upload.multipart()) co_return std::optional{grants_.put(upload, ports_.clock.now())};
  auto numbers = std::vector<int>{};
  if (with_parts) {
    CO_CHECK(co_await ensure_multipart(upload, deadline));
    for (auto number = 1; number <= std::min(upload.part_count(), options_.parts_window); ++number)
      numbers.push_back(number);
  }
  co_return std::optional{grants_.parts(upload, numbers, ports_.clock.now())};
}

Async<std::vector<PartInfo>> Service::stored_parts(Upload const& upload, Deadline deadline) {
  auto parts = std::vector<PartInfo>{};
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  while (true) {
    auto const after = parts.empty() ? 0 : parts.back().number;
    CO_TRY(auto page,
           co_await ports_.objects.list_parts(ref, upload.multipart_id, after, parts_page, deadline));
    parts.insert(parts.end(), page.begin(), page.end());
    if (page.size() < parts_page) co_return parts;
  }
}

Async<MoreParts> Service::more(TenantId tenant, UploadId id, json::object body, Deadline deadline) {
  CO_TRY(auto upload, co_await get(tenant, id, deadline));
  CO_TRY(auto asked, parse_parts_asked(body, upload, options_));
  if (upload.state != UploadState::pending) co_return not_pending(upload);
  if (asked.part_size) CO_CHECK(co_await cut_anew(upload, *asked.part_size, deadline));
  if (upload.state != UploadState::pending) co_return not_pending(upload);
  auto& numbers = asked.numbers;
  auto more = MoreParts{};
  if (!upload.multipart()) {
    more.transfer = grants_.put(upload, ports_.clock.now());
    co_return more;
  }
  CO_CHECK(co_await ensure_multipart(upload, deadline));
  if (numbers.empty()) {
    CO_TRY(auto const stored, co_await stored_parts(upload, deadline));
    numbers = missing_parts(upload, stored);
    for (auto number = 1; number <= upload.part_count(); ++number)
      if (!std::ranges::binary_search(numbers, number)) more.stored.push_back(number);
    if (std::ssize(numbers) > options_.parts_window)
      numbers.resize(static_cast<std::size_t>(options_.parts_window));
  }
  more.transfer = grants_.parts(upload, numbers, ports_.clock.now());
  co_return more;
}

// The store's own report may have come before us, or may never come (S3 reports by another way): the
// same function takes both.
Async<> Service::arrived(Upload const& upload, ObjectInfo object, Deadline deadline) {
  co_return co_await ports_.database.write(
      upload.tenant,
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto const current, find_upload(tx, upload.tenant, upload.id));
        if (current.state != UploadState::pending) return {};
        return ports_.events.on_created(tx, object);
      },
      deadline);
}

Async<> Service::assemble(Upload const& upload, Deadline deadline) {
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  auto parts = std::vector<PartInfo>{};
  if (!upload.multipart_id.empty()) {
    CO_TRY(parts, co_await stored_parts(upload, deadline));
  }
  auto missing = missing_parts(upload, parts);
  if (!missing.empty()) {
    constexpr std::size_t shown_max = 20;
    auto const total = missing.size();
    missing.resize(std::min(total, shown_max));
    co_return fail(
        Error{Code::conflict, fmt::format("{} of {} parts are missing: {}{}.", total, upload.part_count(),
                                          fmt::join(missing, ", "), total > shown_max ? ", ..." : "")}
            .with_slug("parts_missing"));
  }
  auto complete = CompleteOptions{};
  complete.parts_of_any_size = true;
  CO_TRY(auto object, co_await ports_.objects.complete_multipart(ref, upload.multipart_id, std::move(parts),
                                                                 deadline, std::move(complete)));
  co_return co_await arrived(upload, std::move(object), deadline);
}

Async<> Service::settle(Upload upload, Deadline deadline) {
  if (upload.multipart()) co_return co_await assemble(upload, deadline);
  auto object = co_await ports_.objects.head({options_.bucket, key_of(upload)}, deadline);
  if (object) co_return co_await arrived(upload, std::move(*object), deadline);
  if (object.error().code() != Code::not_found) co_return std::unexpected{object.error()};
  co_return fail(Error{Code::conflict, "The file's bytes have not arrived yet."}.with_slug("bytes_missing"));
}

Async<Upload> Service::complete(Asked asked, UploadId id) {
  auto const& tenant = asked.caller.tenant;
  auto const request = IdempotentRequest{tenant, asked.idempotency_key,
                                         "POST /uploads/" + id.str() + "/complete", asked.body_sha256};
  CO_CHECK(co_await ports_.database.read(
      tenant,
      [&](sql::Transaction& tx) -> Result<bool> {
        TRY(auto const earlier, ports_.idempotency.find(tx, request));
        return earlier.has_value();
      },
      asked.deadline));
  CO_TRY(auto upload, co_await get(tenant, id, asked.deadline));
  if (upload.state == UploadState::pending) {
    auto const done = co_await settle(upload, asked.deadline);
    auto const failure = done ? std::optional<Error>{} : std::optional{done.error()};
    CO_TRY(upload, co_await get(tenant, id, asked.deadline));
    // Another completion may have won, and then ours has failed for no reason of the caller's.
    if (failure && upload.state == UploadState::pending) co_return fail(*failure);
  }
  auto const good = upload.state == UploadState::uploaded || upload.state == UploadState::processing ||
                    upload.state == UploadState::completed;
  if (!good)
    co_return fail(Code::conflict,
                   fmt::format("The upload is {}, so it cannot be completed.", to_string(upload.state)));
  if (!request.key.empty())
    CO_CHECK(co_await ports_.database.write(
        tenant,
        [&](sql::Transaction& tx) -> Result<void> {
          TRY(auto const earlier, ports_.idempotency.find(tx, request));
          if (earlier) return {};
          return ports_.idempotency.store(tx, request, {200, id.str()}, ports_.clock.now());
        },
        asked.deadline));
  co_return upload;
}

namespace {

asio::awaitable<void> settle_now(Service& service, TenantId tenant, UploadId id) {
  constexpr auto limit = std::chrono::seconds{60};
  auto upload = co_await service.get(tenant, id, deadline_in(limit));
  auto const settled = upload ? co_await service.settle(std::move(*upload), deadline_in(limit))
                              : Result<void>{std::unexpected{upload.error()}};
  // The client may have been faster, which is a conflict; the watchdog sees to the rest.
  if (!settled && settled.error().code() != Code::conflict)
    log::warn("an upload could not be completed at once",
              {{"upload", id.str()}, {"cause", settled.error().to_string()}});
}

}  // namespace

void complete_by_itself(ObjectListener& listener, Service& service, asio::any_io_executor executor) {
  listener.on_parts_complete([&service, executor](TenantId tenant, UploadId id) {
    spawn(executor, [&service, tenant, id] { return settle_now(service, tenant, id); });
  });
}

}  // namespace hoist::uploads
