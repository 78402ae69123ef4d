// Cursors: nobody who lacks the secret makes one, and ours come back as they went.
#include "base/assert.hpp"
#include "base/cursor.hpp"

using namespace hoist;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = std::string_view{reinterpret_cast<char const*>(data), size};
  HOIST_ASSERT(!read_cursor("a secret the fuzzer does not know", "tenant/list", text));
  auto const made = make_cursor("secret", "scope", text);
  auto const back = read_cursor("secret", "scope", made);
  HOIST_ASSERT(text.empty() ? !back : back == text);
  HOIST_ASSERT(!read_cursor("secret", "another scope", made));
  return 0;
}
