#include "uploads/reading.hpp"

#include <fmt/format.h>

#include "base/try.hpp"

namespace hoist::uploads {

Reading::Reading(sql::Database& database, Options const& options)
    : database_{database}, cursors_{options.cursors} {}

Async<Upload> Reading::get(TenantId tenant, UploadId id, Deadline deadline) {
  co_return co_await database_.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return find_upload(tx, tenant, id); }, deadline);
}

Async<std::pair<Batch, std::vector<StateCount>>> Reading::get_batch(TenantId tenant, BatchId id,
                                                                    Deadline deadline) {
  using Answer = std::pair<Batch, std::vector<StateCount>>;
  co_return co_await database_.read(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<Answer> {
        TRY(auto batch, find_batch(tx, tenant, id));
        TRY(auto counts, count_batch(tx, tenant, id));
        return Answer{std::move(batch), std::move(counts)};
      },
      deadline);
}

Async<std::vector<ProjectCount>> Reading::projects(TenantId tenant, ProjectId only, Deadline deadline) {
  co_return co_await database_.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return count_projects(tx, tenant, only); },
      deadline);
}

Async<Page> Reading::list(TenantId tenant, ListFilter filter, std::string cursor, int limit,
                          Deadline deadline) {
  auto const scope = fmt::format("{}\n{}\n{}\n{}\n{}", tenant.str(), filter.project, filter.batch,
                                 filter.state ? to_string(*filter.state) : std::string_view{}, filter.search);
  auto before = std::string{};
  if (!cursor.empty()) {
    CO_TRY(before, cursors_.read(scope, cursor));
  }
  auto find = [&](sql::Transaction& tx) { return list_uploads(tx, tenant, filter, before, limit); };
  CO_TRY(auto found, co_await database_.read(Scope::tenant(tenant), find, deadline));
  auto page = Page{std::move(found.uploads), {}};
  if (!found.next.empty()) page.next_cursor = cursors_.make(scope, found.next);
  co_return page;
}

}  // namespace hoist::uploads
