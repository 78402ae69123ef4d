#include "model/names.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/json.hpp"

namespace hoist {

bool is_tenant_name(std::string_view text) {
  auto const allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, allowed);
}

bool is_user_name(std::string_view text) {
  auto const control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return !trim(text).empty() && !text.starts_with(ticket_user_prefix) && is_utf8(text) &&
         count_code_points(text) <= 128 && std::ranges::none_of(text, control);
}

}  // namespace hoist
