// Why a file is refused or cannot be shown, as slugs, and the sentence for each.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "ports/media.hpp"

namespace hoist::vips {

namespace slug {
inline constexpr auto type_mismatch = std::string_view{"type_mismatch"};
// Reasons for having no preview.
inline constexpr auto unsupported_type = std::string_view{"unsupported_type"};
inline constexpr auto corrupt_file = std::string_view{"corrupt_file"};
inline constexpr auto truncated_file = std::string_view{"truncated_file"};
inline constexpr auto locked = std::string_view{"locked"};
inline constexpr auto decoder_limit = std::string_view{"decoder_limit"};
inline constexpr auto decoder_crashed = std::string_view{"decoder_crashed"};
// Notes on a preview of a part.
inline constexpr auto truncated = std::string_view{"truncated"};
inline constexpr auto damaged = std::string_view{"damaged"};
}  // namespace slug

// The preview that is not there, or shows a part. Without a message when the slug is none of ours.
[[nodiscard]] Preview unavailable(std::string_view reason, bool late = false);
[[nodiscard]] Preview partly(std::string_view note);

[[nodiscard]] Error refusal(std::string_view declared_type, std::string_view content_type, std::string cause);
// The decoder of a file was lost: `slug` is decoder_limit or decoder_crashed.
[[nodiscard]] Error lost(std::string_view slug, std::string cause);
[[nodiscard]] bool is_lost(Error const& error);

}  // namespace hoist::vips
