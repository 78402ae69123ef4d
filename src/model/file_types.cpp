#include "model/file_types.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"

namespace hoist {
namespace {

constexpr std::size_t entry_max = 127;

bool is_part(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"!#$&-^_.+"}.find(c) != std::string_view::npos;
  });
}

// Windows drops dots and spaces at the end of a name, so "setup.exe. " is a
// program, too.
std::string extension_of(std::string_view filename) {
  auto const last = filename.find_last_not_of(". ");
  auto const name = filename.substr(0, last == filename.npos ? 0 : last + 1);
  auto const dot = name.rfind('.');
  return dot == name.npos ? std::string{} : to_lower(name.substr(dot));
}

}  // namespace

bool FileTypes::take(std::string_view filename, std::string_view type) const {
  auto const extension = extension_of(filename);
  auto const lower = to_lower(type);
  auto const kind = lower.substr(0, std::min(lower.find('/'), lower.size())) + "/*";
  auto const named = [&](std::string const& entry) {
    return entry == lower || entry == kind || (!extension.empty() && entry == extension);
  };
  if (std::ranges::any_of(denied, named)) return false;
  return allowed.empty() || std::ranges::any_of(allowed, named);
}

std::optional<std::string> read_file_type(std::string_view text) {
  auto entry = to_lower(trim(text));
  if (entry.size() > entry_max) return std::nullopt;
  auto const slash = entry.find('/');
  if (slash == entry.npos)
    return entry.starts_with('.') && is_part(std::string_view{entry}.substr(1)) &&
                   entry.find('.', 1) == entry.npos
               ? std::optional{std::move(entry)}
               : std::nullopt;
  auto const subtype = std::string_view{entry}.substr(slash + 1);
  if (!is_part(entry.substr(0, slash)) || (subtype != "*" && !is_part(subtype))) return std::nullopt;
  return entry;
}

std::string refusal_of_type(std::string_view filename, std::string_view type) {
  return fmt::format("Files of this type are not taken here: {} ({}).", filename, type);
}

}  // namespace hoist
