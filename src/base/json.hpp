// JSON in, strictly, and field-by-field reading that reports every wrong field at once.
// Source   RFC 8259, RFC 7493 (I-JSON: no duplicate names, well-formed Unicode).
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist {

namespace json = boost::json;

struct JsonLimits {
  std::size_t depth_max = 32;
};

// Errors: invalid for anything but one well-formed JSON value: duplicate names, lone surrogates,
// bad UTF-8, too deep, trailing text.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, JsonLimits limits = {});

// Reads the members of one object. Each getter notes what is wrong under the member's path and
// goes on; finish() reports all of it, and every member that was not asked for.
//
//   auto fields = Fields{object};
//   auto title = fields.text("title", {.min = 1, .max = 200});
//   auto due = fields.optional_time("due_date");
//   CHECK(fields.finish());
class Fields {
 public:
  struct TextRule {
    std::size_t min = 1;  // Unicode code points, after trimming when trimmed
    std::size_t max = 1024;
    bool trimmed = false;
    bool line_breaks = false;  // tab, CR and LF allowed; other control characters never
  };
  struct NumberRule {
    std::int64_t min = 0;
    std::int64_t max = INT64_MAX;
  };

  explicit Fields(json::object const& object, std::string path_prefix = {});

  std::string text(std::string_view name, TextRule rule);  // required
  std::optional<std::string> optional_text(std::string_view name, TextRule rule);
  std::int64_t number(std::string_view name, NumberRule rule);
  std::optional<std::int64_t> optional_number(std::string_view name, NumberRule rule);
  std::optional<bool> optional_bool(std::string_view name);
  std::optional<Time> optional_time(std::string_view name);
  // One of `allowed`; required when `fallback` is empty.
  std::string choice(std::string_view name, std::vector<std::string_view> const& allowed,
                     std::string_view fallback = {});
  json::object const* optional_object(std::string_view name);  // null when absent or wrong
  json::object const* object(std::string_view name);
  json::array const* array(std::string_view name, std::size_t max_items);
  // Absent and JSON null are the same for optional members.
  json::value const* any(std::string_view name);

  void refuse(std::string_view name, std::string reason);  // the caller's own check failed
  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] bool ok() const { return errors_.empty(); }
  // Errors so far and unknown members; leaves the reader empty of errors.
  [[nodiscard]] std::vector<FieldError> take_errors();
  [[nodiscard]] Result<void> finish();

 private:
  std::optional<std::string> check_text(std::string_view name, json::value const& value, TextRule rule);
  std::optional<std::int64_t> check_number(std::string_view name, json::value const& value, NumberRule rule);

  json::object const& object_;
  std::string prefix_;
  std::vector<std::string_view> known_;
  std::vector<FieldError> errors_;
};

// The 400 that carries all of `errors`.
[[nodiscard]] std::unexpected<Error> invalid_fields(std::vector<FieldError> errors);

// RFC 8785 canonical form: sorted names (UTF-16 order), shortest numbers, minimal escapes.
[[nodiscard]] std::string canonical_json(json::value const& value);

[[nodiscard]] std::size_t count_code_points(std::string_view utf8);

}  // namespace hoist
