#include "uploads/rows.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/fold_case.hpp"
#include "base/try.hpp"
#include "sql/insert_rows.hpp"
#include "uploads/project_counts.hpp"

namespace hoist::uploads {
namespace {

constexpr std::string_view select_sql =
    "SELECT tenant, id, project_id, batch_id, user_id, filename, content_type, size, checksum_algorithm, "
    "checksum, metadata, state, created_us, updated_us, expires_us, deadline_us, requeues, part_size, "
    "parts_seen, multipart_id, sha256, media, scan, thumbnails, error_code, error_message, timeline, "
    "path, preview, object_key, trace_parent, leftovers FROM uploads WHERE ";

constexpr std::string_view account_sql =
    "INSERT INTO tenant_usage (tenant, bytes, files, change_seq) VALUES ($1, $2, $3, $4) "
    "ON CONFLICT (tenant) DO UPDATE SET bytes = tenant_usage.bytes + excluded.bytes, "
    "files = tenant_usage.files + excluded.files, change_seq = tenant_usage.change_seq + excluded.change_seq "
    "RETURNING bytes, files, change_seq";

constexpr std::string_view advance_sql =
    "UPDATE uploads SET state = $4, updated_us = $5, deadline_us = $6, requeues = $7, error_code = $8, "
    "error_message = $9, timeline = timeline || $10 WHERE tenant = $1 AND id = $2 AND state = $3 "
    "AND object_key IS NOT DISTINCT FROM $11";

constexpr std::string_view note_sql =
    "UPDATE uploads SET updated_us = $4, deadline_us = $5, timeline = timeline || $6 "
    "WHERE tenant = $1 AND id = $2 AND state = $3";

sql::Value text_or_null(std::string const& text) {
  return text.empty() ? sql::null() : sql::Value{text};
}

// What waits for its time is compared with the time of transactions, so that is what it counts from.
sql::Args new_row(Upload const& upload, Time now) {
  auto const deadline =
      upload.deadline ? std::optional{now + (*upload.deadline - upload.created_at)} : std::nullopt;
  auto const& checksum = upload.checksum;
  return sql::args(upload.tenant.str(), upload.id.str(), upload.project.str(),
                   text_or_null(upload.batch.str()), upload.user.str(), upload.filename, upload.content_type,
                   upload.size, checksum ? sql::Value{checksum->algorithm} : sql::null(),
                   checksum ? sql::Value{checksum->hex} : sql::null(), text_or_null(upload.metadata),
                   std::string{to_string(upload.state)}, sql::value(upload.created_at),
                   sql::value(upload.created_at), sql::value(upload.expires_at), sql::value_or_null(deadline),
                   std::int64_t{0}, upload.part_size, upload.parts_seen, upload.timeline,
                   text_or_null(upload.path), fold_case(upload.path.empty() ? upload.filename : upload.path),
                   text_or_null(upload.trace_parent));
}

Upload to_upload(sql::Row const& row) {
  auto upload = Upload{};
  upload.tenant = TenantId{row.text(0)};
  upload.id = UploadId{row.text(1)};
  upload.project = ProjectId{row.text(2)};
  upload.batch = BatchId{row.text(3)};
  upload.user = UserId{row.text(4)};
  upload.filename = row.text(5);
  upload.content_type = row.text(6);
  upload.size = row.integer(7);
  if (!row.is_null(8)) upload.checksum = Checksum{row.text(8), row.text(9)};
  upload.metadata = row.text(10);
  auto const state = parse_upload_state(row.text(11));
  HOIST_ASSERT(state);
  upload.state = *state;
  upload.created_at = row.time(12);
  upload.updated_at = row.time(13);
  upload.expires_at = row.time(14);
  if (!row.is_null(15)) upload.deadline = row.time(15);
  upload.requeues = row.integer(16);
  upload.part_size = row.integer(17);
  upload.parts_seen = row.text(18);
  upload.multipart_id = row.text(19);
  upload.sha256 = row.text(20);
  upload.media = row.text(21);
  upload.scan = row.text(22);
  upload.thumbnails = row.text(23);
  upload.error_code = row.text(24);
  upload.error_message = row.text(25);
  upload.timeline = row.text(26);
  upload.path = row.text(27);
  upload.preview = row.text(28);
  upload.object_key = row.text(29);
  upload.trace_parent = row.text(30);
  upload.leftovers = row.text(31);
  return upload;
}

// The entries' times and names without what they say about people and files.
std::string without_details(std::string const& timeline) {
  auto const entries = parse_json("[" + timeline.substr(timeline.empty() ? 0 : 1) + "]");
  HOIST_ASSERT(entries && entries->is_array());  // we wrote it
  auto bare = std::string{};
  for (auto const& entry : entries->get_array()) {
    auto const& object = entry.as_object();
    bare += "," + json::serialize(json::object{{"at", object.at("at")}, {"what", object.at("what")}});
  }
  return bare;
}

// What the upload's file said about people and places goes with it. What leads to its bytes stays
// until they are removed.
Result<void> forget(sql::Transaction& tx, Upload& upload) {
  upload.timeline = without_details(upload.timeline);
  upload.user = {};
  upload.filename = upload.path = upload.content_type = upload.metadata = upload.sha256 = upload.media =
      upload.scan = upload.preview = upload.error_code = upload.error_message = {};
  upload.checksum.reset();
  upload.size = 0;
  TRY(auto const changed,
      tx.execute("UPDATE uploads SET filename = '', name_folded = '', path = NULL, content_type = '', size = "
                 "0, user_id = '', "
                 "checksum_algorithm = NULL, checksum = NULL, metadata = NULL, sha256 = NULL, media = NULL, "
                 "scan = NULL, preview = NULL, error_code = NULL, error_message = NULL, timeline = $3 "
                 "WHERE tenant = $1 AND id = $2",
                 {upload.tenant.str(), upload.id.str(), upload.timeline}));
  HOIST_ASSERT(changed == 1);
  return {};
}

// Adds the upload to the account, or takes it out, and counts its change. The account's lock comes
// before the look at the others, so that of two that end at the same time one sees the other.
Result<Account> move_quota(sql::Transaction& tx, Upload const& upload, int holds) {
  auto const bytes = holds * upload.size;
  auto const shared = !upload.object_key.empty();
  TRY(auto const total, account(tx, upload.tenant, {shared ? 0 : bytes, holds, 1}));
  if (!shared || holds == 0) return total;
  TRY(auto const others, held_by_others(tx, upload));
  return others ? total : account(tx, upload.tenant, {.bytes = bytes});
}

// A file that is retried for ever must not grow its row for ever.
std::string more_timeline(Options const& options, Upload const& upload, std::string entry) {
  if (upload.timeline.size() + entry.size() > options.timeline_bytes_max) return {};
  return "," + std::move(entry);
}

}  // namespace

std::string timeline_entry(Time at, std::string_view what, std::string_view detail) {
  auto entry = fmt::format(R"({{"at":"{}","what":"{}")", to_rfc3339(at), what);
  if (!detail.empty())
    entry += fmt::format(R"(,"detail":{})", json::serialize(json::string_view{detail.data(), detail.size()}));
  return entry + "}";
}

Result<Account> account(sql::Transaction& tx, TenantId const& tenant, Account add) {
  TRY(auto const rows, tx.query(account_sql, {tenant.str(), add.bytes, add.files, add.change_seq}));
  return Account{rows.at(0).integer(0), rows.at(0).integer(1), rows.at(0).integer(2)};
}

Result<void> insert_uploads(sql::Transaction& tx, std::span<Upload const* const> uploads) {
  static auto const insert = sql::InsertRows{
      "INSERT INTO uploads (tenant, id, project_id, batch_id, user_id, filename, content_type, size, "
      "checksum_algorithm, checksum, metadata, state, created_us, updated_us, expires_us, deadline_us, "
      "requeues, part_size, parts_seen, timeline, path, name_folded, trace_parent)",
      23};
  auto rows = std::vector<sql::Args>{};
  rows.reserve(uploads.size());
  for (auto const* upload : uploads) rows.push_back(new_row(*upload, tx.now()));
  CHECK(insert(tx, std::move(rows)));
  return count_inserted(tx, uploads);
}

Result<void> insert_batch(sql::Transaction& tx, Batch const& batch) {
  TRY(auto const count,
      tx.execute(
          "INSERT INTO batches (tenant, id, project_id, user_id, files, have, refused, created_us, "
          "trace_parent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
          {batch.tenant.str(), batch.id.str(), batch.project.str(), batch.user.str(), batch.files, batch.have,
           batch.refused, sql::value(batch.created_at), text_or_null(batch.trace_parent)}));
  HOIST_ASSERT(count == 1);
  return {};
}

Result<std::vector<Upload>> select_uploads(sql::Transaction& tx, std::string_view condition, sql::Args args) {
  TRY(auto const rows, tx.query(std::string{select_sql}.append(condition), std::move(args)));
  auto uploads = std::vector<Upload>{};
  uploads.reserve(rows.size());
  for (auto const& row : rows) uploads.push_back(to_upload(row));
  return uploads;
}

Result<Upload> find_upload(sql::Transaction& tx, TenantId const& tenant, UploadId const& id) {
  TRY(auto found, select_uploads(tx, "tenant = $1 AND id = $2", {tenant.str(), id.str()}));
  if (found.empty()) return fail(Code::not_found, "There is no such upload.");
  return std::move(found[0]);
}

Result<bool> held_by_others(sql::Transaction& tx, Upload const& upload) {
  static auto const statement = fmt::format(
      "SELECT 1 FROM uploads WHERE tenant = $1 AND object_key = $2 AND id <> $3 AND state IN ({}) LIMIT 1",
      quota_states());
  TRY(auto const rows, tx.query(statement, {upload.tenant.str(), upload.object_key, upload.id.str()}));
  return !rows.empty();
}

Result<Batch> find_batch(sql::Transaction& tx, TenantId const& tenant, BatchId const& id) {
  TRY(auto const rows, tx.query("SELECT project_id, user_id, files, have, refused, created_us FROM batches "
                                "WHERE tenant = $1 AND id = $2",
                                {tenant.str(), id.str()}));
  if (rows.empty()) return fail(Code::not_found, "There is no such batch.");
  auto const& row = rows[0];
  return Batch{tenant,
               id,
               ProjectId{row.text(0)},
               UserId{row.text(1)},
               row.integer(2),
               row.integer(3),
               row.integer(4),
               row.time(5),
               {}};
}

namespace {

// `text` anywhere within, for a LIKE whose escape is the backslash.
std::string pattern_of(std::string const& text) {
  auto pattern = std::string{"%"};
  for (auto const c : text) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

// The last of the names that a search may look at; empty when there are not that many.
Result<std::string> search_end(sql::Transaction& tx, TenantId const& tenant, ListFilter const& filter,
                               std::string const& before, std::int64_t names_max) {
  auto window = filter;
  window.search.clear();
  window.state.reset();
  auto listing = listing_of(tenant, window, before, {}, 1);
  listing.args.emplace_back(names_max - 1);
  TRY(auto const rows, tx.query(fmt::format("SELECT id FROM uploads WHERE {} OFFSET ${}", listing.condition,
                                            listing.args.size()),
                                listing.args));
  return rows.empty() ? std::string{} : rows[0].text(0);
}

}  // namespace

Listing listing_of(TenantId const& tenant, ListFilter const& filter, std::string const& before,
                   std::string const& down_to, int limit) {
  auto condition = std::string{"tenant = $1"};
  auto args = sql::Args{tenant.str()};
  auto const narrow = [&](std::string_view what, std::string const& value, std::string_view more = {}) {
    if (value.empty()) return;
    args.emplace_back(value);
    condition += fmt::format(" AND {} ${}{}", what, args.size(), more);
  };
  narrow("batch_id =", filter.batch);
  // A batch is small, so its index is the one to use whatever else is asked for. A search reads the index
  // with the names.
  auto const in_batch = !filter.batch.empty();
  narrow(in_batch ? "COALESCE(project_id, '') =" : "project_id =", filter.project);
  narrow(in_batch || !filter.search.empty() ? "COALESCE(state, '') =" : "state =",
         filter.state ? std::string{to_string(*filter.state)} : std::string{});
  narrow("id <", before);
  narrow("id >=", down_to);
  if (!filter.search.empty()) narrow("name_folded LIKE", pattern_of(filter.search), " ESCAPE '\\'");
  args.emplace_back(std::int64_t{limit});
  condition += fmt::format(" ORDER BY id DESC LIMIT ${}", args.size());
  return {std::move(condition), std::move(args)};
}

Result<Listed> list_uploads(sql::Transaction& tx, TenantId const& tenant, ListFilter const& filter,
                            std::string const& before, int limit, std::int64_t names_max) {
  auto listed = Listed{};
  if (!filter.search.empty()) {
    TRY(listed.next, search_end(tx, tenant, filter, before, names_max));
  }
  // One more than asked for tells whether there is a next page.
  auto listing = listing_of(tenant, filter, before, listed.next, limit + 1);
  TRY(listed.uploads, select_uploads(tx, listing.condition, std::move(listing.args)));
  if (std::ssize(listed.uploads) > limit) {
    listed.uploads.pop_back();
    listed.next = listed.uploads.back().id.str();
  }
  return listed;
}

Result<std::vector<Upload>> due_uploads(sql::Transaction& tx, UploadState state, Time now, int limit) {
  return select_uploads(tx, "deadline_us <= $1 AND state = $2 ORDER BY deadline_us LIMIT $3",
                        {sql::value(now), std::string{to_string(state)}, std::int64_t{limit}});
}

Result<std::vector<Upload>> idle_multiparts(sql::Transaction& tx, Time before, int limit) {
  return select_uploads(tx,
                        "state = 'PENDING' AND multipart_id IS NOT NULL AND updated_us <= $1 "
                        "ORDER BY updated_us LIMIT $2",
                        {sql::value(before), std::int64_t{limit}});
}

Result<void> advance(sql::Transaction& tx, Options const& options, Upload& upload, Step step) {
  auto const from = upload.state;
  auto const refusal = [&] {
    return fail(Code::conflict, fmt::format("The upload is {}, so it cannot become {}.", to_string(from),
                                            to_string(step.to)));
  };
  if (!may_become(from, step.to)) return refusal();
  auto const entry = more_timeline(options, upload, timeline_entry(step.now, step.what, step.detail));
  TRY(auto const changed,
      tx.execute(advance_sql,
                 {upload.tenant.str(), upload.id.str(), std::string{to_string(from)},
                  std::string{to_string(step.to)}, sql::value(step.now), sql::value_or_null(step.deadline),
                  step.requeues, text_or_null(step.error_code), text_or_null(step.error_message), entry,
                  text_or_null(upload.object_key)}));
  if (changed == 0) return refusal();
  upload.state = step.to;
  upload.updated_at = step.now;
  upload.deadline = step.deadline;
  upload.requeues = step.requeues;
  upload.error_code = std::move(step.error_code);
  upload.error_message = std::move(step.error_message);
  upload.timeline += entry;

  auto const holds = (holds_quota(step.to) ? 1 : 0) - (holds_quota(from) ? 1 : 0);
  TRY(auto const total, move_quota(tx, upload, holds));
  CHECK(count_moved(tx, upload, from));
  CHECK(insert_change(tx, upload.tenant, total.change_seq, step.now, upload.project, upload.batch, &upload));
  return forgets_file(step.to) ? forget(tx, upload) : Result<void>{};
}

Result<void> note(sql::Transaction& tx, Options const& options, Upload& upload, Time now,
                  std::string_view what, std::string_view detail, std::optional<Time> deadline) {
  auto const entry = more_timeline(options, upload, timeline_entry(now, what, detail));
  TRY(auto const changed,
      tx.execute(note_sql, {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)},
                            sql::value(now), sql::value_or_null(deadline), entry}));
  if (changed == 0) return fail(Code::conflict, "The upload has changed meanwhile.");
  upload.updated_at = now;
  upload.deadline = deadline;
  upload.timeline += entry;
  return {};
}

