#include "events/checkpoints.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "events/marks.hpp"

namespace hoist::events {
namespace {

constexpr std::uint64_t tile_leaves = 256;
// Events one transaction adds to the tree: a backlog is worked off in steps, not in one long commit.
constexpr std::int64_t step_events = 64 * static_cast<std::int64_t>(tile_leaves);

struct Tile {
  std::int64_t level = 0;
  std::int64_t position = 0;
  std::string hash;
};

// Hashes of ranges of one tenant's leaves, from tiles where they are complete.
class Tree {
 public:
  Tree(sql::Transaction& tx, EventIndex& index, TenantId tenant)
      : tx_{tx}, index_{index}, tenant_{std::move(tenant)} {}

  Result<std::string> range(std::uint64_t begin, std::uint64_t end) {
    if (auto const level = tile_level(begin, end); level > 0) {
      TRY(auto tile, find_tile(level, begin));
      if (!tile.empty()) return tile;
    }
    if (end - begin <= tile_leaves) return range_of_leaves(begin, end);
    auto const middle = begin + merkle_split(end - begin);
    TRY(auto const left, range(begin, middle));
    TRY(auto const right, range(middle, end));
    return merkle_node(left, right);
  }

  // Works out every complete tile that ends in (from, to].
  Result<std::vector<Tile>> tiles(std::uint64_t from, std::uint64_t to) {
    auto made = std::vector<Tile>{};
    auto width = tile_leaves;
    for (std::int64_t level = 1; width <= to; ++level, width *= tile_leaves)
      for (auto end = (from / width + 1) * width; end <= to; end += width) {
        auto tile = Tile{level, static_cast<std::int64_t>((end - width) / width), {}};
        TRY(tile.hash, range(end - width, end));
        made_[{tile.level, tile.position}] = tile.hash;
        made.push_back(std::move(tile));
      }
    return made;
  }

 private:
  // n when [begin, end) is exactly one tile of 256^n leaves, otherwise 0.
  static std::int64_t tile_level(std::uint64_t begin, std::uint64_t end) {
    auto width = tile_leaves;
    for (std::int64_t level = 1; width <= end - begin; ++level, width *= tile_leaves)
      if (width == end - begin) return begin % width == 0 ? level : 0;
    return 0;
  }

  Result<std::string> find_tile(std::int64_t level, std::uint64_t begin) {
    auto width = tile_leaves;
    for (auto i = std::int64_t{1}; i < level; ++i) width *= tile_leaves;
    auto const position = static_cast<std::int64_t>(begin / width);
    if (auto const found = made_.find({level, position}); found != made_.end()) return found->second;
    TRY(auto const rows,
        tx_.query("SELECT hash FROM event_tiles WHERE tenant = $1 AND level = $2 AND position = $3",
                  {tenant_.str(), level, position}));
    return rows.empty() ? std::string{} : unbase64url(rows[0].text(0)).value_or(std::string{});
  }

  Result<std::string> range_of_leaves(std::uint64_t begin, std::uint64_t end) {
    TRY(auto leaves, retired_leaves(begin, end));
    if (auto const more = static_cast<int>(end - begin - leaves.size()); more > 0) {
      auto const after = static_cast<std::int64_t>(begin + leaves.size());
      TRY(auto kept, index_.leaves(tx_, tenant_, after, more));
      std::ranges::move(kept, std::back_inserter(leaves));
    }
    if (leaves.size() != end - begin)
      return fail(Error{Code::corrupt}.with_cause("events of a Merkle range are missing"));
    return merkle_root(leaves);
  }

  // Those past their retention come first.
  Result<std::vector<std::string>> retired_leaves(std::uint64_t begin, std::uint64_t end) {
    TRY(auto const rows,
        tx_.query("SELECT hash FROM event_tiles WHERE tenant = $1 AND level = 0 "
                  "AND position >= $2 AND position < $3 ORDER BY position",
                  {tenant_.str(), static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end)}));
    auto leaves = std::vector<std::string>{};
    for (auto const& row : rows) leaves.push_back(unbase64url(row.text(0)).value_or(std::string{}));
    return leaves;
  }

