// How far each tenant's log was signed, and where it begins, kept outside of the database: who can only
// write there cannot take events away and have the rest signed again.
//
// Order    a checkpoint is marked after it is in the database, a cut by retention before: after a crash
//          the mark is behind the log and never ahead of it.
// Threads  any. save() and allow_cut() write a small file.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ed25519.hpp"
#include "base/mutex.hpp"
#include "events/checkpoints.hpp"

namespace hoist::events {

struct Mark {
  Checkpoint newest;
  std::int64_t first_sequence_max = 1;  // the log may begin there, and not later
  std::string cut_signature;            // of that, by the key of `newest`
};

class Marks {
 public:
  using Write = std::function<Result<void>(std::string_view text)>;  // replaces the file as a whole

  // `text` as written before; empty: there is none yet. Errors: invalid.
  [[nodiscard]] static Result<std::unique_ptr<Marks>> make(std::string_view text, Write write);

  [[nodiscard]] std::optional<Mark> find(TenantId const& tenant) const;
  [[nodiscard]] std::vector<Mark> all() const;
  // Kept until save(). A log that was not marked before may begin where it does, at `first_sequence`.
  void raise(Checkpoint const& checkpoint, std::int64_t first_sequence, Ed25519Key const& key);
  Result<void> save();
  // On disk when it returns. A log without a mark needs none.
  Result<void> allow_cut(TenantId const& tenant, std::int64_t first_sequence, Ed25519Key const& key);

 private:
  explicit Marks(Write write) : write_{std::move(write)} {}
  Result<void> save_changes() HOIST_REQUIRES(mutex_);

  Write write_;
  mutable Mutex mutex_;
  std::map<TenantId, Mark> by_tenant_ HOIST_GUARDED_BY(mutex_);
  bool changed_ HOIST_GUARDED_BY(mutex_) = false;
};

// Is the log still what was marked? Errors: corrupt, which says what was taken away or changed.
[[nodiscard]] Result<void> check_mark(sql::Transaction& tx, EventIndex& index, std::string_view public_key,
                                      Mark const& mark);

// The same of every log that is marked: what is wrong, a sentence each.
[[nodiscard]] Async<std::vector<std::string>> check_marks(sql::Database& database, EventIndex& index,
                                                          Marks const& marks, std::string public_key,
                                                          Deadline deadline);

}  // namespace hoist::events
