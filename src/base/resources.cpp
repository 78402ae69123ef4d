#include "base/resources.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <limits>
#include <malloc.h>
#include <new>
#include <sys/resource.h>
#include <unistd.h>

// Of the allocator that programs may be linked with.
extern "C" void mi_collect(bool force) __attribute__((weak));
extern "C" void mi_register_error(void (*handler)(int error, void* argument), void* argument)
    __attribute__((weak));

namespace hoist {

std::size_t raise_descriptor_limit() {
  auto limit = rlimit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  auto raised = limit;
  raised.rlim_cur = raised.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, std::numeric_limits<std::int32_t>::max()));
}

std::size_t open_descriptors() {
  auto error = std::error_code{};
  auto const all = std::filesystem::directory_iterator{"/proc/self/fd", error};
  return error ? 0 : static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

bool descriptors_are_short() {
  constexpr auto needed = std::size_t{8};
  auto tried = std::array<int, needed>{};
  for (auto& descriptor : tried) descriptor = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  auto const failed = std::ranges::count(tried, -1);
  for (auto const descriptor : tried)
    if (descriptor >= 0) ::close(descriptor);
  return failed > 0;
}

void when_out_of_memory(void (*handler)()) {
  std::set_new_handler(handler);
  // It aborts instead, because its library hides the standard one's handler.
  static void (*end)() = nullptr;
  end = handler;
  if (mi_register_error != nullptr)
    mi_register_error(
        [](int error, void*) {
          if (error == ENOMEM) end();
        },
        nullptr);
}

void release_free_memory() {
  if (mi_collect != nullptr)
    mi_collect(true);
  else
    ::malloc_trim(0);
}

}  // namespace hoist