  sql::Transaction& tx_;
  EventIndex& index_;
  TenantId tenant_;
  std::map<std::pair<std::int64_t, std::int64_t>, std::string> made_;  // not in the database yet
};

constexpr std::string_view columns = "size, root, chain, at_us, key_id, signature";

Checkpoint from_row(TenantId const& tenant, sql::Row const& row) {
  auto const raw = [&](std::size_t i) { return unbase64url(row.text(i)).value_or(std::string{}); };
  return {tenant, row.integer(0), raw(1), raw(2), row.time(3), row.text(4), raw(5)};
}

Result<std::vector<Checkpoint>> select(sql::Transaction& tx, TenantId const& tenant, std::string_view rest,
                                       sql::Args more) {
  auto args = sql::Args{tenant.str()};
  args.insert(args.end(), more.begin(), more.end());
  TRY(auto const rows,
      tx.query(fmt::format("SELECT {} FROM event_checkpoints WHERE tenant = $1 {}", columns, rest),
               std::move(args)));
  auto found = std::vector<Checkpoint>{};
  for (auto const& row : rows) found.push_back(from_row(tenant, row));
  return found;
}

Result<std::optional<Checkpoint>> latest(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto const found, select(tx, tenant, "ORDER BY size DESC LIMIT 1", {}));
  return found.empty() ? std::optional<Checkpoint>{} : std::optional<Checkpoint>{found.front()};
}

// false: another process made one of that size.
Result<bool> insert(sql::Transaction& tx, Checkpoint const& checkpoint) {
  TRY(auto const inserted,
      tx.execute(
          "INSERT INTO event_checkpoints (tenant, size, root, chain, at_us, key_id, signature) "
          "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant, size) DO NOTHING",
          {checkpoint.tenant.str(), checkpoint.size, base64url(checkpoint.root), base64url(checkpoint.chain),
           sql::value(checkpoint.at), checkpoint.key_id, base64url(checkpoint.signature)}));
  return inserted == 1;
}

Result<std::string> chain_at(sql::Transaction& tx, EventIndex& index, TenantId const& tenant,
                             EventHead const& head, std::int64_t sequence) {
  if (sequence == head.last_sequence) return head.chain;
  if (sequence == head.first_sequence - 1) return head.chain_before;
  auto query = EventQuery{};
  query.tenant = tenant;
  query.after = sequence - 1;
  query.limit = 1;
  TRY(auto const found, index.list(tx, query));
  if (found.empty()) return fail(Error{Code::corrupt}.with_cause("the event at the checkpoint is missing"));
  return found.front().chain;
}

// One step of the tree, and the checkpoint at its end: worked out by a reader, so that no writer waits
// for it. What it is made of cannot change any more.
struct Step {
  std::int64_t from = 0;  // size of the checkpoint before
  std::int64_t first_sequence = 1;
  std::int64_t last_sequence = 0;
  Checkpoint made;
  std::vector<Tile> tiles;
};

Result<Step> plan_step(sql::Transaction& tx, EventIndex& index, Ed25519Key const& key, TenantId const& tenant,
                       std::optional<Mark> const& mark) {
  if (mark) CHECK(check_mark(tx, index, key.public_key(), *mark));
  TRY(auto const head, index.head(tx, tenant));
  TRY(auto const last, latest(tx, tenant));
  if (head.last_sequence == 0) return fail(Code::not_found, "There are no events yet.");
  if (last) CHECK(check_past(tx, index, key.public_key(), head, *last));
  auto step = Step{.from = last ? last->size : 0,
                   .first_sequence = head.first_sequence,
                   .last_sequence = head.last_sequence,
                   .made = {},
                   .tiles = {}};
  if (step.from == head.last_sequence) {
    step.made = *last;
    return step;
  }
  step.made =
      Checkpoint{tenant, std::min(head.last_sequence, step.from + step_events), "", "", tx.now(), "", ""};
  auto tree = Tree{tx, index, tenant};
  auto const size = static_cast<std::uint64_t>(step.made.size);
  TRY(step.tiles, tree.tiles(static_cast<std::uint64_t>(step.from), size));
  TRY(step.made.root, tree.range(0, size));
  TRY(step.made.chain, chain_at(tx, index, tenant, head, step.made.size));
  step.made.key_id = key_id_of(key.public_key());
  step.made.signature = key.sign(signed_text(step.made));
  return step;
}

