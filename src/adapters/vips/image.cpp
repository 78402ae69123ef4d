#include "adapters/vips/image.hpp"

#include <algorithm>
#include <array>

#include "adapters/vips/slugs.hpp"
#include "base/encode.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto of_memory = std::array{"out of memory"sv, "unable to allocate"sv, "bad alloc"sv,
                                      "memory limit"sv,  "memory allocation"sv,  "unable to malloc"sv};
constexpr auto of_missing_bytes =
    std::array{"premature"sv, "truncated"sv, "unexpected end"sv, "end of file"sv, "not enough"sv,
               "eof"sv,       "read past"sv, "end of stream"sv,  "too short"sv,   "read error"sv};
constexpr auto of_unknown_features =
    std::array{"unsupported"sv, "not supported"sv, "not implemented"sv, "compression support is not"sv};

}  // namespace

std::unexpected<Error> no_picture(std::string cause) {
  auto const words = to_lower(cause);
  auto const about = [&](auto const& phrases) {
    return std::ranges::any_of(phrases, [&](auto phrase) { return words.find(phrase) != words.npos; });
  };
  auto const slug = about(of_memory)             ? slug::decoder_limit
                    : about(of_missing_bytes)    ? slug::truncated_file
                    : about(of_unknown_features) ? slug::unsupported_type
                                                 : slug::corrupt_file;
  return fail(Error{Code::invalid}.with_slug(slug).with_cause(cause.substr(0, 500)));
}

std::unexpected<Error> decoder_says() {
  auto cause = std::string{vips_error_buffer()};
  vips_error_clear();
  return no_picture(std::move(cause));
}

}  // namespace hoist::vips
