#include "uploads/changes.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/project_counts.hpp"
#include "uploads/render.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

constexpr std::int64_t page_rows = 500;

constexpr std::string_view changes_sql =
    "SELECT c.seq, c.at_us, c.project_id, c.batch_id, c.upload_id, c.state, u.filename, u.content_type, "
    "u.size, u.error_code, u.error_message, u.preview, u.state FROM changes AS c LEFT JOIN uploads AS u "
    "ON u.tenant = c.tenant AND u.id = c.upload_id WHERE c.tenant = $1 AND c.seq > $2 "
    "ORDER BY c.seq LIMIT $3";

// The state is the one of the change; the rest is as of now.
std::string render_change(sql::Row const& row) {
  auto const& batch = row.text(3);
  auto out = fmt::format(
      R"({{"type":"upload","cursor":{},"at":"{}","upload":{{"id":"{}","project_id":"{}","batch_id":{},)"
      R"("status":"{}")",
      row.integer(0), to_rfc3339(row.time(1)), row.text(4), row.text(2),
      batch.empty() ? "null" : json_string(batch), row.text(5));
  auto const now = parse_upload_state(row.text(12));
  if (now && !forgets_file(*now))
    out += fmt::format(R"(,"filename":{},"content_type":"{}","size":{})", json_string(row.text(6)),
                       row.text(7), row.integer(8));
  if (row.text(5) == to_string(UploadState::uploaded)) out += R"(,"stage":"queued")";
  if (row.text(5) == to_string(UploadState::failed) && row.text(9) == "infected")
    out += R"(,"stage":"quarantined")";
  if (row.text(5) == to_string(UploadState::failed) && !row.is_null(9))
    out += fmt::format(R"(,"error":{{"code":{},"message":{}}})", json_string(row.text(9)),
                       json_string(row.text(10)));
  if (row.text(5) == to_string(UploadState::completed) && !row.is_null(11))
    out += R"(,"preview":)" + row.text(11);
  return out + "}}";
}

std::unexpected<Error> expired() {
  return fail(
      Error{Code::gone, "This cursor is too old. Read the current state, then watch without a cursor."}
          .with_slug("cursor_expired"));
}

}  // namespace

Result<ChangePage> load_changes(sql::Transaction& tx, TenantId const& tenant, std::int64_t after) {
  auto page = ChangePage{};
  page.last = after;
  TRY(auto const rows, tx.query(changes_sql, {tenant.str(), after, page_rows}));
  for (auto const& row : rows) {
    // Numbers are dense, so a missing one was forgotten.
    if (row.integer(0) != page.last + 1) return expired();
    page.last = row.integer(0);
    page.touched.projects.insert(row.text(2));
    if (!row.is_null(3)) page.touched.batches.insert(row.text(3));
    if (!row.is_null(4))
      page.events.push_back({page.last, row.text(2), row.text(3), row.text(4),
                             std::make_shared<std::string const>(render_change(row))});
  }
  page.more = std::ssize(rows) == page_rows;
  if (!rows.empty()) return page;
  TRY(auto const head, load_head(tx, tenant));
  if (after > head) return invalid_field("cursor", "must be a cursor that was sent to you");
  if (after < head) return expired();
  return page;
}

Result<std::vector<FeedEvent>> load_progress(sql::Transaction& tx, TenantId const& tenant,
                                             Touched const& touched, std::int64_t cursor, Time now) {
  auto events = std::vector<FeedEvent>{};
  auto const add = [&](ProjectId const& project, std::string batch, std::string_view kind,
                       std::string const& json) {
    auto text = fmt::format(R"({{"type":"{0}","cursor":{1},"at":"{2}","{0}":{3}}})", kind, cursor,
                            to_rfc3339(now), json);
    events.push_back(
        {cursor, project.str(), std::move(batch), {}, std::make_shared<std::string const>(std::move(text))});
  };
  for (auto const& id : touched.projects) {
    TRY(auto const found, count_projects(tx, tenant, ProjectId{id}));
    for (auto const& project : found) add(project.id, {}, "project", render_project(project));
  }
  for (auto const& id : touched.batches) {
    TRY(auto const batch, find_batch(tx, tenant, BatchId{id}));
    TRY(auto const counts, count_batch(tx, tenant, batch.id));
    add(batch.project, id, "batch", render_batch(batch, counts));
  }
  return events;
}

Result<std::int64_t> forget_changes(sql::Transaction& tx, Time before, std::int64_t rows_max) {
  return tx.execute(
      "DELETE FROM changes WHERE (tenant, seq) IN (SELECT tenant, seq FROM changes "
      "WHERE at_us < $1 ORDER BY at_us LIMIT $2)",
      {sql::value(before), rows_max});
}

Result<std::int64_t> load_head(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto const rows, tx.query("SELECT change_seq FROM tenant_usage WHERE tenant = $1", {tenant.str()}));
  return rows.empty() ? std::int64_t{0} : rows[0].integer(0);
}

}  // namespace hoist::uploads
