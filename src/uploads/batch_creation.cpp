#include "uploads/batch_creation.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/room.hpp"
#include "uploads/sharing.hpp"

namespace hoist::uploads {
namespace {

json::object to_json(Refusal const& refusal) {
  auto fields = json::array{};
  for (auto const& field : refusal.fields)
    fields.push_back(json::object{{"field", field.field}, {"reason", field.reason}});
  return {{"code", refusal.code}, {"message", refusal.message}, {"fields", std::move(fields)}};
}

std::string text_of(json::value const& value) {
  return std::string{value.as_string().data(), value.as_string().size()};
}

Refusal to_refusal(json::object const& object) {
  auto refusal = Refusal{text_of(object.at("code")), text_of(object.at("message")), {}};
  for (auto const& field : object.at("fields").as_array())
    refusal.fields.push_back({text_of(field.at("field")), text_of(field.at("reason"))});
  return refusal;
}

// What a repeat needs to give the same answer with fresh URLs.
std::string remember(CreatedBatch const& draft, std::map<std::size_t, BatchItem> const& decided) {
  auto items = json::array{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const found = decided.find(i);
    auto const& item = found == decided.end() ? draft.items[i] : found->second;
    if (auto const* upload = std::get_if<Upload>(&item.what))
      items.push_back(json::object{{item.have ? "have" : "upload", upload->id.str()}});
    else
      items.push_back(json::object{{"refused", to_json(std::get<Refusal>(item.what))}});
  }
  return json::serialize(json::object{{"batch", draft.batch.id.str()}, {"items", std::move(items)}});
}

// The second of two files with the same name, path and declared bytes is refused: one upload is enough.
void refuse_duplicates(CreatedBatch& batch) {
  auto seen = std::map<std::pair<std::string_view, std::string_view>, std::size_t>{};
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    auto* upload = std::get_if<Upload>(&batch.items[i].what);
    if (upload == nullptr || !upload->checksum || upload->checksum->algorithm != "sha256") continue;
    auto const& name = upload->path.empty() ? upload->filename : upload->path;  // a path ends in the name
    auto const [first, fresh] = seen.try_emplace({name, upload->checksum->hex}, i);
    if (fresh) continue;
    auto message = fmt::format("{} (files[{}] of this batch) is the same file.", name, first->second);
    batch.items[i].what = Refusal{"duplicate", std::move(message), {}};
  }
}

}  // namespace

// What the transaction decides about a draft. The draft stays as it is, because the transaction may
// have to run again.
struct BatchCreation::Outcome {
  std::optional<CreatedBatch> repeated;  // instead of all else
  Batch batch;
  std::vector<StateCount> counts;            // of the uploads it creates
  std::map<std::size_t, BatchItem> decided;  // items that are not simply granted
};

namespace {

using Decided = std::map<std::size_t, BatchItem>;

BatchItem const& item_at(CreatedBatch const& draft, Decided const& decided, std::size_t index) {
  auto const found = decided.find(index);
  return found == decided.end() ? draft.items[index] : found->second;
}

// The upload that the item creates, unless it was refused or is an older one.
Upload const* new_upload(BatchItem const& item) {
  return item.older ? nullptr : std::get_if<Upload>(&item.what);
}

Result<Decided> find_stored(sql::Transaction& tx, CreatedBatch const& draft) {
  auto decided = Decided{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const* upload = std::get_if<Upload>(&draft.items[i].what);
    if (upload == nullptr) continue;
    TRY(auto stored, find_stored(tx, *upload));
    if (stored.same)
      decided.emplace(i, BatchItem{.what = std::move(*stored.same), .have = true, .older = true});
    else if (stored.source)
      decided.emplace(i, BatchItem{.what = over_bytes_of(*upload, *stored.source), .have = true});
  }
  return decided;
}

// What the upload adds to the account; one that is COMPLETED at once is a change of its own.
Account cost_of(Upload const& upload) {
  return {new_bytes(upload), 1, upload.state == UploadState::completed ? 1 : 0};
}

// Reserves for all new uploads, and gives back what does not fit. Answers the batch's change number;
// those of uploads that are COMPLETED at once follow it.
Result<std::int64_t> reserve(sql::Transaction& tx, TenantLimits const& limits, CreatedBatch const& draft,
                             Decided& decided) {
  auto add = Account{.change_seq = 1};
  for (std::size_t i = 0; i < draft.items.size(); ++i)
    if (auto const* upload = new_upload(item_at(draft, decided, i))) add += cost_of(*upload);
  TRY(auto const total, account(tx, draft.batch.tenant, add));
  auto const change = total.change_seq - add.change_seq + 1;
  if (fits(limits, total, add.bytes)) return change;
  auto used = total - add;
  auto back = Account{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const* upload = new_upload(item_at(draft, decided, i));
    if (upload == nullptr) continue;
    auto const cost = cost_of(*upload);
    if (fits(limits, used + cost, cost.bytes)) {
      used += cost;
    } else {
      back = back - cost;
      decided.insert_or_assign(i, BatchItem{.what = over_quota()});
    }
  }
  CHECK(account(tx, draft.batch.tenant, back));
  return change;
}

void refuse_types(TenantLimits const& limits, CreatedBatch const& draft, Decided& decided) {
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const* upload = new_upload(item_at(draft, decided, i));
    if (upload == nullptr) continue;
    if (auto refusal = wrong_type(limits, *upload))
      decided.insert_or_assign(i, BatchItem{.what = std::move(*refusal)});
  }
}

