// The parts of an upload that the store holds.
#pragma once

#include <vector>

#include "ports/multiparts.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

Async<std::vector<PartInfo>> stored_parts(Multiparts& multiparts, Options const& options,
                                          Upload const& upload, Deadline deadline);
// The numbers of the plan that are not among `stored`, or have another size there; ascending.
[[nodiscard]] std::vector<int> missing_parts(Upload const& upload, std::vector<PartInfo> const& stored);

}  // namespace hoist::uploads
