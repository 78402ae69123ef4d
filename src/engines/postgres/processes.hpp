// The place of this process among those that share a data folder: DATA/processes/N, for what two of them must
// not use at once. A place that its process left, however it did, is taken again by the next one.
// Lifetime  the place is held as long as this lives.
#pragma once

#include "base/fd.hpp"
#include "engines/data_folder.hpp"

namespace hoist::postgres {

inline constexpr auto processes_max = 256;

// Errors: unavailable when there are processes_max already.
[[nodiscard]] Result<DataFolder> take_place(DataFolder const& shared);

// Waits for its turn. Until the answer is closed no other process of the folder starts: the first one makes
// the keys, and those that follow have to find them.
[[nodiscard]] Result<Fd> begin_start(DataFolder const& shared);

}  // namespace hoist::postgres
