#include "adapters/vips/memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <unistd.h>

namespace hoist::vips {

std::uint64_t resident_bytes(pid_t process) {
  auto const close_file = [](FILE* file) { std::fclose(file); };
  auto const path = fmt::format("/proc/{}/statm", process);
  auto const file = std::unique_ptr<FILE, decltype(close_file)>{std::fopen(path.c_str(), "re")};
  auto resident = 0ULL;
  auto shared = 0ULL;
  if (!file || std::fscanf(file.get(), "%*u %llu %llu", &resident, &shared) != 2) return 0;
  return (resident - std::min(resident, shared)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace hoist::vips