Result<void> requeue(sql::Transaction& tx, Options const& options, Upload& upload, Time now, Time deadline) {
  CHECK(note(tx, options, upload, now, "requeued", "no worker was done with it in time", deadline));
  TRY(auto const changed,
      tx.execute("UPDATE uploads SET requeues = requeues + 1 WHERE tenant = $1 AND id = $2 AND state = $3",
                 {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)}}));
  if (changed == 0) return fail(Code::conflict, "The upload has changed meanwhile.");
  ++upload.requeues;
  return {};
}

Result<void> record_findings(sql::Transaction& tx, TenantId const& tenant, UploadId const& id,
                             Findings const& findings) {
  TRY(auto const changed,
      tx.execute("UPDATE uploads SET sha256 = $3, media = $4, scan = $5, thumbnails = $6, preview = $7 "
                 "WHERE tenant = $1 AND id = $2",
                 {tenant.str(), id.str(), findings.sha256, findings.media, findings.scan, findings.thumbnails,
                  text_or_null(findings.preview)}));
  HOIST_ASSERT(changed == 1);
  return {};
}

Result<void> record_scan(sql::Transaction& tx, Upload const& upload, std::string const& scan) {
  CHECK(tx.execute("UPDATE uploads SET scan = $3 WHERE tenant = $1 AND id = $2",
                   {upload.tenant.str(), upload.id.str(), scan}));
  return {};
}

