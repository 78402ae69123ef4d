// Why a file cannot be taken, as slugs of errors, and the sentence for each.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::vips {

namespace slug {
inline constexpr auto corrupt_file = std::string_view{"corrupt_file"};
// Travels only between child and parent: to the user it is a corrupt_file with its own sentence.
inline constexpr auto truncated_file = std::string_view{"truncated_file"};
inline constexpr auto type_mismatch = std::string_view{"type_mismatch"};
inline constexpr auto too_many_pixels = std::string_view{"too_many_pixels"};
inline constexpr auto too_many_frames = std::string_view{"too_many_frames"};
inline constexpr auto too_many_pages = std::string_view{"too_many_pages"};
inline constexpr auto decoder_limit = std::string_view{"decoder_limit"};
inline constexpr auto decoder_crashed = std::string_view{"decoder_crashed"};
}  // namespace slug

// The error for a slug that a child sent; decoder_crashed for one that does not exist.
[[nodiscard]] Error refusal(std::string_view slug, std::string_view declared_type,
                            std::string_view content_type, std::string cause);

}  // namespace hoist::vips
