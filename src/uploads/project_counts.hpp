// How many files each project has in each state: kept with every change, because a project may hold a
// million of them.
//
// Invariants  project_counts is the count over `uploads`, and the sum of their sizes: count_inserted()
//             and count_moved() are part of the transactions that change them.
#pragma once

#include <span>

#include "uploads/rows.hpp"

namespace hoist::uploads {

[[nodiscard]] Result<void> count_inserted(sql::Transaction& tx, std::span<Upload const* const> uploads);
// `upload` was in the state `from`. One that was taken away says nothing of its size any more.
[[nodiscard]] Result<void> count_moved(sql::Transaction& tx, Upload const& upload, UploadState from);

struct ProjectCount {
  ProjectId id;
  std::vector<StateCount> counts;  // of the states that it has files in
};
// By id; of `only` when it is not empty.
[[nodiscard]] Result<std::vector<ProjectCount>> count_projects(sql::Transaction& tx, TenantId const& tenant,
                                                               ProjectId const& only = {});

// Projects whose counts are not those of their uploads, as sentences. For `hoist doctor` and the tests.
// System scope.
[[nodiscard]] Result<std::vector<std::string>> check_projects(sql::Transaction& tx);

}  // namespace hoist::uploads