// false: another process made a checkpoint meanwhile.
Result<bool> store_step(sql::Transaction& tx, TenantId const& tenant, Step const& step) {
  TRY(auto const last, latest(tx, tenant));
  if ((last ? last->size : 0) != step.from) return false;
  for (auto const& tile : step.tiles)
    CHECK(
        tx.execute("INSERT INTO event_tiles (tenant, level, position, hash) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (tenant, level, position) DO NOTHING",
                   {tenant.str(), tile.level, tile.position, base64url(tile.hash)}));
  return insert(tx, step.made);
}

}  // namespace

Result<void> check_past(sql::Transaction& tx, EventIndex& index, std::string_view public_key,
                        EventHead const& head, Checkpoint const& last) {
  auto const ours = last.key_id == key_id_of(public_key);
  auto const signed_so = !ours || verify_ed25519(public_key, signed_text(last), last.signature);
  TRY(auto const chain, chain_at(tx, index, last.tenant, head, last.size));
  if (signed_so && chain == last.chain) return {};
  return fail(Error{Code::corrupt}.with_cause(
      fmt::format("the event log of {} does not lead to its checkpoint at {}: it was altered",
                  last.tenant.str(), last.size)));
}

std::string signed_text(Checkpoint const& checkpoint) {
  auto const facts = json::object{{"at", to_rfc3339(checkpoint.at)},
                                  {"chain", base64url(checkpoint.chain)},
                                  {"root", base64url(checkpoint.root)},
                                  {"size", checkpoint.size},
                                  {"tenant", checkpoint.tenant.str()}};
  return "hoist-event-checkpoint-v1\n" + canonical_json(facts);
}

std::string key_id_of(std::string_view public_key) {
  return hex(sha256(public_key)).substr(0, 16);
}

json::object render(Checkpoint const& checkpoint) {
  return {{"tenant", checkpoint.tenant.str()},
          {"size", checkpoint.size},
          {"root", base64url(checkpoint.root)},
          {"chain", base64url(checkpoint.chain)},
          {"at", to_rfc3339(checkpoint.at)},
          {"keyId", checkpoint.key_id},
          {"signature", base64url(checkpoint.signature)}};
}

Checkpoints::Checkpoints(Needs const& needs, Ed25519Key const& key, Marks* marks)
    : database_{needs.database},
      index_{needs.index},
      altered_logs_{
          needs.metrics.gauge("hoist_event_logs_altered",
                              "Event logs that are not what was signed: rolled back, cut or rewritten")},
      key_{key},
      marks_{marks} {}

Async<Checkpoint> Checkpoints::make(TenantId tenant, Deadline deadline) {
  auto made = co_await make_one(std::move(tenant), deadline);
  if (made && marks_ != nullptr) CO_CHECK(marks_->save());
  co_return made;
}

Async<Checkpoint> Checkpoints::make_one(TenantId tenant, Deadline deadline) {
  auto const mark = marks_ == nullptr ? std::nullopt : marks_->find(tenant);
  while (true) {
    auto plan = [&](sql::Transaction& tx) { return plan_step(tx, index_, key_, tenant, mark); };
    CO_TRY(auto step, co_await database_.read(Scope::tenant(tenant), plan, deadline));
    if (step.made.size == step.from) {
      if (marks_ != nullptr) marks_->raise(step.made, step.first_sequence, key_);
      co_return std::move(step.made);
    }
    auto store = [&](sql::Transaction& tx) { return store_step(tx, tenant, step); };
    CO_TRY(auto const stored, co_await database_.write(Scope::tenant(tenant), store, deadline));
    if (stored && marks_ != nullptr) marks_->raise(step.made, step.first_sequence, key_);
    if (stored && step.made.size == step.last_sequence) co_return std::move(step.made);
  }
}

