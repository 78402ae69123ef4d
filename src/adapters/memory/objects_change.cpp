#include "adapters/memory/objects_change.hpp"

#include "adapters/memory/on_commit_or_drop.hpp"
#include "base/try.hpp"

namespace hoist::memory {
namespace {

using State = Objects::State;

constexpr auto transaction_time_max = std::chrono::seconds{30};

// While it waits for its commit, conditions on the key cannot be judged.
Result<Change> begin(State& state, ObjectRef const& ref, bool conditional, Plan const& plan) {
  auto const lock = Lock{state.mutex};
  if (conditional && state.changing.contains(ref))
    return fail(Error{Code::conflict, "Another change of the object is under way."}.with_slug(
        "ConditionalRequestConflict"));
  TRY(auto change, plan(state));
  state.changing.insert(ref);
  if (!change.completes.empty()) state.completing.insert(change.completes);
  return change;
}

auto end(std::shared_ptr<State> state, ObjectRef ref, Change const& change) {
  auto drop = [ref, completes = change.completes](State& of) {
    auto const lock = Lock{of.mutex};
    of.end_change(ref, completes);
  };
  auto commit = [ref, completes = change.completes, apply = change.apply](State& of) {
    auto const lock = Lock{of.mutex};
    of.end_change(ref, completes);
    if (apply) apply(of);
  };
  return OnCommitOrDrop{std::move(state), std::move(commit), std::move(drop)};
}

}  // namespace

Async<ObjectInfo> make_change(std::shared_ptr<State> state, ObjectRef ref, bool conditional, Plan plan) {
  if (!state->listening) {
    auto const lock = Lock{state->mutex};
    CO_TRY(auto change, plan(*state));
    if (change.apply) change.apply(*state);
    co_return std::move(change.answer);
  }
  auto work = [&](sql::Transaction& tx) -> Result<ObjectInfo> {
    TRY(auto change, begin(*state, ref, conditional, plan));
    auto pending = end(state, ref, change);
    if (change.tell) CHECK(change.tell(state->listening->arrivals, tx));
    tx.after_commit(std::move(pending));
    return std::move(change.answer);
  };
  co_return co_await state->listening->database.write(Scope::system(), work,
                                                      deadline_in(transaction_time_max));
}

}  // namespace hoist::memory
