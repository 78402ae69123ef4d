// What tidying up and recovering share.
#pragma once

#include <vector>

#include "adapters/disk/context.hpp"

namespace hoist::disk {

struct Unknown {
  std::vector<BlobFolders::Entry> files;  // in the folder, neither in use nor named by a row
  std::size_t known = 0;
};
[[nodiscard]] Async<Unknown> unknown_files(Objects::Context& context, std::string const& folder);

}  // namespace hoist::disk
