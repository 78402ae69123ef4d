#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist {
namespace {

// Every member of every object has exactly one colon outside strings, and the parser keeps only
// the last of two equal names: so names were repeated if and only if the two counts differ.
std::size_t count_colons_outside_strings(std::string_view text) {
  std::size_t colons = 0;
  auto in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_string && text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      in_string = !in_string;
    else if (!in_string && text[i] == ':')
      ++colons;
  }
  return colons;
}

std::size_t count_members(json::value const& value) {
  std::size_t members = 0;
  if (auto const* object = value.if_object()) {
    members += object->size();
    for (auto const& member : *object) members += count_members(member.value());
  } else if (auto const* array = value.if_array()) {
    for (auto const& item : *array) members += count_members(item);
  }
  return members;
}

// Builds a value as the library's own handler does, except that doubles are read exactly: the
// version of Debian 12 may be off by one bit, and a canonical form would change at each reading.
struct ExactHandler {
  using Failure = boost::system::error_code;
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  bool on_document_begin(Failure&) { return true; }
  bool on_document_end(Failure&) { return true; }
  bool on_object_begin(Failure&) { return true; }
  bool on_object_end(std::size_t members, Failure&) { return stack.push_object(members), true; }
  bool on_array_begin(Failure&) { return true; }
  bool on_array_end(std::size_t items, Failure&) { return stack.push_array(items), true; }
  bool on_key_part(json::string_view part, std::size_t, Failure&) { return stack.push_chars(part), true; }
  bool on_key(json::string_view rest, std::size_t, Failure&) { return stack.push_key(rest), true; }
  bool on_string_part(json::string_view part, std::size_t, Failure&) { return stack.push_chars(part), true; }
  bool on_string(json::string_view rest, std::size_t, Failure&) { return stack.push_string(rest), true; }
  bool on_number_part(json::string_view, Failure&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Failure&) { return stack.push_int64(number), true; }
  bool on_uint64(std::uint64_t number, json::string_view, Failure&) {
    return stack.push_uint64(number), true;
  }
  bool on_double(double exact, json::string_view text, Failure& failure) {
    auto const read = std::from_chars(text.data(), text.data() + text.size(), exact);
    // 1e400 and 1e-400 are well-formed, but no doubles; they could not be written again. Nor could an
    // integer of more than 64 bits, which would come back as another one.
    auto const integer = text.find_first_of(".eE") == text.npos;
    if (read.ec != std::errc{} || integer) failure = json::error::exponent_overflow;
    return !failure && (stack.push_double(exact), true);
  }
  bool on_bool(bool value, Failure&) { return stack.push_bool(value), true; }
  bool on_null(Failure&) { return stack.push_null(), true; }
  bool on_comment_part(json::string_view, Failure&) { return true; }
  bool on_comment(json::string_view, Failure&) { return true; }

  json::value_stack stack;
};

Result<json::value> parse_exactly(std::string_view text, std::size_t depth_max) {
  auto options = json::parse_options{};
  options.max_depth = depth_max;
  auto parser = json::basic_parser<ExactHandler>{options};
  parser.handler().stack.reset();
  auto failure = boost::system::error_code{};
  auto const used = parser.write_some(false, text.data(), text.size(), failure);
  if (failure == json::error::too_deep)
    return fail(Code::invalid, fmt::format("The JSON is nested more than {} levels deep.", depth_max));
  if (failure == json::error::exponent_overflow)
    return fail(Code::invalid, "The JSON holds a number that cannot be kept: send it as text.");
  if (failure) return fail(Code::invalid, fmt::format("The body is not valid JSON: {}.", failure.message()));
  if (used != text.size()) return fail(Code::invalid, "The body is not valid JSON: text follows the value.");
  return parser.handler().stack.release();
}

bool has_control_character(std::string_view text, bool line_breaks) {
  for (auto const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (line_breaks && (c == '\n' || c == '\r' || c == '\t')) continue;
    if (byte < 0x20 || byte == 0x7F) return true;
  }
  // C1 controls are two bytes in UTF-8: C2 80 to C2 9F.
  for (std::size_t i = 0; i + 1 < text.size(); ++i)
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  return false;
}

// Byte order of UTF-8 is the order of code points, which differs from that of UTF-16 units only
// from U+E000 on (lead bytes EE and above), where UTF-16 puts the surrogates first.
bool orders_as_bytes(std::string_view utf8) {
  return std::ranges::all_of(utf8, [](char c) { return static_cast<unsigned char>(c) < 0xEE; });
}

std::u16string to_utf16(std::string_view utf8) {
  auto out = std::u16string{};
  for (std::size_t i = 0; i < utf8.size();) {
    auto const first = static_cast<unsigned char>(utf8[i]);
    auto const length = first < 0x80 ? 1U : first < 0xE0 ? 2U : first < 0xF0 ? 3U : 4U;
    auto point =
        length == 1 ? static_cast<char32_t>(first) : static_cast<char32_t>(first & (0xFF >> (length + 1)));
    for (auto k = 1U; k < length && i + k < utf8.size(); ++k)
      point = (point << 6) | (static_cast<unsigned char>(utf8[i + k]) & 0x3F);
    i += length;
    if (point < 0x10000) {
      out += static_cast<char16_t>(point);
    } else {
      out += static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10));
      out += static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF));
    }
  }
  return out;
}

