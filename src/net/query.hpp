// Reads the query parameters of a request; finish() names every wrong, repeated and unknown one at
// once, so that no filter is silently ignored.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/message.hpp"

namespace hoist::net {

class QueryReader {
 public:
  explicit QueryReader(Request const& request) : request_{request} {}

  std::optional<std::string> text(std::string_view name, std::size_t bytes_max = 256);
  std::int64_t number(std::string_view name, std::int64_t min, std::int64_t max, std::int64_t fallback);
  std::optional<Time> time(std::string_view name);
  bool flag(std::string_view name);  // "true"; absent is false
  std::optional<std::string> choice(std::string_view name, std::vector<std::string_view> const& allowed);
  std::vector<std::string> all(std::string_view name);  // of one that may be repeated
  void refuse(std::string_view name, std::string reason);
  [[nodiscard]] Result<void> finish();

 private:
  std::optional<std::string> take(std::string_view name);

  Request const& request_;
  std::vector<std::string_view> known_{"access_token", "ticket"};
  std::vector<FieldError> errors_;
};

}  // namespace hoist::net
