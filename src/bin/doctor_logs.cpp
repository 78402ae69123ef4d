#include "bin/doctor_logs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <iterator>
#include <streambuf>

#include "base/try.hpp"
#include "bin/cli/tasks_verify.hpp"
#include "events/export.hpp"
#include "events/feature.hpp"
#include "events/verify.hpp"
#include "model/queue_names.hpp"
#include "tasks/render.hpp"
#include "tasks/service.hpp"

namespace hoist::bin {
namespace {

constexpr auto time_max = std::chrono::hours{6};
constexpr int page_tasks = 500;
constexpr auto buffer_bytes = std::size_t{65'536};

using Problems = std::vector<std::string>;

// Reads a stream of the server's where a plain std::istream is wanted. For the main thread of a command.
class Pulled final : public std::streambuf {
 public:
  explicit Pulled(net::BodySource& source) : source_{source} {}
  [[nodiscard]] Result<void> const& outcome() const { return outcome_; }

 protected:
  int_type underflow() override {
    auto const got = run_to_end<std::size_t>([&] { return source_.read(buffer_); });
    if (!got) outcome_ = std::unexpected{got.error()};
    auto const count = got.value_or(0);
    setg(buffer_.data(), buffer_.data(), buffer_.data() + count);
    return count == 0 ? traits_type::eof() : traits_type::to_int_type(buffer_.front());
  }

 private:
  net::BodySource& source_;
  std::array<char, buffer_bytes> buffer_{};
  Result<void> outcome_;
};

Result<Problems> check_log(events::Exports& exports, TenantId const& tenant, std::string const& key) {
  using Source = std::shared_ptr<net::BodySource>;
  TRY(auto const source, run_to_end<Source>([&] { return exports.ndjson(tenant, deadline_in(time_max)); }));
  auto pulled = Pulled{*source};
  auto lines = std::istream{&pulled};
  auto const verdict = events::verify_export(lines, key);
  CHECK(pulled.outcome());
  if (verdict.ok()) return Problems{};
  return Problems{
      fmt::format("log of {}: event {}: {}", tenant.str(), verdict.problem_sequence, verdict.problem)};
}

// A server that was killed right after its first checkpoint has no marks yet.
Result<Problems> check_against_marks(Records const& records, Ed25519Key const& key) {
  auto const text = records.secrets.read(events::marks_secret);
  if (!text && text.error().code() == Code::not_found) return Problems{};
  if (!text) return std::unexpected{text.error()};
  auto const marks = events::Marks::make(*text, {});
  if (!marks) return Problems{fmt::format("{}: {}", events::marks_secret, marks.error().detail())};
  return run_to_end<Problems>([&] {
    return events::check_marks(records.database, records.event_index, **marks, key.public_key(),
                               deadline_in(time_max));
  });
}

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
Result<tasks::Link> last_link_of(sql::Transaction& tx, ChainedGroup const& group) {
  TRY(auto const rows,
      tx.query("SELECT last_sequence, chain FROM queue_groups WHERE queue = $1 AND tenant = $2 "
               "AND group_name = $3",
               {task_queue, group.tenant.str(), group.name}));
  return rows.empty() ? tasks::Link{} : tasks::Link{rows[0].integer(0), rows[0].text(1)};
}

Async<Problems> check_group_once(sql::Database& database, tasks::Service& service, ChainedGroup group) {
  auto check = cli::ChainCheck{};
  auto const deadline = deadline_in(time_max);
  for (auto more = true; more;) {
    CO_TRY(auto const proofs, co_await service.group_tasks(group.tenant, group.name, check.last_sequence(),
                                                           page_tasks, deadline));
    for (auto const& proof : proofs) check.take(tasks::render_proof(proof));
    more = std::ssize(proofs) == page_tasks;
  }
  CO_TRY(auto const view, co_await service.group(group.tenant, group.name, deadline));
  auto shown = tasks::render_group(view, service.clock().now());
  auto const queued = [&](sql::Transaction& tx) { return last_link_of(tx, group); };
  CO_TRY(auto const last, co_await database.read(Scope::tenant(group.tenant), queued, deadline));
  shown["last_sequence"] = last.sequence;
  shown["chain"] = last.chain;
  check.end(shown);
  auto problems = Problems{};
  for (auto const& problem : check.problems())
    problems.push_back(fmt::format("group {} of {}: {}", group.name, group.tenant.str(), problem));
  co_return problems;
}

// Beside a server a group changes between two of its pages. What is wrong with it stays wrong.
Async<Problems> check_group(sql::Database& database, tasks::Service& service, ChainedGroup group) {
  CO_TRY(auto const first, co_await check_group_once(database, service, group));
  if (first.empty()) co_return Problems{};
  CO_TRY(auto again, co_await check_group_once(database, service, std::move(group)));
  std::erase_if(again, [&](auto const& problem) { return std::ranges::find(first, problem) == first.end(); });
  co_return again;
}

}  // namespace

Result<Problems> check_event_logs(Records const& records, Metrics& metrics) {
  auto const pem = records.secrets.read(events::key_secret);
  if (!pem && pem.error().code() == Code::not_found) return Problems{"keys/event_log.pem is missing"};
  if (!pem) return std::unexpected{pem.error()};
  TRY(auto const key, Ed25519Key::from_pem(*pem));
  auto service =
      events::Service{records.database, records.event_index, records.event_details, records.wakeups, metrics};
  auto checkpoints =
      events::Checkpoints{{records.database, records.event_index, records.clock, metrics}, key};
  auto exports = events::Exports{{records.database, records.event_index, service, checkpoints}};
  auto find = [&](sql::Transaction& tx) { return records.event_index.tenants(tx); };
  using Tenants = std::vector<TenantId>;
  TRY(auto const tenants, run_to_end<Tenants>([&]() -> Async<Tenants> {
        co_return co_await records.database.read(Scope::system(), find, deadline_in(time_max));
      }));
  auto problems = Problems{};
  for (auto const& tenant : tenants) {
    TRY(auto found, check_log(exports, tenant, key.public_key()));
    std::ranges::move(found, std::back_inserter(problems));
  }
  TRY(auto found, check_against_marks(records, key));
  std::ranges::move(found, std::back_inserter(problems));
  return problems;
}

Result<Problems> check_task_receipts(Records const& records, Metrics& metrics) {
  auto service = tasks::Service{tasks::Ports{records.database, records.outbox, records.joint,
                                             records.idempotency, records.audit, records.clock, metrics},
                                {}};
  return run_to_end<Problems>([&]() -> Async<Problems> {
    CO_TRY(auto const groups,
           co_await records.database.read(Scope::system(), groups_of_tasks, deadline_in(time_max)));
    auto problems = Problems{};
    for (auto const& group : groups) {
      CO_TRY(auto found, co_await check_group(records.database, service, group));
      std::ranges::move(found, std::back_inserter(problems));
    }
    co_return problems;
  });
}

}  // namespace hoist::bin
