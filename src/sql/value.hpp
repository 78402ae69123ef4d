// What goes into a statement and what comes out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace hoist::sql {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Args = std::vector<Value>;

[[nodiscard]] inline Value null() {
  return std::monostate{};
}
[[nodiscard]] inline Value value(Time time) {
  return to_us(time);
}
template <class T>
[[nodiscard]] Value value_or_null(std::optional<T> const& optional) {
  return optional ? Value{*optional} : null();
}
[[nodiscard]] inline Value value_or_null(std::optional<Time> const& time) {
  return time ? value(*time) : null();
}
// For rows that are many: an initializer list would copy every text once more.
template <class... T>
[[nodiscard]] Args args(T&&... values) {
  auto all = Args{};
  all.reserve(sizeof...(values));
  (all.emplace_back(std::forward<T>(values)), ...);
  return all;
}

class Row {
 public:
  explicit Row(std::vector<Value> values) : values_{std::move(values)} {}
  [[nodiscard]] bool is_null(std::size_t i) const {
    return std::holds_alternative<std::monostate>(values_.at(i));
  }
  // A NULL reads as 0 or "". Asking for the wrong type is a bug.
  [[nodiscard]] std::int64_t integer(std::size_t i) const {
    return is_null(i) ? 0 : std::get<std::int64_t>(values_.at(i));
  }
  [[nodiscard]] double real(std::size_t i) const { return is_null(i) ? 0 : std::get<double>(values_.at(i)); }
  [[nodiscard]] std::string const& text(std::size_t i) const {
    static auto const empty = std::string{};
    return is_null(i) ? empty : std::get<std::string>(values_.at(i));
  }
  [[nodiscard]] Time time(std::size_t i) const { return from_us(integer(i)); }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

}  // namespace hoist::sql
