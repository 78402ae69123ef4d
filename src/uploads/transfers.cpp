#include "uploads/transfers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/parse.hpp"
#include "uploads/parts.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

std::unexpected<Error> not_pending(Upload const& upload) {
  return fail(Code::conflict,
              fmt::format("The upload is {}; only a PENDING one takes bytes.", to_string(upload.state)));
}

}  // namespace

Async<std::optional<Transfer>> Transfers::begin(Upload& upload, bool with_parts, Deadline deadline) {
  if (upload.state != UploadState::pending) co_return std::optional<Transfer>{};
  if (!upload.multipart()) co_return std::optional{needs_.grants.put(upload, needs_.clock.now())};
  auto numbers = std::vector<int>{};
  if (with_parts) {
    CO_CHECK(co_await ensure_multipart(upload, deadline));
    for (auto number = 1; number <= std::min(upload.part_count(), options_.parts_window); ++number)
      numbers.push_back(number);
  }
  co_return std::optional{needs_.grants.parts(upload, numbers, needs_.clock.now())};
}

Async<MoreParts> Transfers::more(TenantId tenant, UploadId id, json::object body, Deadline deadline) {
  auto find = [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); };
  CO_TRY(auto upload, co_await needs_.database.read(Scope::tenant(tenant), find, deadline));
  CO_TRY(auto asked, parse_parts_asked(body, upload, options_));
  if (upload.state != UploadState::pending) co_return not_pending(upload);
  if (asked.part_size)
    CO_CHECK(co_await cut_anew(upload, std::max(*asked.part_size, options_.store_part_bytes_min), deadline));
  if (upload.state != UploadState::pending) co_return not_pending(upload);
  auto& numbers = asked.numbers;
  auto more = MoreParts{};
  if (!upload.multipart()) {
    more.transfer = needs_.grants.put(upload, needs_.clock.now());
    co_return more;
  }
  CO_CHECK(co_await ensure_multipart(upload, deadline));
  if (numbers.empty()) {
    CO_TRY(auto const stored, co_await stored_parts(needs_.multiparts, options_, upload, deadline));
    numbers = missing_parts(upload, stored);
    for (auto number = 1; number <= upload.part_count(); ++number)
      if (!std::ranges::binary_search(numbers, number)) more.stored.push_back(number);
    if (std::ssize(numbers) > options_.parts_window)
      numbers.resize(static_cast<std::size_t>(options_.parts_window));
  }
  more.transfer = needs_.grants.parts(upload, numbers, needs_.clock.now());
  co_return more;
}

// What was stored of the plan before is of no use to the new one. A PUT of the whole file that is on
// its way still counts, and whichever is there first is the file.
Async<> Transfers::cut_anew(Upload& upload, std::int64_t part_size, Deadline deadline) {
  if (upload.part_size == part_size) co_return Result<void>{};
  auto const before = upload.multipart_id;
  auto const old_part_size = upload.part_size;
  auto planned = upload;
  planned.plan_parts(part_size);
  auto plan = [&](sql::Transaction& tx) -> Result<Upload> {
    CHECK(replan_parts(tx, planned, old_part_size, tx.now()));
    return find_upload(tx, planned.tenant, planned.id);
  };
  CO_TRY(upload, co_await needs_.database.write(Scope::tenant(planned.tenant), plan, deadline));
  if (!before.empty() && upload.multipart_id != before) co_await drop_multipart(upload, before, deadline);
  co_return Result<void>{};
}

Async<> Transfers::ensure_multipart(Upload& upload, Deadline deadline) {
  if (!upload.multipart_id.empty()) co_return Result<void>{};
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  auto put = PutOptions{};
  put.content_type = upload.content_type;
  CO_TRY(auto const id, co_await needs_.multiparts.create_multipart(ref, std::move(put), deadline));
  auto claim = [&](sql::Transaction& tx) -> Result<Upload> {
    CHECK(claim_multipart(tx, upload, id));
    return find_upload(tx, upload.tenant, upload.id);
  };
  auto const claimed = co_await needs_.database.write(Scope::tenant(upload.tenant), claim, deadline);
  // Another request was first, or the upload has ended: this multipart has no use.
  if (!claimed || claimed->multipart_id != id) co_await drop_multipart(upload, id, deadline);
  if (!claimed) co_return std::unexpected{claimed.error()};
  if (claimed->multipart_id.empty()) co_return not_pending(*claimed);
  upload.multipart_id = claimed->multipart_id;
  co_return Result<void>{};
}

asio::awaitable<void> Transfers::drop_multipart(Upload const& upload, std::string multipart_id,
                                                Deadline deadline) {
  auto const ref = ObjectRef{options_.bucket, key_of(upload)};
  if (auto const aborted = co_await needs_.multiparts.abort_multipart(ref, multipart_id, deadline); !aborted)
    log::warn("an unused multipart was left to the store's own expiry",
              {{"upload", upload.id.str()}, {"cause", aborted.error().to_string()}});
}

}  // namespace hoist::uploads