Result<void> insert_items(sql::Transaction& tx, SharingJournal& journal, Batch const& batch,
                          std::vector<Upload const*> const& uploads, std::int64_t change) {
  auto const now = batch.created_at;
  CHECK(insert_uploads(tx, uploads));
  CHECK(insert_batch(tx, batch));
  CHECK(insert_change(tx, batch.tenant, change, now, batch.project, batch.id, nullptr));
  for (auto const* upload : uploads) {
    if (upload->state != UploadState::completed) continue;
    CHECK(record_sharing(tx, *upload));
    journal.record_sharing(tx, *upload);
    CHECK(insert_change(tx, batch.tenant, ++change, now, batch.project, batch.id, upload));
  }
  return {};
}

}  // namespace

BatchCreation::BatchCreation(Needs needs, Options const& options)
    : needs_{needs},
      options_{options},
      created_{needs_.metrics.counter("hoist_uploads_created_total", "Uploads granted")},
      refused_{needs_.metrics.counter("hoist_uploads_refused_total", "Files of batches refused")} {}

Result<BatchCreation::Outcome> BatchCreation::insert(sql::Transaction& tx, CallContext const& call,
                                                     CreatedBatch const& draft) {
  auto const request = idempotent(call, "POST /batches");
  auto const& tenant = draft.batch.tenant;
  auto const now = draft.batch.created_at;
  auto outcome = Outcome{.batch = draft.batch};
  TRY(auto const earlier, needs_.idempotency.find(tx, request));
  if (earlier) {
    TRY(outcome.repeated, repeat(tx, tenant, earlier->body));
    return outcome;
  }
  TRY(outcome.decided, find_stored(tx, draft));
  TRY(auto const limits, needs_.limits.limits(tx, tenant));
  refuse_types(limits, draft, outcome.decided);
  TRY(auto const change, reserve(tx, limits, draft, outcome.decided));
  auto& batch = outcome.batch;
  auto created = std::vector<Upload const*>{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const& item = item_at(draft, outcome.decided, i);
    if (item.have) ++batch.have;
    if (std::holds_alternative<Refusal>(item.what)) ++batch.refused;
    auto const* upload = new_upload(item);
    if (upload == nullptr) continue;
    created.push_back(upload);
    outcome.counts.push_back({upload->state, 1, upload->size, now});
  }
  CHECK(insert_items(tx, needs_.journal, batch, created, change));
  if (!request.key.empty())
    CHECK(needs_.idempotency.store(tx, request, {http_created, remember(draft, outcome.decided)}));
  auto details = json::object{{"files", batch.files}, {"refused", batch.refused}};
  CHECK(needs_.audit.record(tx, audit_entry(call, "batch.created", batch.id.str(), std::move(details))));
  tx.notify(uploads_of(tenant));
  return outcome;
}

Result<CreatedBatch> BatchCreation::repeat(sql::Transaction& tx, TenantId const& tenant,
                                           std::string const& stored) {
  TRY(auto const value, parse_json(stored));
  auto const& object = value.as_object();
  auto const id = BatchId{text_of(object.at("batch"))};
  auto batch = CreatedBatch{};
  TRY(batch.batch, find_batch(tx, tenant, id));
  TRY(batch.counts, count_batch(tx, tenant, id));
  for (auto const& entry : object.at("items").as_array()) {
    auto item = BatchItem{};
    if (auto const* refused = entry.as_object().if_contains("refused")) {
      item.what = to_refusal(refused->as_object());
    } else {
      item.have = entry.as_object().contains("have");
      TRY(auto upload, find_upload(tx, tenant, UploadId{text_of(entry.at(item.have ? "have" : "upload"))}));
      item.what = std::move(upload);
    }
    batch.items.push_back(std::move(item));
  }
  return batch;
}

