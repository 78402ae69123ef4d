#include "tasks/ends.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::tasks {
namespace {

constexpr auto alarm = "tasks were taken away or changed behind the server's back";
constexpr std::size_t key_bytes = 32;
constexpr std::size_t groups_at_once = 500;    // that one transaction signs
constexpr std::size_t noted_max = 100'000;     // then all groups are looked at
constexpr std::int64_t rows_at_once = 10'000;  // that a check reads
constexpr std::size_t problems_max = 100;

struct Kept {  // outside of the database
  std::string key;
  std::int64_t round = 0;
};

struct StoredMark {
  std::int64_t round = 0;
  std::string state;
  std::string signature;
};

struct SignedEnd {
  TenantId tenant;
  std::string group;
  Link end;
};

std::string member_of(TenantId const& tenant, std::string const& group, Link const& end) {
  return fmt::format("{}\n{}\n{}\n{}", tenant.str(), group, end.sequence, end.chain);
}

std::string signature_of(std::string const& key, std::int64_t round, std::string const& state) {
  return base64url(hmac_sha256(key, fmt::format("ends of task groups\n{}\n{}", round, state)));
}

// Nothing: it was never written, or is to be written anew.
Result<std::optional<Kept>> read_kept(Secrets const& secrets) {
  auto const text = secrets.read(ends_secret);
  if (!text && text.error().code() == Code::not_found) return std::nullopt;
  if (!text) return std::unexpected{text.error()};
  if (text->empty()) return std::nullopt;
  TRY(auto const value, parse_json(*text));
  if (!value.is_object()) return fail(Code::invalid, "keys/task_ends.json is not a JSON object.");
  auto fields = Fields{value.get_object()};
  auto kept = Kept{unbase64url(fields.text("key", {})).value_or(""), fields.number("round", {})};
  CHECK(fields.finish());
  return kept;
}

Result<std::optional<StoredMark>> read_mark(sql::Transaction& tx, std::string_view lock = {}) {
  TRY(auto const rows,
      tx.query(fmt::format("SELECT round, state, signature FROM task_ends_mark WHERE id = 1{}", lock)));
  if (rows.empty()) return std::nullopt;
  return StoredMark{rows[0].integer(0), rows[0].text(1), rows[0].text(2)};
}

// What is wrong with the mark, if anything: without the key none can be made, so one that is genuine and not
// older than the file is the newest.
std::string problem_of(std::optional<StoredMark> const& mark, Kept const& kept) {
  if (!mark && kept.round > 0) return "what was signed of the groups of tasks is not there any more";
  if (!mark) return {};
  if (signature_of(kept.key, mark->round, mark->state) != mark->signature)
    return "what was signed of the groups of tasks was changed";
  if (mark->round < kept.round) return "the groups of tasks are those of an earlier time";
  return {};
}

// What is wrong with a group whose end was signed, if anything.
Result<std::string> problem_of(sql::Transaction& tx, SignedEnd const& was, Link const& now) {
  if (now.sequence < was.end.sequence)
    return fmt::format("group {} of {}: {} tasks were accepted and signed, and it says {}", was.group,
                       was.tenant.str(), was.end.sequence, now.sequence);
  TRY(auto const chain, find_chain(tx, was.tenant, was.group, was.end.sequence));
  // The receipt of a task that is forgotten is kept only while it is the newest.
  if (chain.empty() || chain == was.end.chain) return std::string{};
  return fmt::format("group {} of {}: the receipt of {} is not the one that was signed", was.group,
                     was.tenant.str(), was.end.sequence);
}

Result<std::vector<SignedEnd>> next_signed(sql::Transaction& tx, SignedEnd const& after) {
  TRY(auto const rows,
      tx.query(
          "SELECT tenant, group_name, sequence, chain FROM task_ends WHERE (tenant, group_name) > ($1, $2) "
          "ORDER BY tenant, group_name LIMIT $3",
          {after.tenant.str(), after.group, rows_at_once}));
  auto ends = std::vector<SignedEnd>{};
  for (auto const& row : rows)
    ends.push_back({TenantId{row.text(0)}, row.text(1), Link{row.integer(2), row.text(3)}});
  return ends;
}

// Groups that are not where they were signed. Reads all of them.
Result<std::vector<std::pair<TenantId, std::string>>> unsigned_groups(sql::Transaction& tx) {
  TRY(auto const rows,
      tx.query(
          "SELECT tenant, group_name FROM ("
          "SELECT tenant, group_name, max(newest) AS newest, max(was) AS was FROM ("
          "SELECT tenant, group_name, max(sequence) AS newest, 0 AS was FROM tasks GROUP BY 1, 2 UNION ALL "
          "SELECT tenant, group_name, sequence, 0 FROM task_links UNION ALL "
          "SELECT tenant, group_name, 0, sequence FROM task_ends) AS each_one "
          "GROUP BY tenant, group_name) AS together WHERE newest <> was"));
  auto groups = std::vector<std::pair<TenantId, std::string>>{};
  for (auto const& row : rows) groups.emplace_back(TenantId{row.text(0)}, row.text(1));
  return groups;
}

}  // namespace