Result<void> record_object_key(sql::Transaction& tx, TenantId const& tenant, UploadId const& id,
                               std::string const& key) {
  CHECK(tx.execute("UPDATE uploads SET object_key = $3 WHERE tenant = $1 AND id = $2 AND object_key IS NULL",
                   {tenant.str(), id.str(), key}));
  return {};
}

Result<bool> knows_bytes(sql::Transaction& tx, TenantId const& tenant, std::string const& sha256) {
  TRY(auto const rows,
      tx.query("SELECT 1 FROM uploads WHERE tenant = $1 AND sha256 = $2 LIMIT 1", {tenant.str(), sha256}));
  return !rows.empty();
}

// One statement, so that parts which commit side by side do not undo each other's mark.
Result<bool> mark_part(sql::Transaction& tx, Upload& upload, int number, Time now) {
  TRY(auto const rows,
      tx.query("UPDATE uploads SET updated_us = $4, "
               "parts_seen = substr(parts_seen, 1, $3 - 1) || '1' || substr(parts_seen, $3 + 1) "
               "WHERE tenant = $1 AND id = $2 AND state = 'PENDING' RETURNING parts_seen",
               {upload.tenant.str(), upload.id.str(), std::int64_t{number}, sql::value(now)}));
  if (!rows.empty()) upload.parts_seen = rows[0].text(0);
  return !rows.empty();
}

