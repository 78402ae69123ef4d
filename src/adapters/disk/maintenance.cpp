// Tidying up behind crashes and replacements, and looking for bit rot.
#include "adapters/disk/maintenance.hpp"

#include <algorithm>
#include <vector>

#include "adapters/disk/context.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr auto batch_rows = std::int64_t{256};
constexpr auto batch_deadline = std::chrono::seconds{60};

using Names = std::vector<std::string>;

Result<Names> texts(sql::Transaction& tx, std::string_view statement, sql::Args args) {
  TRY(auto rows, tx.query(statement, std::move(args)));
  auto names = Names{};
  for (auto const& row : rows) names.push_back(row.text(0));
  return names;
}

Result<Names> names_in_folder(sql::Transaction& tx, std::string const& folder) {
  // '0' follows '/', so the two bounds hold exactly the folder's files.
  auto const args = sql::Args{folder + "/", folder + "0"};
  return texts(tx,
               "SELECT blob FROM object_segments WHERE blob > $1 AND blob < $2"
               " UNION SELECT blob FROM multipart_parts WHERE blob > $1 AND blob < $2"
               " UNION SELECT blob FROM blob_garbage WHERE blob > $1 AND blob < $2 ORDER BY 1",
               args);
}

Result<std::string> hash_file(BlobFolders const& folders, Segment const& segment) {
  TRY(auto const file, folders.open_blob(segment.blob, segment.size));
  auto buffer = std::vector<char>(buffer_bytes);
  auto hasher = Hasher{Hasher::Algorithm::sha256};
  for (auto offset = std::int64_t{0}; offset < segment.size;) {
    auto const left = static_cast<std::size_t>(segment.size - offset);
    auto const piece = std::span{buffer}.first(std::min(buffer.size(), left));
    CHECK(read_at(file, piece, offset));
    hasher.update({piece.data(), piece.size()});
    offset += static_cast<std::int64_t>(piece.size());
  }
  return hex(hasher.finish());
}

Result<std::vector<ObjectRef>> objects_with(sql::Transaction& tx, std::string const& blob) {
  TRY(auto rows, tx.query("SELECT bucket, key FROM objects WHERE version IN"
                          " (SELECT version FROM object_segments WHERE blob = $1) ORDER BY bucket, key",
                          {blob}));
  auto refs = std::vector<ObjectRef>{};
  for (auto const& row : rows) refs.push_back(ObjectRef{row.text(0), row.text(1)});
  return refs;
}

Result<std::vector<Segment>> next_files(sql::Transaction& tx, std::string const& after) {
  TRY(auto rows, tx.query("SELECT blob, size, sha256 FROM object_segments WHERE blob > $1"
                          " UNION SELECT blob, size, sha256 FROM multipart_parts WHERE blob > $1"
                          " ORDER BY 1 LIMIT $2",
                          {after, batch_rows}));
  auto files = std::vector<Segment>{};
  for (auto const& row : rows) files.push_back(Segment{row.text(0), row.integer(1), row.text(2)});
  return files;
}

Async<std::int64_t> sweep_garbage(Objects::Context& context, Time now) {
  auto deleted = std::int64_t{0};
  auto after = std::string{};
  while (true) {
    auto find = [&](sql::Transaction& tx) {
      return texts(tx,
                   "SELECT blob FROM blob_garbage WHERE since_us <= $1 AND blob > $2 ORDER BY blob LIMIT $3",
                   {sql::value(now - context.options.garbage_age), after, batch_rows});
    };
    CO_TRY(auto names, co_await context.database.read(Scope::system(), find, deadline_in(batch_deadline)));
    if (names.empty()) co_return deleted;
    after = names.back();
    auto remove = [&]() -> Result<Names> {
      auto removed = Names{};
      for (auto const& name : names) {
        if (context.folders->in_use(name)) continue;
        CHECK(context.folders->remove(name));
        removed.push_back(name);
      }
      return removed;
    };
    CO_TRY(auto removed, co_await run_blocking<Names>(context.pool, remove));
    auto forget = [&](sql::Transaction& tx) -> Result<void> {
      for (auto const& name : removed) CHECK(tx.execute("DELETE FROM blob_garbage WHERE blob = $1", {name}));
      return {};
    };
    CO_CHECK(co_await context.database.write(Scope::system(), forget, deadline_in(batch_deadline)));
    deleted += static_cast<std::int64_t>(removed.size());
  }
}

Async<std::int64_t> give_up_multiparts(Objects::Context& context, Time now) {
  auto const& options = context.options;
  auto work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto rows, tx.query("SELECT bucket, key, upload_id FROM multiparts WHERE state = 'open'"
                            " AND changed_us <= $1 ORDER BY changed_us LIMIT $2",
                            {sql::value(now - options.multipart_open_age_max), batch_rows}));
    auto table = ObjectTable{tx, options.buckets, context.listeners.arrivals, now};
    for (auto const& row : rows) CHECK(table.abort({row.text(0), row.text(1)}, row.text(2)));
    CHECK(tx.execute("DELETE FROM multiparts WHERE state != 'open' AND changed_us <= $1",
                     {sql::value(now - options.multipart_done_age_max)}));
    return static_cast<std::int64_t>(rows.size());
  };
  auto total = std::int64_t{0};
  while (true) {
    CO_TRY(auto count, co_await context.database.write(Scope::system(), work, deadline_in(batch_deadline)));
    total += count;
    if (count < batch_rows) co_return total;
  }
}

