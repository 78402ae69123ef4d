// Any bytes as a Range header: the range lies within the object, or there is none.
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "s3api/range.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 1) return 0;
  auto const object_size = std::int64_t{data[0]} * data[0] * data[0];
  auto const range =
      hoist::s3api::parse_range({reinterpret_cast<char const*>(data) + 1, size - 1}, object_size);
  if (range && *range)
    HOIST_ASSERT((*range)->first >= 0 && (*range)->first <= (*range)->last && (*range)->last < object_size);
  return 0;
}
