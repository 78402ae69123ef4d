#include "engines/postgres/processes.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/file.h>

#include "base/log.hpp"
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

Result<Fd> begin_start(DataFolder const& shared) {
  auto const path = shared.path("processes/starting");
  auto file = Fd{::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)};
  if (!file.open()) return fail(Code::unavailable, "cannot open " + path + ": " + std::strerror(errno));
  if (::flock(file.number(), LOCK_EX | LOCK_NB) == 0) return file;
  log::info("another process is starting; this one goes on when that one has");
  while (::flock(file.number(), LOCK_EX) != 0)
    if (errno != EINTR) return fail(Code::unavailable, "cannot lock " + path + ": " + std::strerror(errno));
  return file;
}

}  // namespace hoist::postgres
