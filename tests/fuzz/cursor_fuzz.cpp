// Cursors: nobody who lacks the secret makes one, and ours come back as they went.
#include "base/assert.hpp"
#include "base/cursor.hpp"

namespace {

auto const cursors = hoist::Cursors{"secret", "list"};
auto const others = hoist::Cursors{"a secret the fuzzer does not know", "list"};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = std::string_view{reinterpret_cast<char const*>(data), size};
  HOIST_ASSERT(!others.read("tenant/list", text));
  auto const made = cursors.make("scope", text);
  auto const back = cursors.read("scope", made);
  HOIST_ASSERT(text.empty() ? !back : back == text);
  HOIST_ASSERT(!cursors.read("another scope", made));
  return 0;
}
