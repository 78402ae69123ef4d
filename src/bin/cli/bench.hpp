// hoist bench: how fast this server takes files from this machine.
#pragma once

#include <cstdint>
#include <string>

#include "bin/cli/connection.hpp"

namespace hoist::cli {

struct BenchOptions {
  ConnectionOptions connection;
  std::int64_t files = 200;
  std::int64_t kilobytes = 200;
  std::size_t parallel = 8;
  std::string project = "bench";
};

[[nodiscard]] int bench_command(BenchOptions const& options);

}  // namespace hoist::cli
