// How far each group of tasks was, signed, with the newest signature kept outside of the database: who can
// only write there cannot take a group's newest tasks away and lower its numbers unseen.
//
//   task_ends       a row for each group: its newest task at the last look, and that task's receipt
//   task_ends_mark  a digest of all these rows (base/set_hash.hpp), with a number that grows, signed
//   keys/task_ends.json  the key, and the number of the newest mark
//
// What was accepted after the last look is not covered; a crash makes that a minute more at the most.
//
// Order    the mark in the database comes before the one in the file: after a crash the file is behind it,
// and
//          never ahead. An older database has an older mark, which is seen.
// Threads  any; one sweep at a time.
// Lifetime what it is given outlives it.
#pragma once

#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/set_hash.hpp"
#include "ports/secrets.hpp"
#include "sql/database.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {

// Empty, or not there: the ends are signed anew, as they are then.
inline constexpr auto ends_secret = "keys/task_ends.json";

class GroupEnds {
 public:
  GroupEnds(sql::Database& database, Secrets& secrets, Metrics& metrics);

  // The group has got tasks, so that the next sweep looks at it.
  void note(TenantId const& tenant, std::string const& group);
  // Signs the ends of the groups that were noted; at first, of all that are not as they were signed. What is
  // wrong with a group is logged, and it is not signed.
  Async<> sweep(Deadline deadline);

 private:
  using Group = std::pair<TenantId, std::string>;
  struct Wrong {
    Group group;
    std::string problem;
  };
  Async<> begin(Deadline deadline);
  Async<> sweep_once(Deadline deadline);
  Async<std::vector<Group>> take_groups(Deadline deadline);
  Result<std::int64_t> sign_groups(sql::Transaction& tx, std::span<Group const> groups,
                                   std::vector<Wrong>& wrong) const;
  Result<void> save();
  // What is wrong is looked at again, so that it is told for as long as it is wrong.
  void complain(std::vector<Wrong> const& wrong);

  sql::Database& database_;
  Secrets& secrets_;
  Gauge wrong_;
  bool begun_ = false;
  std::string key_;
  std::int64_t round_ = 0;
  Mutex mutex_;
  std::set<Group> noted_ HOIST_GUARDED_BY(mutex_);
  bool look_at_all_ HOIST_GUARDED_BY(mutex_) = true;
};

// The end of a group that is signed; sequence 0: none is.
[[nodiscard]] Result<Link> find_signed_end(sql::Transaction& tx, TenantId const& tenant,
                                           std::string const& group);

// Are all groups at least where they were signed, and is what is signed whole and the newest? A sentence for
// each that is not. Beside a server, too.
[[nodiscard]] Async<std::vector<std::string>> check_ends(sql::Database& database, Secrets const& secrets,
                                                         Deadline deadline);

}  // namespace hoist::tasks
