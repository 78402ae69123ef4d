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
  std::int64_t give_up_after_s = 3'600;  // without any progress
  std::int64_t stall_timeout_s = 30;     // without a byte on a connection
  bool wait = true;
  bool json = false;
};

// Answers the exit code; `hoist --help` has the table.
[[nodiscard]] int put_command(PutOptions const& options);

}  // namespace hoist::cli