CreatedBatch BatchCreation::draft(CallContext const& call, NewBatch const& wanted) const {
  auto const now = needs_.clock.now();
  auto draft = CreatedBatch{};
  draft.batch = Batch{call.caller.tenant,
                      BatchId{new_uuid7(now)},
                      wanted.project,
                      call.caller.user,
                      static_cast<std::int64_t>(wanted.files.size()),
                      0,
                      0,
                      now,
                      call.trace_parent};
  draft.items.reserve(wanted.files.size());
  for (std::size_t i = 0; i < wanted.files.size(); ++i) {
    auto item = BatchItem{};
    if (auto const* file = std::get_if<NewFile>(&wanted.files[i])) {
      auto const in_parts = goes_in_parts(options_, *file, std::nullopt);
      if (in_parts && file->checksum && file->checksum->algorithm != "sha256")
        item.what = Refusal{"invalid",
                            "The checksum of a file sent in parts must be sha256.",
                            {{fmt::format("files[{}].checksum.algorithm", i), "must be sha256"}}};
      else
        item.what =
            draft_upload(options_, DraftOf{call, wanted.project, draft.batch.id, in_parts, now}, *file);
    } else {
      auto const& fields = std::get<std::vector<FieldError>>(wanted.files[i]);
      item.what =
          Refusal{"invalid", fmt::format("{} {}.", fields.front().field, fields.front().reason), fields};
    }
    draft.items.push_back(std::move(item));
  }
  refuse_duplicates(draft);
  return draft;
}

// Runs the transaction on the engine's thread and, at the same time, `meanwhile` on ours.
Async<BatchCreation::Outcome> BatchCreation::insert_while(CallContext const& call, CreatedBatch const& draft,
                                                          std::function<void()> meanwhile) {
  auto outcome = std::optional<Outcome>{};
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(outcome, insert(tx, call, draft));
    return {};
  };
  auto start = std::move_only_function<void(sql::Database::Done)>{[&](sql::Database::Done done) {
    needs_.database.submit(sql::Database::Access::write, Scope::tenant(call.caller.tenant), work,
                           call.deadline, std::move(done));
    meanwhile();
  }};
  CO_CHECK(co_await suspend<void>(std::move(start)));
  co_return std::move(*outcome);
}

Async<CreatedBatch> BatchCreation::create(CallContext call, NewBatch wanted) {
  CO_CHECK(check_room(options_, wanted));
  auto batch = draft(call, wanted);
  auto ready = std::vector<std::optional<Transfer>>(batch.items.size());
  // Most drafts will be granted, so their URLs are signed while the records go to disk.
  auto sign = [&] {
    for (std::size_t i = 0; i < batch.items.size(); ++i)
      if (auto const* upload = std::get_if<Upload>(&batch.items[i].what);
          upload != nullptr && !upload->multipart())
        ready[i] = needs_.grants.put(*upload, upload->created_at);
  };
  CO_TRY(auto outcome, co_await insert_while(call, batch, sign));
  if (outcome.repeated) {
    batch = std::move(*outcome.repeated);
    ready.assign(batch.items.size(), std::nullopt);
  } else {
    batch.batch = std::move(outcome.batch);
    batch.counts = std::move(outcome.counts);
    created_.add(static_cast<double>(batch.counts.size()));
    for (auto& [index, item] : outcome.decided) batch.items[index] = std::move(item);
    refused_.add(static_cast<double>(batch.batch.refused));
  }
  if (batch.batch.have > 0) CO_CHECK(co_await needs_.journal.settle(call.deadline));
  CO_CHECK(co_await begin_transfers(batch, std::move(ready), call.deadline));
  co_return batch;
}

Async<> BatchCreation::begin_transfers(CreatedBatch& batch, std::vector<std::optional<Transfer>> ready,
                                       Deadline deadline) {
  auto multiparts = 0;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    auto& item = batch.items[i];
    auto* upload = std::get_if<Upload>(&item.what);
    if (upload == nullptr || item.have) continue;
    if (ready[i]) {
      item.transfer = std::move(ready[i]);
      continue;
    }
    // Creating a multipart costs the store a commit, so only the first ones are made ready.
    auto const with_parts = !upload->multipart() || multiparts++ < options_.batch_multiparts_ready;
    CO_TRY(item.transfer, co_await needs_.transfers.begin(*upload, with_parts, deadline));
  }
  co_return Result<void>{};
}

}  // namespace hoist::uploads
