#include "tasks/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "tasks/chain_check.hpp"
#include "tasks/ends.hpp"
#include "tasks/render.hpp"
#include "tasks/service.hpp"

namespace hoist::tasks {
namespace {

constexpr auto time_max = std::chrono::hours{6};
constexpr int page_tasks = 500;

using Problems = std::vector<std::string>;

struct ChainedGroup {
  TenantId tenant;
  std::string name;
};

Result<std::vector<ChainedGroup>> groups_of_tasks(sql::Transaction& tx) {
  TRY(auto const rows,
      tx.query("SELECT tenant, group_name FROM queue_groups WHERE queue = $1 ORDER BY tenant, group_name",
               {task_queue}));
  auto groups = std::vector<ChainedGroup>{};
  for (auto const& row : rows) groups.push_back({TenantId{row.text(0)}, row.text(1)});
  return groups;
}

// As the queue has it: apart from the tasks' own rows.
Result<Link> last_link_of(sql::Transaction& tx, ChainedGroup const& group) {
  TRY(auto const rows,
      tx.query("SELECT last_sequence, chain FROM queue_groups WHERE queue = $1 AND tenant = $2 "
               "AND group_name = $3",
               {task_queue, group.tenant.str(), group.name}));
  return rows.empty() ? Link{} : Link{rows[0].integer(0), rows[0].text(1)};
}

// Answers what is wrong, in words.
Async<Problems> check_group_once(sql::Database& database, Service& service, ChainedGroup group) {
  auto check = ChainCheck{};
  auto const deadline = deadline_in(time_max);
  for (auto more = true; more;) {
    CO_TRY(auto const proofs, co_await service.group_tasks(group.tenant, group.name, check.last_sequence(),
                                                           page_tasks, deadline));
    for (auto const& proof : proofs) check.take(render_proof(proof));
    more = std::ssize(proofs) == page_tasks;
  }
  auto const queued = [&](sql::Transaction& tx) { return last_link_of(tx, group); };
  CO_TRY(auto const last, co_await database.read(Scope::tenant(group.tenant), queued, deadline));
  check.end({{"last_sequence", last.sequence}, {"chain", last.chain}});
  auto problems = Problems{};
  for (auto const& problem : check.problems())
    problems.push_back(fmt::format("group {} of {}: {}", group.name, group.tenant.str(), problem));
  co_return problems;
}

// Beside a server a group changes between two of its pages. What is wrong with it stays wrong.
Async<Problems> check_group(sql::Database& database, Service& service, ChainedGroup group) {
  CO_TRY(auto const first, co_await check_group_once(database, service, group));
  if (first.empty()) co_return Problems{};
  CO_TRY(auto again, co_await check_group_once(database, service, std::move(group)));
  std::erase_if(again, [&](auto const& problem) { return std::ranges::find(first, problem) == first.end(); });
  co_return again;
}

Async<Problems> check_receipts(Records records, Metrics& metrics) {
  auto service = Service{
      Ports{records.database, records.outbox, records.joint, records.idempotency, records.audit, metrics},
      {}};
  CO_TRY(auto const groups,
         co_await records.database.read(Scope::system(), groups_of_tasks, deadline_in(time_max)));
  CO_TRY(auto problems, co_await check_ends(records.database, records.secrets, deadline_in(time_max)));
  for (auto const& group : groups) {
    CO_TRY(auto found, co_await check_group(records.database, service, group));
    std::ranges::move(found, std::back_inserter(problems));
  }
  co_return problems;
}

}  // namespace

std::vector<Check> checks(Records const& records, Metrics& metrics) {
  return {{"tasks", [records, &metrics] { return check_receipts(records, metrics); }}};
}

}  // namespace hoist::tasks
