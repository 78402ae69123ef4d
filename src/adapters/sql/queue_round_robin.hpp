// Deficit round robin: whose turn it is. A tenant that took more than one message at its turn stands back for
// as many turns. One whose rows another transaction kept at its turn is passed over, and waited for when that
// has happened too often: who sends without a pause would never be served otherwise.
//
// Threads  any.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/mutex.hpp"
#include "sql/database.hpp"

namespace hoist::sql_engine::queue {

class RoundRobin {
 public:
  [[nodiscard]] std::string last(std::string const& queue) const;
  [[nodiscard]] std::int64_t debt(std::string const& queue, std::string const& tenant) const;
  // What one receive changed. They add up, in whatever order they commit.
  struct Change {
    std::optional<std::string> last;
    std::map<std::string, std::int64_t> debts;
  };
  void apply(std::string const& queue, Change const& change);

  void pass_over(std::string const& queue, TenantId const& tenant);
  // Who was passed over too often, until that is forgotten.
  [[nodiscard]] std::optional<TenantId> overdue(std::string const& queue) const;
  void forget_passing_over(std::string const& queue, TenantId const& tenant);

 private:
  struct PerQueue {
    std::string last;
    std::map<std::string, std::int64_t> debt;
    std::map<TenantId, int> passed_over;
  };
  mutable Mutex mutex_;
  std::map<std::string, PerQueue> queues_ HOIST_GUARDED_BY(mutex_);
};

// One receive's way through the turns, which counts when it commits.
class FairWalk {
 public:
  FairWalk(RoundRobin& turns, std::string queue) : round_robin_{turns}, queue_{std::move(queue)} {}
  // false: the tenant still has to stand back.
  [[nodiscard]] bool come_to(std::string const& tenant, bool alone);
  void took(std::string const& tenant, std::int64_t messages);
  void go_on_from(std::string tenant) { change_.last = std::move(tenant); }
  void keep(sql::Transaction& tx) &&;

 private:
  RoundRobin& round_robin_;
  std::string queue_;
  RoundRobin::Change change_;
};

}  // namespace hoist::sql_engine::queue