void append_canonical_string(std::string& out, std::string_view text) {
  out += '"';
  for (auto const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte < 0x20)
          out += fmt::format("\\u{:04x}", byte);
        else
          out += c;
    }
  }
  out += '"';
}

// ECMAScript Number::toString, as RFC 8785 section 3.2.2.3 asks.
void append_canonical_number(std::string& out, double number) {
  if (number == 0) {
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  auto buffer = std::array<char, 40>{};
  auto const end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(number),
                                 std::chars_format::scientific);
  auto const text = std::string_view{buffer.data(), end.ptr};
  auto const e = text.find('e');
  auto digits = std::string{text.substr(0, 1)};
  if (e > 2) digits += text.substr(2, e - 2);
  auto const exponent = std::stoi(std::string{text.substr(e + 1)});
  auto const count = static_cast<int>(digits.size());
  auto const point = exponent + 1;  // digits before the decimal point
  if (count <= point && point <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    out += digits.substr(0, static_cast<std::size_t>(point)) + "." +
           digits.substr(static_cast<std::size_t>(point));
  } else if (-6 < point && point <= 0) {
    out += "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else {
    out += digits.substr(0, 1);
    if (count > 1) out += "." + digits.substr(1);
    out += fmt::format("e{}{}", exponent < 0 ? "-" : "+", std::abs(exponent));
  }
}

// Integers that a double holds exactly are written as they are; larger ones are rounded like doubles.
void append_canonical_integer(std::string& out, std::int64_t number) {
  constexpr auto exact_max = std::int64_t{1} << 53;
  if (number > exact_max || number < -exact_max) {
    append_canonical_number(out, static_cast<double>(number));
    return;
  }
  fmt::format_to(std::back_inserter(out), "{}", number);
}

void append_canonical(std::string& out, json::value const& value);

void append_canonical_object(std::string& out, json::object const& object) {
  auto members = std::vector<json::key_value_pair const*>{};
  members.reserve(object.size());
  auto plain = true;
  for (auto const& member : object) {
    members.push_back(&member);
    plain = plain && orders_as_bytes(member.key());
  }
  if (plain)
    std::ranges::sort(members, {}, [](auto const* member) { return std::string_view{member->key()}; });
  else
    std::ranges::sort(members, {}, [](auto const* member) { return to_utf16(member->key()); });
  out += '{';
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i > 0) out += ',';
    append_canonical_string(out, members[i]->key());
    out += ':';
    append_canonical(out, members[i]->value());
  }
  out += '}';
}

void append_canonical(std::string& out, json::value const& value) {
  switch (value.kind()) {
    case json::kind::null: out += "null"; return;
    case json::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case json::kind::int64: append_canonical_integer(out, value.get_int64()); return;
    case json::kind::uint64: append_canonical_number(out, static_cast<double>(value.get_uint64())); return;
    case json::kind::double_: append_canonical_number(out, value.get_double()); return;
    case json::kind::string: append_canonical_string(out, value.get_string()); return;
    case json::kind::object: append_canonical_object(out, value.get_object()); return;
    case json::kind::array: {
      auto const& array = value.get_array();
      out += '[';
      for (std::size_t i = 0; i < array.size(); ++i) {
        if (i > 0) out += ',';
        append_canonical(out, array[i]);
      }
      out += ']';
      return;
    }
  }
}

// Null when absent. JSON null is a value, and of none of the types that members have.
json::value const* find(json::object const& object, std::string_view name,
                        std::vector<std::string_view>& known) {
  known.push_back(name);
  return object.if_contains(json::string_view{name});
}

}  // namespace

Result<json::value> parse_json(std::string_view text, JsonLimits limits) {
  TRY(auto value, parse_exactly(text, limits.depth_max));
  if (count_members(value) != count_colons_outside_strings(text))
    return fail(Code::invalid, "The JSON has an object with two members of the same name.");
  return value;
}

