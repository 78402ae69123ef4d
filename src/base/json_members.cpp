#include "base/json_members.hpp"

namespace hoist {

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::int64_t number_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  if (value == nullptr) return 0;
  auto ignored = boost::system::error_code{};
  return value->to_number<std::int64_t>(ignored);
}

json::object const& object_of(json::object const& object, std::string_view name) {
  static auto const empty = json::object{};
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

json::array const& array_of(json::object const& object, std::string_view name) {
  static auto const empty = json::array{};
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

}  // namespace hoist
