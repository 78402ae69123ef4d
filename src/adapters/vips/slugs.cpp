#include "adapters/vips/slugs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace hoist::vips {
namespace {

constexpr auto reasons = std::array<std::pair<std::string_view, std::string_view>, 6>{{
    {slug::unsupported_type, "There is no preview for files of this type."},
    {slug::corrupt_file,
     "The file is kept as it came, but it is damaged and cannot be shown. Compare it with the original."},
    {slug::truncated_file,
     "The file is kept as it came, but part of it is missing, so it cannot be shown. Compare it with the "
     "original."},
    {slug::locked, "The document needs a password, so there is no preview."},
    {slug::decoder_limit,
     "A preview would take more memory or time than a preview may take. The file itself is kept whole."},
    {slug::decoder_crashed, "The preview could not be made. The file itself is kept whole."},
}};

constexpr auto notes = std::array<std::pair<std::string_view, std::string_view>, 2>{{
    {slug::truncated,
     "Part of the file is missing: the preview shows the rest. Compare it with the original."},
    {slug::damaged,
     "The file is damaged: the preview shows what could be read. Compare it with the original."},
}};

std::string sentence(auto const& table, std::string_view slug) {
  auto const* const found = std::ranges::find(table, slug, [](auto const& pair) { return pair.first; });
  return found == table.end() ? std::string{} : std::string{found->second};
}

}  // namespace

Preview unavailable(std::string_view reason, bool late) {
  return {.reason = std::string{reason}, .note = {}, .message = sentence(reasons, reason), .ran_late = late};
}

Preview partly(std::string_view note) {
  return {.reason = {}, .note = std::string{note}, .message = sentence(notes, note)};
}

Error refusal(std::string_view declared_type, std::string_view content_type, std::string cause) {
  auto message = fmt::format(
      "The file was declared as {} but its content is {}. Upload it with its real type.", declared_type,
      content_type == "application/octet-stream" ? "something else" : content_type);
  return Error{Code::invalid, std::move(message)}.with_slug(slug::type_mismatch).with_cause(std::move(cause));
}

Error lost(std::string_view slug, std::string cause) {
  return Error{Code::internal}.with_slug(slug).with_cause(std::move(cause));
}

bool is_lost(Error const& error) {
  return error.slug() == slug::decoder_limit || error.slug() == slug::decoder_crashed;
}

}  // namespace hoist::vips