Async<> Checkpoints::sweep(Deadline deadline) {
  auto due_work = [&](sql::Transaction& tx) -> Result<std::vector<TenantId>> {
    TRY(auto const tenants, index_.tenants(tx));
    auto due = std::vector<TenantId>{};
    for (auto const& tenant : tenants) {
      TRY(auto const head, index_.head(tx, tenant));
      TRY(auto const last, latest(tx, tenant));
      auto const news = head.last_sequence - (last ? last->size : 0);
      auto const unmarked = marks_ != nullptr && last && !marks_->find(tenant);
      if (unmarked || news >= checkpoint_events ||
          (news > 0 && (!last || tx.now() - last->at >= checkpoint_interval)))
        due.push_back(tenant);
    }
    return due;
  };
  CO_TRY(auto const due, co_await database_.read(Scope::system(), due_work, deadline));
  auto outcome = co_await look_at_marks(deadline);
  for (auto const& tenant : due)
    if (auto made = co_await make_one(tenant, deadline); !made) outcome = std::unexpected{made.error()};
  if (marks_ != nullptr) CO_CHECK(marks_->save());
  co_return outcome;  // a tenant whose log is damaged does not stop the others
}

Async<> Checkpoints::look_at_marks(Deadline deadline) {
  auto outcome = Result<void>{};
  if (marks_ == nullptr) co_return outcome;
  auto lost = 0;
  for (auto const& mark : marks_->all()) {
    auto look = [&](sql::Transaction& tx) { return check_mark(tx, index_, key_.public_key(), mark); };
    auto const same = co_await database_.read(Scope::tenant(mark.newest.tenant), look, deadline);
    if (same) continue;
    if (same.error().code() == Code::corrupt) ++lost;
    outcome = same;
  }
  altered_logs_.set(lost);
  co_return outcome;
}

Result<void> Checkpoints::allow_cut(TenantId const& tenant, std::int64_t first_sequence) {
  return marks_ == nullptr ? Result<void>{} : marks_->allow_cut(tenant, first_sequence, key_);
}

Async<std::vector<Checkpoint>> Checkpoints::list(TenantId tenant, std::int64_t after_size, int limit,
                                                 Deadline deadline) {
  auto work = [&](sql::Transaction& tx) {
    return select(tx, tenant, "AND size > $2 ORDER BY size LIMIT $3", {after_size, std::int64_t{limit}});
  };
  co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
}

Async<Checkpoints::Inclusion> Checkpoints::inclusion(TenantId tenant, EventId id, std::int64_t size,
                                                     Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<Inclusion> {
    TRY(auto const event, index_.find(tx, tenant, id));
    auto proof = Inclusion{event_leaf(event.facts), event.facts.sequence - 1, {}, {}};
    TRY(auto const found,
        size > 0 ? select(tx, tenant, "AND size = $2", {size})
                 : select(tx, tenant, "AND size >= $2 ORDER BY size DESC LIMIT 1", {event.facts.sequence}));
    if (found.empty() || found.front().size < event.facts.sequence)
      return fail(Code::not_found, "No checkpoint of that size covers this event yet.");
    proof.checkpoint = found.front();
    auto tree = Tree{tx, index_, tenant};
    TRY(proof.path, inclusion_proof(static_cast<std::uint64_t>(proof.index),
                                    static_cast<std::uint64_t>(proof.checkpoint.size),
                                    [&](auto begin, auto end) { return tree.range(begin, end); }));
    return proof;
  };
  co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
}

Async<Checkpoints::Consistency> Checkpoints::consistency(TenantId tenant, std::int64_t first,
                                                         std::int64_t second, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<Consistency> {
    TRY(auto const found, select(tx, tenant, "AND size IN ($2, $3) ORDER BY size", {first, second}));
    if (found.size() != (first == second ? 1U : 2U))
      return fail(Code::not_found, "There is no checkpoint of that size.");
    auto proof = Consistency{found.front(), found.back(), {}};
    auto tree = Tree{tx, index_, tenant};
    TRY(proof.path, consistency_proof(static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(second),
                                      [&](auto begin, auto end) { return tree.range(begin, end); }));
    return proof;
  };
  co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
}

}  // namespace hoist::events
