#include "s3api/range.hpp"

#include <algorithm>
#include <charconv>

#include "base/encode.hpp"

namespace hoist::s3api {
namespace {

// Numbers beyond 64 bits count as the largest one.
std::optional<std::int64_t> parse_position(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != text.npos) return std::nullopt;
  auto value = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? value : INT64_MAX;
}

}  // namespace

Result<std::optional<ByteRange>> parse_range(std::string_view header, std::int64_t size) {
  auto const ignored = std::optional<ByteRange>{};
  auto const unsatisfiable = [] {
    return fail(Code::range_unsatisfiable, "The requested range is not satisfiable");
  };
  if (!header.starts_with("bytes=")) return ignored;
  auto const spec = header.substr(6);
  auto const dash = spec.find('-');
  if (dash == spec.npos) return ignored;
  auto const first = spec.substr(0, dash);
  auto const last = spec.substr(dash + 1);
  if (first.empty()) {
    auto const count = parse_position(last);
    if (!count) return ignored;
    if (*count == 0) return unsatisfiable();
    if (size == 0) return ignored;  // the last bytes of nothing are all there is
    return std::optional{ByteRange{std::max<std::int64_t>(0, size - *count), size - 1}};
  }
  auto const from = parse_position(first);
  auto const to = last.empty() ? std::optional{INT64_MAX} : parse_position(last);
  if (!from || !to || *to < *from) return ignored;
  if (*from >= size) return unsatisfiable();
  return std::optional{ByteRange{*from, std::min(*to, size - 1)}};
}

}  // namespace hoist::s3api