GroupEnds::GroupEnds(sql::Database& database, Secrets& secrets, Metrics& metrics)
    : database_{database},
      secrets_{secrets},
      wrong_{metrics.gauge("hoist_task_ends_wrong",
                           "Groups of tasks that are not what was signed, or 1 when that cannot be told")} {}

void GroupEnds::note(TenantId const& tenant, std::string const& group) {
  auto const lock = Lock{mutex_};
  if (noted_.size() >= noted_max) {
    look_at_all_ = true;
    noted_.clear();
  }
  if (!look_at_all_) noted_.emplace(tenant, group);
}

Async<> GroupEnds::begin(Deadline deadline) {
  CO_TRY(auto kept, read_kept(secrets_));
  auto const fresh = !kept;
  if (fresh) kept = Kept{random_bytes(key_bytes), 0};
  key_ = kept->key;
  round_ = kept->round;
  auto forget = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("DELETE FROM task_ends"));
    CHECK(tx.execute("DELETE FROM task_ends_mark"));
    return {};
  };
  if (fresh) {
    CO_CHECK(co_await database_.write(Scope::system(), forget, deadline));
    CO_CHECK(save());
  }
  begun_ = true;
  co_return Result<void>{};
}

Async<std::vector<GroupEnds::Group>> GroupEnds::take_groups(Deadline deadline) {
  auto groups = std::vector<Group>{};
  auto all = false;
  {
    auto const lock = Lock{mutex_};
    all = std::exchange(look_at_all_, false);
    groups.assign(noted_.begin(), noted_.end());
    noted_.clear();
  }
  if (!all) co_return groups;
  co_return co_await database_.read(Scope::system(), unsigned_groups, deadline);
}

// What was to be looked at is looked at again after any failure, and the key may be another one by then.
Async<> GroupEnds::sweep(Deadline deadline) {
  auto const swept = co_await sweep_once(deadline);
  if (swept) co_return swept;
  begun_ = false;
  auto const lock = Lock{mutex_};
  look_at_all_ = true;
  if (swept.error().code() != Code::corrupt) co_return swept;
  wrong_.set(1);
  log::error(alarm, {{"problem", swept.error().cause()}});
  co_return Result<void>{};
}

Async<> GroupEnds::sweep_once(Deadline deadline) {
  if (!begun_) CO_CHECK(co_await begin(deadline));
  CO_TRY(auto const groups, co_await take_groups(deadline));
  auto wrong = std::vector<Wrong>{};
  auto rest = std::span<Group const>{groups};
  do {  // once without any, so that a mark which is wrong is seen
    auto const some = rest.first(std::min(rest.size(), groups_at_once));
    rest = rest.subspan(some.size());
    auto found = std::vector<Wrong>{};
    auto work = [&](sql::Transaction& tx) { return sign_groups(tx, some, found); };
    CO_TRY(round_, co_await database_.write(Scope::system(), work, deadline));
    std::ranges::move(found, std::back_inserter(wrong));
  } while (!rest.empty());
  if (!groups.empty()) CO_CHECK(save());
  complain(wrong);
  co_return Result<void>{};
}

