// How much memory a child takes that nothing else could use instead.
#pragma once

#include <cstdint>
#include <sys/types.h>

namespace hoist::vips {

// Resident bytes of its own: without libraries and the mapped file, which the kernel can drop and
// read again. 0 when it is gone.
[[nodiscard]] std::uint64_t resident_bytes(pid_t process);

}  // namespace hoist::vips
