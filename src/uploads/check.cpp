#include "uploads/check.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/project_counts.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

constexpr auto look_time_max = std::chrono::minutes{10};

}  // namespace

Result<std::vector<std::string>> check_usage(sql::Transaction& tx) {
  TRY(auto const rows,
      tx.query(fmt::format(
          "SELECT tenant, CAST(sum(bytes) AS BIGINT), CAST(sum(files) AS BIGINT), "
          "CAST(sum(real_bytes) AS BIGINT), CAST(sum(real_files) AS BIGINT) FROM ("
          "SELECT tenant, bytes, files, 0 AS real_bytes, 0 AS real_files FROM tenant_usage UNION ALL "
          "SELECT tenant, 0, 0, size, 1 FROM uploads WHERE object_key IS NULL AND state IN ({0}) UNION ALL "
          "SELECT tenant, 0, 0, max(size), count(*) FROM uploads WHERE object_key IS NOT NULL "
          "AND state IN ({0}) GROUP BY tenant, object_key) AS both_sides "
          "GROUP BY tenant HAVING sum(bytes) <> sum(real_bytes) OR sum(files) <> sum(real_files)",
          quota_states())));
  auto wrong = std::vector<std::string>{};
  for (auto const& row : rows)
    wrong.push_back(fmt::format("Tenant {} is charged {} bytes in {} files, but stores {} bytes in {} files.",
                                row.text(0), row.integer(1), row.integer(2), row.integer(3), row.integer(4)));
  return wrong;
}

Result<std::vector<std::string>> check_objects(sql::Transaction& tx) {
  auto wrong = std::vector<std::string>{};
  // The list of buckets makes the primary key of objects usable.
  TRY(auto const bare,
      tx.query(
          "SELECT u.tenant, u.id FROM uploads u WHERE u.state IN ('UPLOADED', 'COMPLETED') "
          "AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.bucket IN (SELECT DISTINCT bucket FROM objects) "
          "AND o.key = COALESCE(u.object_key, u.tenant || '/' || u.project_id || '/uploads/' || u.id)) "
          "LIMIT 100"));
  for (auto const& row : bare)
    wrong.push_back(fmt::format("upload {} of {} has no object", row.text(1), row.text(0)));
  TRY(auto const stray,
      tx.query(
          "SELECT bucket, key FROM (SELECT bucket, key, substr(key, length(key) - 35) AS id FROM objects "
          "WHERE key LIKE '%/%/uploads/%') AS o WHERE NOT EXISTS ("
          "SELECT 1 FROM tenant_usage t JOIN uploads u ON u.tenant = t.tenant "
          "WHERE o.key LIKE t.tenant || '/%' AND (u.id = o.id OR u.object_key = o.key) "
          "AND (COALESCE(u.object_key, o.key) = o.key OR u.leftovers IS NOT NULL) "
          "AND (u.deadline_us IS NOT NULL OR u.state NOT IN ('EXPIRED', 'CANCELLED', 'DELETED'))) "
          "LIMIT 100"));
  for (auto const& row : stray)
    wrong.push_back(fmt::format("no upload needs the object {} in {}", row.text(1), row.text(0)));
  return wrong;
}

std::vector<Check> checks(sql::Database& database) {
  using Looks = Result<std::vector<std::string>>(sql::Transaction&);
  auto const check = [&](std::string name, Looks* look) -> Check {
    return {std::move(name),
            [&database, look] { return database.read(Scope::system(), look, deadline_in(look_time_max)); }};
  };
  return {check("quota", check_usage), check("projects", check_projects), check("objects", check_objects)};
}

}  // namespace hoist::uploads