// Answers the number of the mark. Several servers sign in turns, by the lock on its row.
Result<std::int64_t> GroupEnds::sign_groups(sql::Transaction& tx, std::span<Group const> groups,
                                            std::vector<Wrong>& wrong) const {
  wrong.clear();
  TRY(auto const stored, read_mark(tx, sql::for_update));
  if (auto problem = problem_of(stored, {key_, round_}); !problem.empty())
    return fail(Error{Code::corrupt}.with_cause(std::move(problem)));
  auto digest = SetHash{};
  if (stored) {
    TRY(digest, SetHash::parse(stored->state));
  }
  auto const before = digest;
  for (auto const& [tenant, group] : groups) {
    TRY(auto const now, find_last_link(tx, tenant, group));
    TRY(auto const was, find_signed_end(tx, tenant, group));
    TRY(auto problem, problem_of(tx, {tenant, group, was}, now));
    if (!problem.empty()) {
      wrong.push_back({{tenant, group}, std::move(problem)});
      continue;
    }
    if (now.sequence == was.sequence) continue;
    if (was.sequence > 0) digest.remove(member_of(tenant, group, was));
    digest.add(member_of(tenant, group, now));
    CHECK(
        tx.execute("INSERT INTO task_ends (tenant, group_name, sequence, chain) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (tenant, group_name) DO UPDATE SET sequence = $3, chain = $4",
                   {tenant.str(), group, now.sequence, now.chain}));
  }
  auto const round = stored ? stored->round : std::int64_t{0};
  if (digest == before) return round;
  auto const state = digest.to_text();
  CHECK(
      tx.execute("INSERT INTO task_ends_mark (id, round, state, signature) VALUES (1, $1, $2, $3) "
                 "ON CONFLICT (id) DO UPDATE SET round = $1, state = $2, signature = $3",
                 {round + 1, state, signature_of(key_, round + 1, state)}));
  return round + 1;
}

Result<void> GroupEnds::save() {
  return secrets_.replace(ends_secret,
                          json::serialize(json::object{{"key", base64url(key_)}, {"round", round_}}) + "\n");
}

void GroupEnds::complain(std::vector<Wrong> const& wrong) {
  wrong_.set(static_cast<double>(wrong.size()));
  for (auto const& [group, problem] : wrong) {
    log::error(alarm, {{"problem", problem}});
    note(group.first, group.second);
  }
}

Result<Link> find_signed_end(sql::Transaction& tx, TenantId const& tenant, std::string const& group) {
  TRY(auto const rows, tx.query("SELECT sequence, chain FROM task_ends WHERE tenant = $1 AND group_name = $2",
                                {tenant.str(), group}));
  return rows.empty() ? Link{} : Link{rows[0].integer(0), rows[0].text(1)};
}

Async<std::vector<std::string>> check_ends(sql::Database& database, Secrets const& secrets,
                                           Deadline deadline) {
  using Problems = std::vector<std::string>;
  // Before the database, which may be signed again meanwhile.
  CO_TRY(auto const kept, read_kept(secrets));
  auto look = [&](sql::Transaction& tx) -> Result<Problems> {
    TRY(auto const mark, read_mark(tx));
    if (!kept) return mark ? Problems{"keys/task_ends.json is missing"} : Problems{};
    auto problems = Problems{};
    if (auto problem = problem_of(mark, *kept); !problem.empty()) problems.push_back(std::move(problem));
    auto digest = SetHash{};
    for (auto after = SignedEnd{};;) {
      TRY(auto const ends, next_signed(tx, after));
      for (auto const& was : ends) {
        digest.add(member_of(was.tenant, was.group, was.end));
        TRY(auto const now, find_last_link(tx, was.tenant, was.group));
        TRY(auto problem, problem_of(tx, was, now));
        if (!problem.empty() && problems.size() < problems_max) problems.push_back(std::move(problem));
      }
      if (std::ssize(ends) < rows_at_once) break;
      after = ends.back();
    }
    auto const state = mark ? mark->state : SetHash{}.to_text();
    if (problems.empty() && digest.to_text() != state)
      problems.emplace_back("the ends of groups of tasks are not those that were signed");
    return problems;
  };
  co_return co_await database.read(Scope::system(), look, deadline);
}

}  // namespace hoist::tasks