Result<void> claim_multipart(sql::Transaction& tx, Upload const& upload, std::string const& multipart_id) {
  CHECK(
      tx.execute("UPDATE uploads SET multipart_id = $3 WHERE tenant = $1 AND id = $2 "
                 "AND state = 'PENDING' AND multipart_id IS NULL",
                 {upload.tenant.str(), upload.id.str(), multipart_id}));
  return {};
}

Result<void> replan_parts(sql::Transaction& tx, Upload const& planned, std::int64_t old_part_size, Time now) {
  CHECK(
      tx.execute("UPDATE uploads SET part_size = $3, parts_seen = $4, multipart_id = NULL, updated_us = $5 "
                 "WHERE tenant = $1 AND id = $2 AND state = 'PENDING' AND part_size = $6",
                 {planned.tenant.str(), planned.id.str(), planned.part_size, planned.parts_seen,
                  sql::value(now), old_part_size}));
  return {};
}

Result<void> put_last(sql::Transaction& tx, Upload const& upload, Time now) {
  CHECK(tx.execute("UPDATE uploads SET updated_us = $3 WHERE tenant = $1 AND id = $2 AND state = 'PENDING'",
                   {upload.tenant.str(), upload.id.str(), sql::value(now)}));
  return {};
}

Result<bool> put_off(sql::Transaction& tx, Upload const& upload, Time deadline) {
  TRY(auto const changed,
      tx.execute("UPDATE uploads SET deadline_us = $4 WHERE tenant = $1 AND id = $2 AND state = $3",
                 {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)},
                  sql::value(deadline)}));
  return changed == 1;
}

