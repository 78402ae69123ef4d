// Creation: one upload, or a batch in one transaction with one reservation.
#include <fmt/format.h>

#include <map>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/service.hpp"

namespace hoist::uploads {
namespace {

constexpr int http_created = 201;

IdempotentRequest idempotent(Asked const& asked, std::string route) {
  return {asked.caller.tenant, asked.idempotency_key, std::move(route), asked.body_sha256};
}

Refusal over_quota() {
  return {"quota_exceeded",
          "The tenant's storage quota has no room for this file. Delete files or ask for more.",
          {}};
}

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

// The second of two files with the same declared bytes is refused: one upload of them is enough.
void refuse_duplicates(CreatedBatch& batch) {
  auto seen = std::map<std::string_view, std::size_t>{};
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    auto* upload = std::get_if<Upload>(&batch.items[i].what);
    if (upload == nullptr || !upload->checksum || upload->checksum->algorithm != "sha256") continue;
    auto const [first, fresh] = seen.emplace(upload->checksum->hex, i);
    if (fresh) continue;
    auto const& twin = std::get<Upload>(batch.items[first->second].what).filename;
    auto message = fmt::format("{} (files[{}] of this batch) has the same content.", twin, first->second);
    batch.items[i].what = Refusal{"duplicate", std::move(message), {}};
  }
}

}  // namespace

Service::Service(Ports ports, Options options)
    : ports_{ports},
      options_{std::move(options)},
      grants_{ports_.presigner, options_},
      created_{ports_.metrics.counter("hoist_uploads_created_total", "Uploads granted")},
      refused_{ports_.metrics.counter("hoist_uploads_refused_total", "Files of batches refused")} {
  if (options_.cursor_key.empty()) options_.cursor_key = random_bytes(32);
}

bool Service::is_multipart(NewFile const& file, std::optional<bool> asked) const {
  return asked.value_or(file.size > options_.multipart_threshold_bytes);
}

Upload Service::make_upload(Caller const& caller, ProjectId const& project, BatchId const& batch,
                            NewFile const& file, bool multipart, Time now) const {
  auto upload = Upload{};
  upload.tenant = caller.tenant;
  upload.id = UploadId{new_uuid7(now)};
  upload.project = project;
  upload.batch = batch;
  upload.user = caller.user;
  upload.filename = file.filename;
  upload.content_type = file.content_type;
  upload.size = file.size;
  upload.checksum = file.checksum;
  upload.metadata = file.metadata;
  upload.path = file.path;
  upload.created_at = upload.updated_at = now;
  upload.expires_at = now + options_.pending_deadline;
  upload.deadline = upload.expires_at;
  if (multipart) upload.plan_parts(std::max(options_.part_bytes, least_part_bytes(file.size)));
  return upload;
}

Result<Upload> Service::insert_one(sql::Transaction& tx, Asked const& asked, Upload const& upload) {
  auto const request = idempotent(asked, "POST /uploads");
  TRY(auto const earlier, ports_.idempotency.find(tx, request));
  if (earlier) return find_upload(tx, upload.tenant, UploadId{earlier->body});
  TRY(auto const limits, ports_.limits.limits(tx, upload.tenant));
  TRY(auto const total, account(tx, upload.tenant, {upload.size, 1, 1}));
  if (total.bytes > limits.storage_bytes_max || total.files > limits.files_max) {
    auto refusal = over_quota();
    return fail(Code::quota_exceeded, std::move(refusal.message));
  }
  auto const* const only = &upload;
  CHECK(insert_uploads(tx, {&only, 1}));
  CHECK(insert_change(tx, upload.tenant, total.change_seq, upload.created_at, upload.project, upload.batch,
                      &upload));
  CHECK(ports_.idempotency.store(tx, request, {http_created, upload.id.str()}, upload.created_at));
  CHECK(ports_.audit.record(
      tx, {asked.caller, "upload.created", upload.id.str(), "ok", asked.request_id, {{"size", upload.size}}},
      upload.created_at));
  tx.after_commit([this, tenant = upload.tenant] { ports_.broadcast.notify(tenant); });
  return upload;
}

