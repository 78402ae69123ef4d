#include "bin/recover.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "hosts/admin.hpp"
#include "processing/settings.hpp"
#include "tasks/ends.hpp"
#include "tenants/operator.hpp"
#include "tenants/tenant_table.hpp"
#include "uploads/feature.hpp"
#include "uploads/follower.hpp"

namespace hoist::bin {
namespace {

constexpr auto patience = std::chrono::minutes{1};
constexpr auto sharing_patience = std::chrono::hours{1};  // a commit for each upload that shares bytes

using Names = std::vector<std::string>;

Async<Names> unknown_tenants(sql::Database& database) {
  auto find = [](sql::Transaction& tx) -> Result<Names> {
    TRY(auto const rows, tx.query("SELECT DISTINCT tenant FROM uploads"
                                  " WHERE tenant NOT IN (SELECT tenant FROM tenants)"));
    auto names = Names{};
    for (auto const& row : rows) names.push_back(row.text(0));
    return names;
  };
  co_return co_await database.read(Scope::system(), find, deadline_in(patience));
}

// Those whose uploads came back; their limits are the installation's until an operator sets others.
Async<> make_tenants(Records const& records) {
  auto table = tenants::TenantTable{};
  auto tenants = tenants::Operator{{records.database, table, records.audit, records.clock}};
  CO_TRY(auto const names, co_await unknown_tenants(records.database));
  for (auto const& name : names) {
    auto wanted = tenants::NewTenant{TenantId{name}, name, std::nullopt, std::nullopt};
    CO_CHECK(co_await tenants.create(std::move(wanted), deadline_in(patience)));
  }
  co_return Result<void>{};
}

void tell(disk::Recovered const& recovered, uploads::Recovery::Shared const& shared) {
  fmt::print("{} objects were made again from their files; their uploads are processed at the next start\n",
             recovered.objects);
  auto const line = [](std::int64_t count, char const* what) {
    if (count > 0) fmt::print("{} {}\n", count, what);
  };
  line(shared.uploads, "uploads that share the bytes of others were made again");
  line(shared.deletions, "deletions that the database had forgotten were made again");
  line(shared.byteless, "uploads share bytes that are missing, and did not come back");
  line(recovered.put_back, "files were put back from lost+found");
  line(recovered.not_wanted, "files are of objects that were replaced, or of uploads that had ended");
  line(recovered.incomplete, "objects are missing some of their parts and did not come back");
  line(recovered.unlabelled, "files do not say what they are: unfinished, damaged or of an early version");
}

Async<> recover_all(embedded::Engine& engine, disk::Objects& objects, uploads::Recovery& recovery) {
  CO_CHECK(recovery.read_journal());
  CO_TRY(auto const recovered, co_await objects.recover(&recovery));
  auto& database = engine.records().database;
  CO_TRY(auto const shared,
         co_await recovery.recover_sharing(database, objects, deadline_in(sharing_patience)));
  CO_CHECK(co_await make_tenants(engine.records()));
  // The tasks of before are lost with their database: what was signed of them says nothing about the next
  // ones.
  CO_CHECK(engine.records().secrets.replace(tasks::ends_secret, ""));
  tell(recovered, shared);
  co_return co_await engine.accept_as_it_is(deadline_in(patience));
}

}  // namespace

Result<void> recover(std::string const& folder, std::string const& bucket) {
  TRY(auto const admin, hosts::Admin::open(folder, Mode::repair));
  TRY(auto* const opened, admin->embedded());
  auto& engine = *opened;
  auto const records = engine.records();
  if (!engine.moved_away().empty())
    fmt::print("hoist.db was damaged and is kept as {}\n", engine.moved_away());
  auto options = uploads::Options{};
  options.bucket = bucket;
  auto follower = uploads::ProcessingFollower{options};
  CHECK(records.queues.declare(options.queue, uploads::processing_policy(processing::Settings{}.attempts_max),
                               &follower));
  auto const intake = uploads::make_intake(records, std::move(options));
  TRY(auto* const objects, engine.files());
  return run_to_end<void>([&] { return recover_all(engine, *objects, intake->recovery()); });
}

}  // namespace hoist::bin
