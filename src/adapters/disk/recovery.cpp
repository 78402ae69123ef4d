// Makes rows again from what the files say of themselves.
#include <algorithm>

#include "adapters/disk/attributes.hpp"
#include "adapters/disk/maintenance.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr auto chunk_deadline = std::chrono::minutes{5};

struct Candidate {
  std::string blob;
  Label label;
};

Result<std::int64_t> put_all_back(BlobFolders& folders) {
  TRY(auto const files, folders.set_aside_files());
  for (auto const& file : files) CHECK(folders.put_back(file.name));
  return std::ssize(files);
}

// Every file that a manifest lists has to be there.
bool is_whole(BlobFolders const& folders, Label const& label) {
  return std::ranges::all_of(label.segments, [&](Segment const& segment) {
    return folders.open_blob(segment.blob, segment.size).has_value();
  });
}

std::vector<Candidate> read_labels(BlobFolders const& folders, std::vector<BlobFolders::Entry> const& files,
                                   Recovered& outcome) {
  auto candidates = std::vector<Candidate>{};
  for (auto const& file : files) {
    if (file.size == 0) continue;
    auto label = folders.label(file.name);
    if (!label)
      ++outcome.unlabelled;
    else if (label->part)
      ++outcome.parts;
    else if (!is_whole(folders, *label))
      ++outcome.incomplete;
    else
      candidates.push_back({file.name, std::move(*label)});
  }
  return candidates;
}

Result<ObjectInfo> info_of(Label const& label) {
  auto info = ObjectInfo{.ref = label.ref, .size = label.size, .etag = label.etag};
  info.content_type = label.content_type;
  info.sha256 = unhex(label.sha256).value_or("");
  TRY(auto attributes, parse_attributes(label.attributes));
  info.metadata = std::move(attributes.metadata);
  info.headers = std::move(attributes.headers);
  info.checksums = std::move(attributes.checksums);
  info.tags = std::move(attributes.tags);
  return info;
}

// false: there is a newer object, or `notes` does not want this one.
Result<bool> recover_one(ObjectTable table, ObjectNotes* notes, Candidate const& candidate) {
  auto& [tx, configured, arrivals, now] = table;
  auto const& label = candidate.label;
  TRY(auto const rows, tx.query("SELECT 1 FROM objects WHERE bucket = $1 AND key = $2 AND modified_us >= $3",
                                {label.ref.bucket, label.ref.key, sql::value(label.modified_at)}));
  if (!rows.empty()) return false;
  TRY(auto info, info_of(label));
  if (notes != nullptr) {
    auto const wanted = notes->on_recovered(tx, info, label.note);
    if (!wanted && wanted.error().code() != Code::invalid) return std::unexpected{wanted.error()};
    if (!wanted.value_or(false)) return false;
  }
  auto const itself = Segment{candidate.blob, label.size, label.sha256};
  auto const plain = label.segments.empty();
  // As of then, and without telling that it arrives.
  arrivals = nullptr;
  now = label.modified_at;
  TRY([[maybe_unused]] auto const made, table.create_bucket(label.ref.bucket));
  CHECK(table.put(std::move(info), plain ? std::vector{itself} : label.segments, {},
                  plain ? std::string{} : candidate.blob));
  return true;
}

Async<> recover_folder(Objects::Context& context, ObjectNotes* notes, std::string const& folder,
                       Recovered& outcome) {
  CO_TRY(auto const unknown, co_await unknown_files(context, folder));
  using Candidates = std::vector<Candidate>;
  auto read = [&]() -> Result<Candidates> { return read_labels(*context.folders, unknown.files, outcome); };
  CO_TRY(auto const candidates, co_await run_blocking<Candidates>(context.pool, read));
  auto made = std::int64_t{0};
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    made = 0;
    for (auto const& candidate : candidates) {
      TRY(auto const recovered, recover_one(context.table(tx), notes, candidate));
      made += recovered ? 1 : 0;
    }
    return {};
  };
  CO_CHECK(co_await context.database.write(Scope::system(), work, deadline_in(chunk_deadline)));
  outcome.objects += made;
  outcome.not_wanted += std::ssize(candidates) - made;
  co_return Result<void>{};
}

}  // namespace

Async<Recovered> Objects::recover(ObjectNotes* notes) {
  auto& context = *context_;
  auto outcome = Recovered{};
  auto back = [&] { return put_all_back(*context.folders); };
  CO_TRY(outcome.put_back, co_await run_blocking<std::int64_t>(context.pool, back));
  using Names = std::vector<std::string>;
  auto list = [&] { return context.folders->folders(); };
  CO_TRY(auto const folders, co_await run_blocking<Names>(context.pool, list));
  for (auto const& folder : folders) CO_CHECK(co_await recover_folder(context, notes, folder, outcome));
  co_return outcome;
}

}  // namespace hoist::disk