std::size_t count_code_points(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Fields::Fields(json::object const& object, std::string path_prefix)
    : object_{object}, prefix_{std::move(path_prefix)} {}

std::string Fields::path(std::string_view name) const {
  if (name.empty() && prefix_.ends_with('.'))
    return prefix_.substr(0, prefix_.size() - 1);  // the object itself
  return prefix_ + std::string{name};
}

void Fields::refuse(std::string_view name, std::string reason) {
  errors_.push_back(FieldError{path(name), std::move(reason)});
}

json::value const* Fields::any(std::string_view name) {
  auto const* value = find(object_, name, known_);
  return value != nullptr && value->is_null() ? nullptr : value;
}

std::optional<std::string> Fields::check_text(std::string_view name, json::value const& value,
                                              TextRule rule) {
  auto const* string = value.if_string();
  if (string == nullptr) return refuse(name, "must be a string"), std::nullopt;
  auto text = std::string_view{string->data(), string->size()};
  if (rule.trimmed) text = trim(text);
  if (has_control_character(text, rule.line_breaks))
    return refuse(name, "must not contain control characters"), std::nullopt;
  auto const length = count_code_points(text);
  if (length < rule.min || length > rule.max) {
    refuse(name, length == 0 ? std::string{"must not be empty"}
                 : rule.min == rule.max
                     ? fmt::format("must have {} characters, and has {}", rule.min, length)
                     : fmt::format("must have {} to {} characters, and has {}", rule.min, rule.max, length));
    return std::nullopt;
  }
  return std::string{text};
}

std::optional<std::string> Fields::optional_text(std::string_view name, TextRule rule) {
  auto const* value = find(object_, name, known_);
  return value == nullptr ? std::nullopt : check_text(name, *value, rule);
}

std::string Fields::text(std::string_view name, TextRule rule) {
  auto const* value = find(object_, name, known_);
  if (value == nullptr) return refuse(name, "is required"), std::string{};
  return check_text(name, *value, rule).value_or(std::string{});
}

std::optional<std::int64_t> Fields::check_number(std::string_view name, json::value const& value,
                                                 NumberRule rule) {
  auto const* number = value.if_int64();
  auto const too_large = value.is_uint64();
  if (number == nullptr && !too_large) return refuse(name, "must be a whole number"), std::nullopt;
  if (too_large || *number < rule.min || *number > rule.max) {
    refuse(name, fmt::format("must be between {} and {}", rule.min, rule.max));
    return std::nullopt;
  }
  return *number;
}

std::optional<std::int64_t> Fields::optional_number(std::string_view name, NumberRule rule) {
  auto const* value = find(object_, name, known_);
  return value == nullptr ? std::nullopt : check_number(name, *value, rule);
}

std::int64_t Fields::number(std::string_view name, NumberRule rule) {
  auto const* value = find(object_, name, known_);
  if (value == nullptr) return refuse(name, "is required"), 0;
  return check_number(name, *value, rule).value_or(0);
}

std::optional<bool> Fields::optional_bool(std::string_view name) {
  auto const* value = find(object_, name, known_);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) return refuse(name, "must be true or false"), std::nullopt;
  return value->get_bool();
}

std::optional<Time> Fields::optional_time(std::string_view name) {
  auto const given = optional_text(name, {.min = 1, .max = 64});
  if (!given) return std::nullopt;
  auto time = parse_iso8601(*given);
  if (time) return *time;
  refuse(name, "must be an ISO 8601 date or time, such as 2026-11-20 or 2026-11-20T18:25:43-05:00");
  return std::nullopt;
}

std::string Fields::choice(std::string_view name, std::vector<std::string_view> const& allowed,
                           std::string_view fallback) {
  auto const* value = find(object_, name, known_);
  if (value == nullptr && !fallback.empty()) return std::string{fallback};
  auto const* string = value == nullptr ? nullptr : value->if_string();
  if (string != nullptr)
    for (auto const option : allowed)
      if (option == std::string_view{string->data(), string->size()}) return std::string{option};
  refuse(name, value == nullptr ? std::string{"is required"}
                                : fmt::format("must be one of {}", fmt::join(allowed, ", ")));
  return {};
}

json::object const* Fields::optional_object(std::string_view name) {
  auto const* value = find(object_, name, known_);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) refuse(name, "must be an object");
  return value->if_object();
}

json::object const* Fields::object(std::string_view name) {
  auto const* value = find(object_, name, known_);
  auto const* found = value == nullptr ? nullptr : value->if_object();
  if (found == nullptr) refuse(name, value == nullptr ? "is required" : "must be an object");
  return found;
}

json::array const* Fields::array(std::string_view name, std::size_t max_items) {
  auto const* value = find(object_, name, known_);
  auto const* found = value == nullptr ? nullptr : value->if_array();
  if (found == nullptr) return refuse(name, value == nullptr ? "is required" : "must be an array"), nullptr;
  if (found->empty()) return refuse(name, "must have at least one item"), nullptr;
  if (found->size() > max_items) {
    refuse(name, fmt::format("must have at most {} items, and has {}", max_items, found->size()));
    return nullptr;
  }
  return found;
}

std::vector<FieldError> Fields::take_errors() {
  for (auto const& member : object_) {
    auto const name = std::string_view{member.key().data(), member.key().size()};
    if (std::ranges::find(known_, name) == known_.end()) refuse(name, "is not a known field");
  }
  return std::exchange(errors_, {});
}

Result<void> Fields::finish() {
  auto errors = take_errors();
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return {};
}

std::unexpected<Error> invalid_fields(std::vector<FieldError> errors) {
  auto const& [field, reason] = errors.front();
  // A reason is a sentence of its own, or goes on from the field's name.
  auto detail = reason.ends_with('.') ? reason : fmt::format("{} {}.", field, reason);
  if (errors.size() > 1) detail += fmt::format(" {} more field(s) are wrong.", errors.size() - 1);
  return fail(Error{Code::invalid, std::move(detail)}.with_fields(std::move(errors)));
}

std::string canonical_json(json::value const& value) {
  auto out = std::string{};
  append_canonical(out, value);
  return out;
}

}  // namespace hoist
