#include "uploads/project_counts.hpp"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "base/assert.hpp"
#include "base/try.hpp"
#include "sql/insert_rows.hpp"

namespace hoist::uploads {
namespace {

struct Added {
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  Time at;
};
using Place = std::tuple<std::string, std::string, UploadState>;  // tenant, project

bool same_place(Upload const& a, Upload const& b) {
  return a.state == b.state && a.project == b.project && a.tenant == b.tenant;
}

Result<void> add(sql::Transaction& tx, std::map<Place, Added> const& places) {
  constexpr std::string_view add_sql =
      "INSERT INTO project_counts (tenant, project_id, state, files, bytes, updated_us) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant, project_id, state) DO UPDATE SET "
      "files = project_counts.files + excluded.files, bytes = project_counts.bytes + excluded.bytes, "
      "updated_us = CASE WHEN excluded.updated_us > project_counts.updated_us THEN excluded.updated_us "
      "ELSE project_counts.updated_us END";
  for (auto const& [place, added] : places) {
    auto const& [tenant, project, state] = place;
    CHECK(tx.execute(add_sql, {tenant, project, std::string{to_string(state)}, added.files, added.bytes,
                               sql::value(added.at)}));
  }
  return {};
}

}  // namespace

Result<void> count_inserted(sql::Transaction& tx, std::span<Upload const* const> uploads) {
  auto places = std::map<Place, Added>{};
  auto* added = static_cast<Added*>(nullptr);
  auto const* before = static_cast<Upload const*>(nullptr);
  for (auto const* upload : uploads) {
    // The files of a batch are of one place, or of two.
    if (before == nullptr || !same_place(*before, *upload))
      added = &places[{upload->tenant.str(), upload->project.str(), upload->state}];
    ++added->files;
    added->bytes += upload->size;
    added->at = upload->created_at;
    before = upload;
  }
  return add(tx, places);
}

Result<void> count_moved(sql::Transaction& tx, Upload const& upload, UploadState from) {
  if (upload.state == from) return {};
  auto const tenant = upload.tenant.str();
  auto const project = upload.project.str();
  auto const kept = forgets_file(upload.state) ? 0 : upload.size;
  return add(tx, {{{tenant, project, from}, {-1, -upload.size, upload.updated_at}},
                  {{tenant, project, upload.state}, {1, kept, upload.updated_at}}});
}

Result<std::vector<ProjectCount>> count_projects(sql::Transaction& tx, TenantId const& tenant,
                                                 ProjectId const& only) {
  auto args = sql::args(tenant.str());
  if (!only.empty()) args.emplace_back(only.str());
  TRY(auto const rows, tx.query(fmt::format("SELECT project_id, state, files, bytes, updated_us FROM "
                                            "project_counts WHERE tenant = $1 {} AND files > 0 "
                                            "ORDER BY project_id, state",
                                            only.empty() ? "" : "AND project_id = $2"),
                                std::move(args)));
  auto projects = std::vector<ProjectCount>{};
  for (auto const& row : rows) {
    auto const state = parse_upload_state(row.text(1));
    HOIST_ASSERT(state);
    if (projects.empty() || projects.back().id.str() != row.text(0))
      projects.push_back({ProjectId{row.text(0)}, {}});
    projects.back().counts.push_back({*state, row.integer(2), row.integer(3), row.time(4)});
  }
  return projects;
}

Result<std::vector<std::string>> check_projects(sql::Transaction& tx) {
  TRY(auto const rows,
      tx.query("SELECT tenant, project_id, state FROM ("
               "SELECT tenant, project_id, state, files, bytes FROM project_counts UNION ALL "
               "SELECT tenant, project_id, state, -1, -size FROM uploads) AS both_sides "
               "GROUP BY tenant, project_id, state HAVING sum(files) <> 0 OR sum(bytes) <> 0"));
  auto wrong = std::vector<std::string>{};
  for (auto const& row : rows)
    wrong.push_back(fmt::format("The count of {} files in project {} of tenant {} is wrong.", row.text(2),
                                row.text(1), row.text(0)));
  return wrong;
}

}  // namespace hoist::uploads
