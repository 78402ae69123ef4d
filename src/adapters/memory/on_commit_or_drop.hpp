// What was done inside a transaction that has not ended: moves with its after_commit action, and ends
// in one of two ways, the commit or the drop of an action that never ran.
#pragma once

#include <memory>
#include <utility>

namespace hoist::memory {

template <class State, class Commit, class Drop>
class OnCommitOrDrop {
 public:
  OnCommitOrDrop(std::shared_ptr<State> state, Commit commit, Drop drop)
      : state_{std::move(state)}, commit_{std::move(commit)}, drop_{std::move(drop)} {}
  OnCommitOrDrop(OnCommitOrDrop&&) noexcept = default;
  ~OnCommitOrDrop() {
    if (state_) drop_(*state_);
  }
  void operator()() { commit_(*std::exchange(state_, nullptr)); }

 private:
  std::shared_ptr<State> state_;
  Commit commit_;
  Drop drop_;
};

}  // namespace hoist::memory
