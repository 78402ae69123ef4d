#include "net/query.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace hoist::net {

std::optional<std::string> QueryReader::take(std::string_view name) {
  known_.push_back(name);
  auto const times = std::ranges::count(request_.query, name, [](auto const& item) { return item.first; });
  if (times > 1) refuse(name, "is given more than once");
  return request_.query_value(name);
}

std::vector<std::string> QueryReader::all(std::string_view name) {
  known_.push_back(name);
  auto values = std::vector<std::string>{};
  for (auto const& [given, value] : request_.query)
    if (given == name) values.push_back(value);
  return values;
}

void QueryReader::refuse(std::string_view name, std::string reason) {
  errors_.push_back(FieldError{std::string{name}, std::move(reason)});
}

std::optional<std::string> QueryReader::text(std::string_view name, std::size_t bytes_max) {
  auto value = take(name);
  if (value && (value->empty() || value->size() > bytes_max))
    refuse(name, fmt::format("must have 1 to {} bytes", bytes_max));
  return value;
}

std::int64_t QueryReader::number(std::string_view name, std::int64_t min, std::int64_t max,
                                 std::int64_t fallback) {
  auto const value = take(name);
  if (!value) return fallback;
  auto number = std::int64_t{0};
  auto const* const end = value->data() + value->size();
  auto const [stop, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc{} && stop == end && number >= min && number <= max) return number;
  refuse(name, fmt::format("must be a whole number from {} to {}", min, max));
  return fallback;
}

std::optional<Time> QueryReader::time(std::string_view name) {
  auto const value = take(name);
  if (!value) return std::nullopt;
  if (auto const time = parse_rfc3339(*value)) return *time;
  refuse(name, "must be an ISO 8601 time with an offset, such as 2026-11-20T18:25:43Z");
  return std::nullopt;
}

bool QueryReader::flag(std::string_view name) {
  auto const value = choice(name, {"true", "false"});
  return value == "true";
}

std::optional<std::string> QueryReader::choice(std::string_view name,
                                               std::vector<std::string_view> const& allowed) {
  auto value = take(name);
  if (!value || std::ranges::find(allowed, std::string_view{*value}) != allowed.end()) return value;
  refuse(name, fmt::format("must be one of {}", fmt::join(allowed, ", ")));
  return std::nullopt;
}

Result<void> QueryReader::finish() {
  for (auto const& [name, value] : request_.query)
    if (std::ranges::find(known_, std::string_view{name}) == known_.end())
      refuse(name, "is not a known parameter");
  if (!errors_.empty()) return invalid_fields(std::move(errors_));
  return {};
}

}  // namespace hoist::net
