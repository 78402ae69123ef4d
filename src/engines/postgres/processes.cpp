#include "engines/postgres/processes.hpp"

#include <filesystem>

#include "base/try.hpp"

namespace hoist::postgres {

Result<DataFolder> take_place(DataFolder const& shared) {
  auto failure = std::error_code{};
  std::filesystem::create_directories(shared.path("processes"), failure);
  if (failure)
    return fail(Code::unavailable, "cannot make " + shared.path("processes") + ": " + failure.message());
  for (auto number = 0; number < processes_max; ++number) {
    TRY(auto place, DataFolder::open(shared.path("processes/" + std::to_string(number))));
    if (place.lock()) return place;
  }
  return fail(Code::unavailable, "too many processes use " + shared.path(""));
}

}  // namespace hoist::postgres
