// One setting: its name, what it may be, and how it is read and shown. All of them are one table, which
// config.cpp reads files, variables and flags by.
// Threads  any, after the first call.
#pragma once

#include <toml++/toml.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/config.hpp"

namespace hoist::hosts {

struct Field {
  std::string name;
  std::string meaning;
  std::string range;
  std::function<bool(Config&, std::string_view)> set;                    // false: not a value of this field
  std::function<std::string(Config const&)> show;                        // as a TOML value
  std::function<bool(Config&, std::vector<std::string>)> set_list = {};  // of lists only
};

// Its items. Empty: one of them is no text.
[[nodiscard]] std::optional<std::vector<std::string>> texts_of(toml::array const& array);
[[nodiscard]] std::vector<Field> const& fields();
[[nodiscard]] Field const* find_field(std::string_view name);  // null: there is no such setting

}  // namespace hoist::hosts