Async<Created> Service::create(Asked asked, NewUpload wanted, std::optional<bool> multipart) {
  auto const in_parts = is_multipart(wanted.file, multipart);
  if (in_parts && wanted.file.checksum && wanted.file.checksum->algorithm != "sha256")
    co_return invalid_field("checksum.algorithm", "must be sha256 for an upload in parts");
  auto const draft = make_upload(asked.caller, wanted.project, {}, wanted.file, in_parts, ports_.clock.now());
  CO_TRY(auto upload,
         co_await ports_.database.write(
             asked.caller.tenant, [&](sql::Transaction& tx) { return insert_one(tx, asked, draft); },
             asked.deadline));
  created_.add();
  CO_TRY(auto transfer, co_await transfer_of(upload, true, asked.deadline));
  co_return Created{std::move(upload), std::move(transfer)};
}

// What the transaction decides about a draft. The draft stays as it is, because the transaction may
// have to run again.
struct Service::BatchOutcome {
  std::optional<CreatedBatch> repeated;  // instead of all else
  Batch batch;
  StateCount granted;
  std::map<std::size_t, BatchItem> decided;  // items that are not simply granted
};

namespace {

// The upload of the draft's item, unless it was refused or decided otherwise.
Upload const* wanted_upload(CreatedBatch const& draft, std::map<std::size_t, BatchItem> const& decided,
                            std::size_t index) {
  return decided.contains(index) ? nullptr : std::get_if<Upload>(&draft.items[index].what);
}

Result<std::map<std::size_t, BatchItem>> find_stored(sql::Transaction& tx, CreatedBatch const& draft) {
  auto stored = std::map<std::size_t, BatchItem>{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const* upload = std::get_if<Upload>(&draft.items[i].what);
    if (upload == nullptr || !upload->checksum || upload->checksum->algorithm != "sha256") continue;
    TRY(auto found, find_content(tx, draft.batch.tenant, upload->checksum->hex, upload->size));
    if (found) stored.emplace(i, BatchItem{std::move(*found), true, {}});
  }
  return stored;
}

// Reserves for all that is left, and gives back what does not fit. Answers the batch's change number.
Result<std::int64_t> reserve(sql::Transaction& tx, TenantLimits const& limits, CreatedBatch const& draft,
                             std::map<std::size_t, BatchItem>& decided) {
  auto add = Account{.change_seq = 1};
  for (std::size_t i = 0; i < draft.items.size(); ++i)
    if (auto const* upload = wanted_upload(draft, decided, i)) {
      add.bytes += upload->size;
      add.files += 1;
    }
  TRY(auto const total, account(tx, draft.batch.tenant, add));
  if (total.bytes <= limits.storage_bytes_max && total.files <= limits.files_max) return total.change_seq;
  auto used = Account{total.bytes - add.bytes, total.files - add.files, 0};
  auto back = Account{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const* upload = wanted_upload(draft, decided, i);
    if (upload == nullptr) continue;
    if (used.bytes + upload->size <= limits.storage_bytes_max && used.files < limits.files_max) {
      used.bytes += upload->size;
      used.files += 1;
    } else {
      back.bytes -= upload->size;
      back.files -= 1;
      decided.emplace(i, BatchItem{over_quota(), false, {}});
    }
  }
  CHECK(account(tx, draft.batch.tenant, back));
  return total.change_seq;
}

}  // namespace

Result<Service::BatchOutcome> Service::insert_many(sql::Transaction& tx, Asked const& asked,
                                                   CreatedBatch const& draft) {
  auto const request = idempotent(asked, "POST /batches");
  auto const& tenant = draft.batch.tenant;
  auto const now = draft.batch.created_at;
  auto outcome = BatchOutcome{.batch = draft.batch, .granted = {UploadState::pending, 0, 0, now}};
  TRY(auto const earlier, ports_.idempotency.find(tx, request));
  if (earlier) {
    TRY(outcome.repeated, repeat_batch(tx, tenant, earlier->body));
    return outcome;
  }
  TRY(outcome.decided, find_stored(tx, draft));
  TRY(auto const limits, ports_.limits.limits(tx, tenant));
  TRY(auto const change, reserve(tx, limits, draft, outcome.decided));
  auto granted = std::vector<Upload const*>{};
  for (std::size_t i = 0; i < draft.items.size(); ++i) {
    auto const decided = outcome.decided.find(i);
    auto const& item = decided == outcome.decided.end() ? draft.items[i] : decided->second;
    auto const* upload = std::get_if<Upload>(&item.what);
    if (upload == nullptr) {
      ++outcome.batch.refused;
    } else if (item.have) {
      ++outcome.batch.have;
    } else {
      granted.push_back(upload);
      ++outcome.granted.files;
      outcome.granted.bytes += upload->size;
    }
  }
  CHECK(insert_uploads(tx, granted));
  auto const& batch = outcome.batch;
  CHECK(insert_batch(tx, batch));
  CHECK(insert_change(tx, tenant, change, now, batch.project, batch.id, nullptr));
  if (!request.key.empty())
    CHECK(ports_.idempotency.store(tx, request, {http_created, remember(draft, outcome.decided)}, now));
  CHECK(ports_.audit.record(tx,
                            {asked.caller,
                             "batch.created",
                             batch.id.str(),
                             "ok",
                             asked.request_id,
                             {{"files", batch.files}, {"refused", batch.refused}}},
                            now));
  tx.after_commit([this, tenant] { ports_.broadcast.notify(tenant); });
  return outcome;
}

