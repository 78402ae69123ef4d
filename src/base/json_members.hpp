// What a JSON object that others wrote has under a name, or the empty value where it has nothing of that
// type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace hoist {

[[nodiscard]] std::string text_of(json::object const& object, std::string_view name);
[[nodiscard]] std::int64_t number_of(json::object const& object, std::string_view name);
[[nodiscard]] json::object const& object_of(json::object const& object, std::string_view name);
[[nodiscard]] json::array const& array_of(json::object const& object, std::string_view name);

}  // namespace hoist
