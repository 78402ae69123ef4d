#include "uploads/store_news.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

// It is over, and there should be no bytes under its key.
bool has_left(Upload const& upload) {
  switch (upload.state) {
    case UploadState::expired:
    case UploadState::cancelled:
    case UploadState::deleted: return true;
    case UploadState::failed: return upload.error_code == "infected";
    default: return false;
  }
}

}  // namespace

Async<> StoreNews::on_news(ObjectRef ref, Deadline deadline) {
  auto const key = key_parts(options_, ref);
  if (!key) co_return Result<void>{};
  auto const scope = Scope::tenant(key->tenant);
  auto find = [&](sql::Transaction& tx) { return find_upload(tx, key->tenant, key->id); };
  auto upload = co_await needs_.database.read(scope, find, deadline);
  auto const unknown = upload ? upload->project != key->project : upload.error().code() == Code::not_found;
  if (unknown) {
    log::warn("an object that nobody was granted is in the bucket", {{"key", ref.key}});
    co_return Result<void>{};
  }
  if (!upload) co_return std::unexpected{upload.error()};
  if (upload->state == UploadState::pending) co_return co_await take_bytes(std::move(*upload), deadline);
  auto const object = co_await needs_.objects.head(ref, deadline);
  if (object) {
    if (has_left(*upload)) co_return co_await clean_up_later(*upload, deadline);
    co_return Result<void>{};
  }
  if (object.error().code() != Code::not_found) co_return std::unexpected{object.error()};
  auto remove = [&](sql::Transaction& tx) { return needs_.arrivals.on_removed(tx, ref); };
  co_return co_await needs_.database.write(scope, remove, deadline);
}

// A conflict means that the bytes are not there, or no longer waited for.
Async<> StoreNews::take_bytes(Upload upload, Deadline deadline) {
  auto const settled = co_await needs_.completion.settle(upload, deadline);
  if (settled || settled.error().code() == Code::conflict) co_return Result<void>{};
  if (settled.error().retryable()) co_return settled;
  log::warn("bytes in the bucket are not those that were granted",
            {{"upload", upload.id.str()}, {"cause", settled.error().to_string()}});
  co_return Result<void>{};
}

Async<> StoreNews::clean_up_later(Upload const& upload, Deadline deadline) {
  auto move = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(put_off(tx, upload, tx.now()));
    return {};
  };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), move, deadline);
}

}  // namespace hoist::uploads
