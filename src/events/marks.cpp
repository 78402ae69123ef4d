#include "events/marks.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"
#include "events/export_line.hpp"

namespace hoist::events {
namespace {

std::unexpected<Error> damaged() {
  return fail(Code::invalid, "The file of the newest signed checkpoints is damaged.");
}

Result<Mark> read_mark(json::value const& value) {
  auto const* object = value.if_object();
  auto const* checkpoint = object == nullptr ? nullptr : object->if_contains("checkpoint");
  auto const* first = object == nullptr ? nullptr : object->if_contains("firstSequence");
  if (checkpoint == nullptr || !checkpoint->is_object() || first == nullptr || !first->is_int64())
    return damaged();
  TRY(auto newest, read_checkpoint(checkpoint->get_object()));
  auto mark = Mark{std::move(newest), first->get_int64(), {}};
  if (auto const* const cut = object->if_contains("cutSignature"); cut != nullptr && cut->is_string())
    mark.cut_signature = unbase64url(cut->get_string()).value_or("");
  return mark;
}

std::string cut_text(Mark const& mark) {
  return "hoist-event-cut-v1\n" + canonical_json(json::object{{"firstSequence", mark.first_sequence_max},
                                                              {"tenant", mark.newest.tenant.str()}});
}

// A log that begins with its first event needs no signature. One of another key is verified with that.
bool is_cut_signed(Mark const& mark, std::string_view public_key) {
  return mark.first_sequence_max <= 1 || mark.newest.key_id != key_id_of(public_key) ||
         verify_ed25519(public_key, cut_text(mark), mark.cut_signature);
}

std::unexpected<Error> altered(Mark const& mark, std::string what) {
  return fail(
      Error{Code::corrupt}.with_cause(fmt::format("the event log of {} {}", mark.newest.tenant.str(), what)));
}

}  // namespace

Result<std::unique_ptr<Marks>> Marks::make(std::string_view text, Write write) {
  auto marks = std::unique_ptr<Marks>{new Marks{std::move(write)}};
  if (text.empty()) return marks;
  auto const value = parse_json(text);
  auto const* object = value ? value->if_object() : nullptr;
  auto const* logs = object == nullptr ? nullptr : object->if_contains("logs");
  if (logs == nullptr || !logs->is_array()) return damaged();
  auto const lock = Lock{marks->mutex_};
  for (auto const& entry : logs->get_array()) {
    TRY(auto mark, read_mark(entry));
    auto tenant = mark.newest.tenant;
    marks->by_tenant_.insert_or_assign(std::move(tenant), std::move(mark));
  }
  return marks;
}

std::optional<Mark> Marks::find(TenantId const& tenant) const {
  auto const lock = Lock{mutex_};
  auto const found = by_tenant_.find(tenant);
  return found == by_tenant_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<Mark> Marks::all() const {
  auto const lock = Lock{mutex_};
  auto marks = std::vector<Mark>{};
  for (auto const& [tenant, mark] : by_tenant_) marks.push_back(mark);
  return marks;
}

void Marks::raise(Checkpoint const& checkpoint, std::int64_t first_sequence, Ed25519Key const& key) {
  auto const lock = Lock{mutex_};
  auto const [at, added] = by_tenant_.try_emplace(checkpoint.tenant, Mark{checkpoint, first_sequence, {}});
  if (!added && checkpoint.size <= at->second.newest.size) return;
  at->second.newest = checkpoint;
  at->second.cut_signature = key.sign(cut_text(at->second));
  changed_ = true;
}

Result<void> Marks::save() {
  auto const lock = Lock{mutex_};
  return save_changes();
}

Result<void> Marks::allow_cut(TenantId const& tenant, std::int64_t first_sequence, Ed25519Key const& key) {
  auto const lock = Lock{mutex_};
  auto const found = by_tenant_.find(tenant);
  if (found == by_tenant_.end() || found->second.first_sequence_max == first_sequence) return {};
  found->second.first_sequence_max = first_sequence;
  found->second.cut_signature = key.sign(cut_text(found->second));
  changed_ = true;
  return save_changes();
}

Result<void> Marks::save_changes() {
  if (!changed_) return {};
  auto logs = json::array{};
  for (auto const& [tenant, mark] : by_tenant_)
    logs.push_back(json::object{{"checkpoint", render(mark.newest)},
                                {"firstSequence", mark.first_sequence_max},
                                {"cutSignature", base64url(mark.cut_signature)}});
  CHECK(write_(json::serialize(json::object{{"logs", std::move(logs)}}) + "\n"));
  changed_ = false;
  return {};
}

Result<void> check_mark(sql::Transaction& tx, EventIndex& index, std::string_view public_key,
                        Mark const& mark) {
  auto const& newest = mark.newest;
  TRY(auto const head, index.head(tx, newest.tenant));
  if (head.last_sequence < newest.size)
    return altered(mark, fmt::format("was rolled back: it ends at {}, but {} events were signed at {}",
                                     head.last_sequence, newest.size, to_rfc3339(newest.at)));
  if (!is_cut_signed(mark, public_key))
    return altered(mark,
                   fmt::format("is marked to begin at {}, which was not signed", mark.first_sequence_max));
  if (head.first_sequence > mark.first_sequence_max)
    return altered(mark, fmt::format("begins at {}, but its retention removed only what is before {}",
                                     head.first_sequence, mark.first_sequence_max));
  return check_past(tx, index, public_key, head, newest);
}

Async<std::vector<std::string>> check_marks(sql::Database& database, EventIndex& index, Marks const& marks,
                                            std::string public_key, Deadline deadline) {
  auto problems = std::vector<std::string>{};
  for (auto const& mark : marks.all()) {
    auto look = [&](sql::Transaction& tx) { return check_mark(tx, index, public_key, mark); };
    auto const same = co_await database.read(Scope::tenant(mark.newest.tenant), look, deadline);
    if (!same && same.error().code() != Code::corrupt) co_return std::unexpected{same.error()};
    if (!same) problems.push_back(same.error().cause());
  }
  co_return problems;
}

}  // namespace hoist::events
