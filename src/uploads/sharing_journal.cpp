#include "uploads/sharing_journal.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/rows.hpp"
#include "uploads/upload_note.hpp"

namespace hoist::uploads {
namespace {

constexpr std::size_t rows_at_once = 1'000;

std::string record_of(Upload const& upload) {
  return key_of(upload.tenant, upload.project, upload.id);
}

RecordEntry end_of(Upload const& upload, Time at) {
  return {.record = record_of(upload), .object = key_of(upload), .ended = true, .at = at, .note = {}};
}

RecordEntry sharing_of(Upload const& upload) {
  return {.record = record_of(upload),
          .object = upload.object_key,
          .at = upload.created_at,
          .note = note_of_sharing(upload)};
}

bool shares(Upload const& upload) {
  return !upload.object_key.empty() && upload.object_key != record_of(upload);
}

Result<std::vector<Upload>> next_shared(sql::Transaction& tx, Upload const& after) {
  return select_uploads(tx,
                        "object_key IS NOT NULL AND (tenant, object_key, id) > ($1, $2, $3) "
                        "ORDER BY tenant, object_key, id LIMIT $4",
                        {after.tenant.str(), after.object_key, after.id.str(), std::int64_t{rows_at_once}});
}

}  // namespace

void SharingJournal::record_sharing(sql::Transaction& tx, Upload const& upload) {
  if (journal_ == nullptr || !shares(upload)) return;
  tx.after_commit([journal = journal_, entry = sharing_of(upload)] { journal->append(entry); });
}

void SharingJournal::record_deletion(sql::Transaction& tx, Upload const& upload) {
  if (journal_ == nullptr) return;
  tx.after_commit([journal = journal_, entry = end_of(upload, tx.now())] { journal->append(entry); });
}

Async<> SharingJournal::settle(Deadline deadline) {
  if (journal_ == nullptr) co_return Result<void>{};
  if (auto const flushed = co_await journal_->flush(deadline); !flushed)
    log::error("the journal of records could not be written; doctor --recover would miss what it lacks",
               {{"cause", flushed.error().to_string()}});
  co_return Result<void>{};
}

Async<> SharingJournal::begin(sql::Database& database, Deadline deadline) {
  if (journal_ == nullptr || !journal_->is_new()) co_return Result<void>{};
  auto last = Upload{};
  while (true) {
    auto work = [&](sql::Transaction& tx) { return next_shared(tx, last); };
    CO_TRY(auto const uploads, co_await database.read(Scope::system(), work, deadline));
    for (auto const& upload : uploads) {
      if (upload.state == UploadState::deleted)
        journal_->append(end_of(upload, upload.updated_at));
      else if (shares(upload))
        journal_->append(sharing_of(upload));
    }
    CO_CHECK(co_await journal_->flush(deadline));
    if (uploads.size() < rows_at_once) co_return Result<void>{};
    last = uploads.back();
  }
}

Result<SharingJournal::Told> SharingJournal::read() const {
  auto told = Told{};
  if (journal_ == nullptr) return told;
  CHECK(journal_->read([&](RecordEntry entry) {
    if (entry.ended)
      told.ended.insert(std::move(entry.record));
    else
      told.sharing.insert_or_assign(entry.record, std::move(entry));
  }));
  std::erase_if(told.sharing, [&](auto const& each) { return told.ended.contains(each.first); });
  for (auto const& [record, entry] : told.sharing) told.shared.insert(entry.object);
  return told;
}

}  // namespace hoist::uploads