Result<void> leave_objects(sql::Transaction& tx, Upload const& upload, std::string const& leftovers) {
  CHECK(
      tx.execute("UPDATE uploads SET deadline_us = updated_us, leftovers = $3 WHERE tenant = $1 AND id = $2",
                 {upload.tenant.str(), upload.id.str(), leftovers}));
  return {};
}

Result<void> forget_leftovers(sql::Transaction& tx, Upload const& upload) {
  CHECK(
      tx.execute("UPDATE uploads SET deadline_us = NULL, leftovers = NULL "
                 "WHERE tenant = $1 AND id = $2 AND state = $3",
                 {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)}}));
  return {};
}

Result<void> forget_bytes(sql::Transaction& tx, Upload const& upload) {
  CHECK(
      tx.execute("UPDATE uploads SET deadline_us = NULL, thumbnails = NULL, leftovers = NULL "
                 "WHERE tenant = $1 AND id = $2 AND state = $3",
                 {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)}}));
  return {};
}

Result<void> insert_change(sql::Transaction& tx, TenantId const& tenant, std::int64_t seq, Time at,
                           ProjectId const& project, BatchId const& batch, Upload const* upload) {
  auto const id = upload == nullptr ? sql::null() : sql::Value{upload->id.str()};
  auto const state = upload == nullptr ? sql::null() : sql::Value{std::string{to_string(upload->state)}};
  TRY(auto const count,
      tx.execute("INSERT INTO changes (tenant, seq, at_us, project_id, batch_id, upload_id, "
                 "state) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {tenant.str(), seq, sql::value(at), project.str(), text_or_null(batch.str()), id, state}));
  HOIST_ASSERT(count == 1);
  return {};
}

Result<std::vector<StateCount>> count_batch(sql::Transaction& tx, TenantId const& tenant,
                                            BatchId const& batch) {
  TRY(auto const rows,
      tx.query("SELECT state, count(*), CAST(sum(size) AS BIGINT), max(updated_us) FROM uploads "
               "WHERE tenant = $1 AND batch_id = $2 GROUP BY state",
               {tenant.str(), batch.str()}));
  auto counts = std::vector<StateCount>{};
  for (auto const& row : rows) {
    auto const state = parse_upload_state(row.text(0));
    HOIST_ASSERT(state);
    counts.push_back({*state, row.integer(1), row.integer(2), row.time(3)});
  }
  return counts;
}

Result<StateNumbers> count_states(sql::Transaction& tx) {
  auto numbers = StateNumbers{};
  TRY(auto const rows, tx.query("SELECT state, count(*), min(created_us) FROM uploads GROUP BY state"));
  for (auto const& row : rows) {
    auto const state = parse_upload_state(row.text(0));
    if (!state) return fail(Code::internal, "An upload is in an unknown state.");
    numbers.files[*state] = row.integer(1);
    if (is_final(*state)) continue;
    auto& oldest = numbers.oldest_unsettled;
    oldest = std::min(oldest.value_or(row.time(2)), row.time(2));
  }
  return numbers;
}

std::string quota_states() {
  auto states = std::string{};
  for (auto i = 0; i < static_cast<int>(UploadState::count_); ++i)
    if (auto const state = static_cast<UploadState>(i); holds_quota(state))
      states += fmt::format("{}'{}'", states.empty() ? "" : ", ", to_string(state));
  return states;
}

Result<void> begin_account(sql::Transaction& tx, TenantId const& tenant, std::int64_t change_seq) {
  CHECK(
      tx.execute("INSERT INTO tenant_usage (tenant, bytes, files, change_seq) VALUES ($1, 0, 0, $2) "
                 "ON CONFLICT (tenant) DO NOTHING",
                 {tenant.str(), change_seq}));
  return {};
}

Result<bool> add_file_to_batch(sql::Transaction& tx, TenantId const& tenant, BatchId const& id) {
  TRY(auto const changed, tx.execute("UPDATE batches SET files = files + 1 WHERE tenant = $1 AND id = $2",
                                     {tenant.str(), id.str()}));
  return changed == 1;
}

}  // namespace hoist::uploads
