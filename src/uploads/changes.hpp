// Rows of `changes` as events.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sql/database.hpp"
#include "uploads/topic.hpp"

namespace hoist::uploads {

// Whose counts have changed.
struct Touched {
  std::set<std::string> batches;
  std::set<std::string> projects;

  void merge(Touched other) {
    batches.merge(other.batches);
    projects.merge(other.projects);
  }
  [[nodiscard]] bool empty() const { return batches.empty() && projects.empty(); }
};

struct ChangePage {
  std::vector<FeedEvent> events;
  Touched touched;
  std::int64_t last = 0;  // cursor after this page
  bool more = false;
};

// Both as of one moment.
struct ChangesAndProgress {
  ChangePage changes;
  std::vector<FeedEvent> progress;  // of batches
};

// Errors: gone when changes after `after` were forgotten, invalid when `after` is of the future.
[[nodiscard]] Result<ChangePage> load_changes(sql::Transaction& tx, TenantId const& tenant,
                                              std::int64_t after);
[[nodiscard]] Result<std::vector<FeedEvent>> load_progress(sql::Transaction& tx, TenantId const& tenant,
                                                           Touched const& touched, std::int64_t cursor,
                                                           Time now);
// Takes away changes from before `before`, `rows_max` at the most; answers how many.
[[nodiscard]] Result<std::int64_t> forget_changes(sql::Transaction& tx, Time before, std::int64_t rows_max);
// The newest cursor.
[[nodiscard]] Result<std::int64_t> load_head(sql::Transaction& tx, TenantId const& tenant);

}  // namespace hoist::uploads
