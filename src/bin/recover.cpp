#include "bin/recover.hpp"

#include <fmt/format.h>

#include "adapters/memory/broadcast.hpp"
#include "adapters/sql/audit.hpp"
#include "app/open_data.hpp"
#include "app/witness.hpp"
#include "base/try.hpp"
#include "tenants/operator.hpp"
#include "tenants/tenant_table.hpp"
#include "uploads/listener.hpp"

namespace hoist::bin {
namespace {

constexpr auto patience = std::chrono::minutes{1};

using Names = std::vector<std::string>;

Async<Names> unknown_tenants(sql::Database& database) {
  auto find = [](sql::Transaction& tx) -> Result<Names> {
    TRY(auto const rows, tx.query("SELECT DISTINCT tenant FROM uploads"
                                  " WHERE tenant NOT IN (SELECT tenant FROM tenants)"));
    auto names = Names{};
    for (auto const& row : rows) names.push_back(row.text(0));
    return names;
  };
  co_return co_await database.read(system_scope(), find, deadline_in(patience));
}

// Those whose uploads came back; their limits are the installation's until somebody sets others.
Async<> make_tenants(app::OpenData& data) {
  auto table = tenants::TenantTable{};
  auto audit = sql_engine::AuditLog{};
  auto desk = tenants::Operator{{*data.database, table, audit, data.clock}};
  CO_TRY(auto const names, co_await unknown_tenants(*data.database));
  for (auto const& name : names) {
    auto wanted = tenants::NewTenant{TenantId{name}, name, std::nullopt, std::nullopt};
    CO_CHECK(co_await desk.create(std::move(wanted), deadline_in(patience)));
  }
  co_return Result<void>{};
}

void tell(disk::Recovered const& recovered) {
  fmt::print("{} objects were made again from their files; their uploads are processed at the next start\n",
             recovered.objects);
  auto const line = [](std::int64_t count, char const* what) {
    if (count > 0) fmt::print("{} {}\n", count, what);
  };
  line(recovered.put_back, "files were put back from lost+found");
  line(recovered.not_wanted, "files are of objects that were replaced, or of uploads that had ended");
  line(recovered.incomplete, "objects are missing some of their parts and did not come back");
  line(recovered.unlabelled, "files do not say what they are: unfinished, damaged or of an early version");
}

Async<> recover_all(app::OpenData& data) {
  CO_TRY(auto const recovered, co_await data.objects->recover());
  CO_CHECK(co_await make_tenants(data));
  tell(recovered);
  co_return Result<void>{};
}

}  // namespace

Result<void> recover(std::string const& folder, std::string const& bucket) {
  auto moved_to = std::string{};
  TRY(auto const data, app::open_to_recover(folder, moved_to));
  if (!moved_to.empty()) fmt::print("hoist.db was damaged and is kept as {}\n", moved_to);
  auto broadcast = memory::Broadcast{};
  CHECK(data->queue->declare("processing", uploads::processing_policy({}, broadcast, data->clock)));
  auto options = uploads::Options{};
  options.bucket = bucket;
  auto stages = uploads::Stages{};
  auto listener = uploads::ObjectListener{*data->queue, broadcast, stages, data->clock, std::move(options)};
  data->objects->set_events(listener);
  TRY(auto const witness, app::Witness::open(data->folder));
  CHECK(witness->look_at("hoist.db", *data->database));
  auto body = std::function<Async<>()>{[&]() -> Async<> {
    CO_CHECK(co_await recover_all(*data));
    co_return co_await witness->note(*data->files, deadline_in(patience));
  }};
  CHECK(run_to_end<void>(body));
  // What the witness said of this database is settled; that a server did not come to its end, too.
  auto const use = app::Witness::Use{data->folder};
  return {};
}

}  // namespace hoist::bin