Result<CreatedBatch> Service::repeat_batch(sql::Transaction& tx, TenantId const& tenant,
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

CreatedBatch Service::draft_batch(Caller const& caller, NewBatch const& wanted) const {
  auto const now = ports_.clock.now();
  auto draft = CreatedBatch{};
  draft.batch = Batch{caller.tenant,
                      BatchId{new_uuid7(now)},
                      wanted.project,
                      caller.user,
                      static_cast<std::int64_t>(wanted.files.size()),
                      0,
                      0,
                      now};
  draft.items.reserve(wanted.files.size());
  for (std::size_t i = 0; i < wanted.files.size(); ++i) {
    auto item = BatchItem{};
    if (auto const* file = std::get_if<NewFile>(&wanted.files[i])) {
      auto const in_parts = is_multipart(*file, std::nullopt);
      if (in_parts && file->checksum && file->checksum->algorithm != "sha256")
        item.what = Refusal{"invalid",
                            "The checksum of a file sent in parts must be sha256.",
                            {{fmt::format("files[{}].checksum.algorithm", i), "must be sha256"}}};
      else
        item.what = make_upload(caller, wanted.project, draft.batch.id, *file, in_parts, now);
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
Async<Service::BatchOutcome> Service::insert_while(Asked const& asked, CreatedBatch const& draft,
                                                   std::function<void()> meanwhile) {
  auto outcome = std::optional<BatchOutcome>{};
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(outcome, insert_many(tx, asked, draft));
    return {};
  };
  auto start = std::move_only_function<void(Database::Done)>{[&](Database::Done done) {
    ports_.database.submit(Database::Access::write, asked.caller.tenant, work, asked.deadline,
                           std::move(done));
    meanwhile();
  }};
  CO_CHECK(co_await suspend<void>(std::move(start)));
  co_return std::move(*outcome);
}

Async<CreatedBatch> Service::create_batch(Asked asked, NewBatch wanted) {
  auto batch = draft_batch(asked.caller, wanted);
  auto transfers = std::vector<std::optional<Transfer>>(batch.items.size());
  // Most drafts will be granted, so their URLs are signed while the records go to disk.
  auto sign = [&] {
    for (std::size_t i = 0; i < batch.items.size(); ++i)
      if (auto const* upload = std::get_if<Upload>(&batch.items[i].what);
          upload != nullptr && !upload->multipart())
        transfers[i] = grants_.put(*upload, upload->created_at);
  };
  CO_TRY(auto outcome, co_await insert_while(asked, batch, sign));
  if (outcome.repeated) {
    batch = std::move(*outcome.repeated);
    transfers.assign(batch.items.size(), std::nullopt);
  } else {
    batch.batch = std::move(outcome.batch);
    if (outcome.granted.files > 0) batch.counts.push_back(outcome.granted);
    for (auto& [index, item] : outcome.decided) batch.items[index] = std::move(item);
    created_.add(static_cast<double>(outcome.granted.files));
    refused_.add(static_cast<double>(batch.batch.refused));
  }
  auto multiparts = 0;
  for (std::size_t i = 0; i < batch.items.size(); ++i) {
    auto& item = batch.items[i];
    auto* upload = std::get_if<Upload>(&item.what);
    if (upload == nullptr || item.have) continue;
    if (transfers[i]) {
      item.transfer = std::move(transfers[i]);
      continue;
    }
    // Creating a multipart costs the store a commit, so only the first ones are made ready.
    auto const ready = !upload->multipart() || multiparts++ < options_.batch_multiparts_ready;
    CO_TRY(item.transfer, co_await transfer_of(*upload, ready, asked.deadline));
  }
  co_return batch;
}

}  // namespace hoist::uploads
