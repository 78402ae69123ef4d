// Bodies of the API: whatever arrives is either read or refused with a reason, and what was read
// survives being written canonically and read again.
#include "base/assert.hpp"
#include "base/json.hpp"
#include "events/parse.hpp"
#include "uploads/parse.hpp"

using namespace hoist;

namespace {

template <class T>
void check(Result<T> const& outcome) {
  if (outcome) return;
  HOIST_ASSERT(!outcome.error().detail().empty());
  for (auto const& field : outcome.error().fields())
    HOIST_ASSERT(!field.field.empty() && !field.reason.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = std::string_view{reinterpret_cast<char const*>(data), size};
  auto const value = parse_json(text);
  check(value);
  if (!value) return 0;
  auto const canonical = canonical_json(*value);
  auto const again = parse_json(canonical);
  HOIST_ASSERT(again && canonical_json(*again) == canonical);
  auto const* object = value->if_object();
  if (object == nullptr) return 0;
  auto const now = from_us(1'700'000'000'000'000);
  check(uploads::parse_new_upload(*object, {}));
  check(uploads::parse_new_batch(*object, {}));
  check(uploads::parse_parts_asked(*object, uploads::Upload{}, {}));
  check(events::parse_event(*object, TenantId{"t"}, "", now));
  check(events::parse_batch(*object, TenantId{"t"}, "", now));
  return 0;
}
