#include "uploads/creation.hpp"

#include "base/try.hpp"
#include "uploads/room.hpp"
#include "uploads/sharing.hpp"
#include "uploads/types.hpp"

namespace hoist::uploads {

Creation::Creation(Needs needs, Options const& options)
    : needs_{needs},
      options_{options},
      created_{needs_.metrics.counter("hoist_uploads_created_total", "Uploads granted")} {}

// What is to be created, and who pays for it.
struct Creation::Order {
  CallContext const& call;
  Upload const& draft;
  UploadTicket const* ticket = nullptr;  // null: the caller is a user of the tenant
};

Async<Created> Creation::create(CallContext call, NewUpload wanted, std::optional<bool> in_parts) {
  auto const& file = wanted.file;
  auto const parts = goes_in_parts(options_, file, in_parts);
  if (parts && file.checksum && file.checksum->algorithm != "sha256")
    co_return invalid_field("checksum.algorithm", "must be sha256 for an upload in parts");
  auto of = DraftOf{call, wanted.project, {}, parts, needs_.clock.now()};
  auto const draft = draft_upload(options_, std::move(of), file);
  auto const order = Order{call, draft};
  co_return co_await create(order);
}

Async<Created> Creation::create_by_ticket(CallContext call, NewUpload wanted, UploadTicket ticket) {
  auto of = DraftOf{call, wanted.project, {}, false, needs_.clock.now()};
  auto const draft = draft_upload(options_, std::move(of), wanted.file);
  auto const order = Order{call, draft, &ticket};
  co_return co_await create(order);
}

Async<Created> Creation::create(Order const& order) {
  auto const& call = order.call;
  CO_CHECK(check_room(options_, order.draft.size));
  auto work = [&](sql::Transaction& tx) { return insert(tx, order); };
  CO_TRY(auto created,
         co_await needs_.database.write(Scope::tenant(call.caller.tenant), work, call.deadline));
  if (!created.have) created_.add();
  if (!created.upload.object_key.empty()) CO_CHECK(co_await needs_.journal.settle(call.deadline));
  CO_TRY(created.transfer, co_await needs_.transfers.begin(created.upload, true, call.deadline));
  co_return created;
}

Result<Created> Creation::insert(sql::Transaction& tx, Order const& order) {
  auto const& draft = order.draft;
  auto const request = idempotent(order.call, "POST /uploads");
  TRY(auto const earlier, needs_.idempotency.find(tx, request));
  if (earlier) {
    TRY(auto upload, find_upload(tx, draft.tenant, UploadId{earlier->body}));
    return Created{.upload = std::move(upload), .transfer = {}, .have = earlier->status == http_ok};
  }
  auto upload = draft;
  if (order.ticket != nullptr) {
    CHECK(charge_ticket(tx, *order.ticket, draft.size));
  } else {
    TRY(auto stored, find_stored(tx, draft));
    if (stored.same) {
      CHECK(needs_.idempotency.store(tx, request, {http_ok, stored.same->id.str()}));
      return Created{.upload = std::move(*stored.same), .transfer = {}, .have = true};
    }
    if (stored.source) upload = over_bytes_of(draft, *stored.source);
  }
  CHECK(insert_granted(tx, order.call, upload));
  CHECK(needs_.idempotency.store(tx, request, {http_created, upload.id.str()}));
  return Created{.upload = std::move(upload), .transfer = {}, .have = false};
}

Result<void> Creation::insert_granted(sql::Transaction& tx, CallContext const& call, Upload const& upload) {
  TRY(auto const limits, needs_.limits.limits(tx, upload.tenant));
  if (auto refusal = wrong_type(limits, upload))
    return fail(Error{Code::invalid, std::move(refusal->message)}.with_slug(type_not_allowed));
  auto const bytes = new_bytes(upload);
  TRY(auto const total, account(tx, upload.tenant, {bytes, 1, 1}));
  if (!fits(limits, total, bytes)) {
    auto refusal = over_quota();
    return fail(Code::quota_exceeded, std::move(refusal.message));
  }
  auto const* const only = &upload;
  CHECK(insert_uploads(tx, {&only, 1}));
  if (!upload.object_key.empty()) {
    CHECK(record_sharing(tx, upload));
    needs_.journal.record_sharing(tx, upload);
  }
  CHECK(insert_change(tx, upload.tenant, total.change_seq, upload.created_at, upload.project, upload.batch,
                      &upload));
  CHECK(
      needs_.audit.record(tx, audit_entry(call, "upload.created", upload.id.str(), {{"size", upload.size}})));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

}  // namespace hoist::uploads