// What is in lost+found for longer than its time goes for good. Answers how many files that were.
Async<std::int64_t> expire_set_aside(Objects::Context& context, Time now) {
  auto work = [&]() -> Result<std::int64_t> {
    TRY(auto const files, context.folders->set_aside_files());
    auto removed = std::int64_t{0};
    for (auto const& file : files) {
      if (file.moved_at > now - context.options.set_aside_age) continue;
      CHECK(context.folders->remove_set_aside(file.name));
      ++removed;
    }
    context.set_aside.set(static_cast<double>(std::ssize(files) - removed));
    return removed;
  };
  co_return co_await run_blocking<std::int64_t>(context.pool, work);
}

// Files no row names. Those that hold nothing, names that a crash left unused, are none.
Async<Names> find_orphans(Objects::Context& context, Time now, std::int64_t* removed) {
  auto orphans = Names{};
  auto folders_work = [&] { return context.folders->folders(); };
  CO_TRY(auto const folders, co_await run_blocking<Names>(context.pool, folders_work));
  for (auto const& folder : folders) {
    CO_TRY(auto const unknown, co_await unknown_files(context, folder));
    auto sort = [&]() -> Result<void> {
      for (auto const& file : unknown.files) {
        if (file.modified_at > now - context.options.orphan_age) continue;
        if (file.size > 0) {
          orphans.push_back(file.name);
          continue;
        }
        if (removed == nullptr) continue;
        CHECK(context.folders->remove(file.name));
        ++*removed;
      }
      if (removed != nullptr && unknown.known == 0) context.folders->remove_folder_if_empty(folder);
      return {};
    };
    CO_CHECK(co_await run_blocking<void>(context.pool, sort));
  }
  co_return orphans;
}

}  // namespace

Async<Unknown> unknown_files(Objects::Context& context, std::string const& folder) {
  // Files are listed before rows, so a file committed in between has a row by the time we look.
  auto list = [&] { return context.folders->files(folder); };
  CO_TRY(auto files, co_await run_blocking<std::vector<BlobFolders::Entry>>(context.pool, list));
  auto find = [&](sql::Transaction& tx) { return names_in_folder(tx, folder); };
  CO_TRY(auto const known,
         co_await context.database.read(Scope::system(), find, deadline_in(batch_deadline)));
  std::erase_if(files, [&](BlobFolders::Entry const& file) {
    return context.folders->in_use(file.name) || std::ranges::binary_search(known, file.name);
  });
  co_return Unknown{std::move(files), known.size()};
}

Async<Swept> Objects::sweep(Time now) {
  auto swept = Swept{};
  CO_TRY(swept.multiparts, co_await give_up_multiparts(*context_, now));
  CO_TRY(swept.files, co_await sweep_garbage(*context_, now));
  CO_TRY(auto const expired, co_await expire_set_aside(*context_, now));
  swept.files += expired;
  co_return swept;
}

Async<Orphans> Objects::set_orphans_aside(Time now, bool however_many) {
  auto& context = *context_;
  auto outcome = Orphans{};
  CO_TRY(auto const orphans, co_await find_orphans(context, now, &outcome.removed));
  auto const too_many = orphans.size() > context.options.orphans_at_once_max && !however_many;
  auto move = [&]() -> Result<void> {
    for (auto const& name : orphans) CHECK(context.folders->set_aside(name));
    return {};
  };
  if (!too_many) CO_CHECK(co_await run_blocking<void>(context.pool, move));
  (too_many ? outcome.left : outcome.set_aside) = std::ssize(orphans);
  context.orphans_left.set(static_cast<double>(outcome.left));
  CO_CHECK(co_await expire_set_aside(context, now));
  co_return outcome;
}

Async<Orphans> Objects::count_orphans(Time now) {
  auto outcome = Orphans{};
  CO_TRY(auto const orphans, co_await find_orphans(*context_, now, nullptr));
  auto list = [&] { return context_->folders->set_aside_files(); };
  CO_TRY(auto const aside, co_await run_blocking<std::vector<BlobFolders::Entry>>(context_->pool, list));
  outcome.left = std::ssize(orphans);
  outcome.set_aside = std::ssize(aside);
  co_return outcome;
}

Async<Scrubbed> Objects::scrub(std::function<void(Damage const&)> report) {
  auto& context = *context_;
  auto scrubbed = Scrubbed{};
  auto after = std::string{};
  while (true) {
    auto find = [&](sql::Transaction& tx) { return next_files(tx, after); };
    CO_TRY(auto files, co_await context.database.read(Scope::system(), find, deadline_in(batch_deadline)));
    if (files.empty()) co_return scrubbed;
    for (auto const& file : files) {
      after = file.blob;
      context.folders->hold(file.blob);
      auto hash = [&] { return hash_file(*context.folders, file); };
      auto hashed = co_await run_blocking<std::string>(context.pool, hash);
      context.folders->release(file.blob);
      ++scrubbed.files;
      scrubbed.bytes += file.size;
      if (hashed && *hashed == file.sha256) continue;
      if (!hashed && hashed.error().code() != Code::corrupt) co_return std::unexpected{hashed.error()};
      auto who = [&](sql::Transaction& tx) { return objects_with(tx, file.blob); };
      CO_TRY(auto refs, co_await context.database.read(Scope::system(), who, deadline_in(batch_deadline)));
      ++scrubbed.damaged;
      auto cause = hashed ? std::string{"its bytes are not those that were stored"} : hashed.error().cause();
      report(Damage{file.blob, std::move(refs), std::move(cause)});
    }
  }
}

}  // namespace hoist::disk
