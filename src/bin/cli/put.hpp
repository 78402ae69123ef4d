// hoist put: files and folders into a project, in batches, resumable.
#pragma once

#include <string>
#include <vector>

#include "bin/cli/connection.hpp"

namespace hoist::cli {

struct PutOptions {
  ConnectionOptions connection;
  std::vector<std::string> paths;
  std::string project = "default";
  std::size_t parallel = 8;
  bool wait = true;
  bool json = false;
};

// Exit codes: 0 all good, 1 a file failed, 2 usage, 3 not allowed, 6 the server is away.
[[nodiscard]] int put_command(PutOptions const& options);

}  // namespace hoist::cli
