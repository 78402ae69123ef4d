// What DynamoDB takes for the name of a table.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace hoist::dynamodb {

[[nodiscard]] inline bool is_table_name(std::string_view text) {
  constexpr std::size_t length_min = 3;
  constexpr std::size_t length_max = 255;
  auto const allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return text.size() >= length_min && text.size() <= length_max && std::ranges::all_of(text, allowed);
}

}  // namespace hoist::dynamodb
