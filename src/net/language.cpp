#include "net/language.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/encode.hpp"

namespace hoist::net {
namespace {

constexpr auto spoken = std::to_array<std::string_view>({"title", "detail", "message", "reason"});
constexpr auto theirs = std::string_view{"metadata"};

// 0 to 1000; nothing else than a weight is none.
int weight_of(std::string_view parameter) {
  parameter = trim(parameter);
  if (parameter.empty()) return 1000;
  if (!parameter.starts_with("q=")) return 0;
  auto weight = 0.0;
  auto const text = parameter.substr(2);
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), weight);
  auto const good = failure == std::errc{} && end == text.data() + text.size() && weight >= 0 && weight <= 1;
  return good ? static_cast<int>(weight * 1000) : 0;
}

// Where the string that begins at `open` ends: behind its closing quote.
std::size_t end_of_string(std::string_view json, std::size_t open) {
  for (auto at = open + 1; at < json.size(); ++at) {
    if (json[at] == '\\')
      ++at;
    else if (json[at] == '"')
      return at + 1;
  }
  return json.size();
}

// Behind the object that begins at `open`.
std::size_t end_of_object(std::string_view json, std::size_t open) {
  auto depth = 0;
  for (auto at = open; at < json.size();) {
    if (json[at] == '"') {
      at = end_of_string(json, at);
      continue;
    }
    if (json[at] == '{') ++depth;
    if (json[at] == '}' && --depth == 0) return at + 1;
    ++at;
  }
  return json.size();
}

std::string said_in(Language language, std::string_view quoted) {
  auto const text = parse_json(quoted);
  if (!text || !text->is_string()) return std::string{quoted};
  return json::serialize(json::string_view{in_language(language, std::string{text->get_string()})});
}

// As invalid_fields() says it: the first field, and how many more are wrong.
std::string detail_of(Language language, std::vector<FieldError> const& fields) {
  auto detail = invalid_fields({fields.front()}).error().detail();
  if (fields.size() == 1) return detail;
  auto const more = fmt::format("{} more field(s) are wrong.", fields.size() - 1);
  return detail + " " + hoist::in_language(language, more);
}

}  // namespace

Language choose_language(std::string_view accept_language, Language fallback) {
  auto chosen = fallback;
  auto best = 0;
  while (!accept_language.empty()) {
    auto const comma = std::min(accept_language.find(','), accept_language.size());
    auto const range = accept_language.substr(0, comma);
    accept_language.remove_prefix(std::min(comma + 1, accept_language.size()));
    auto const semicolon = std::min(range.find(';'), range.size());
    auto const tag = to_lower(trim(range.substr(0, semicolon)));
    auto const weight = weight_of(semicolon == range.size() ? "" : range.substr(semicolon + 1));
    if (weight <= best) continue;
    auto const language = tag == "*" ? fallback : parse_language(tag.substr(0, tag.find('-')));
    if (!language) continue;
    chosen = *language;
    best = weight;
  }
  return chosen;
}

std::string with_language(std::string json, Language language) {
  if (language == Language::english) return json;
  auto out = std::string{};
  out.reserve(json.size() + json.size() / 8);
  auto name = std::string_view{};  // of the member whose value comes next
  for (auto at = std::size_t{0}; at < json.size();) {
    if (json[at] == '{' && name == theirs) {
      auto const end = end_of_object(json, at);
      out.append(json, at, end - at);
      at = end;
      name = {};
      continue;
    }
    if (json[at] != '"') {
      if (json[at] != ':') name = {};
      out += json[at++];
      continue;
    }
    auto const end = end_of_string(json, at);
    auto const quoted = std::string_view{json}.substr(at, end - at);
    auto const is_name = end < json.size() && json[end] == ':';
    auto const is_spoken = std::ranges::find(spoken, name) != spoken.end();
    if (!is_name && is_spoken)
      out += said_in(language, quoted);
    else
      out += quoted;
    name = is_name ? quoted.substr(1, quoted.size() - 2) : std::string_view{};
    at = end;
  }
  return out;
}

void speak(Response& response, Language language) {
  response.body = with_language(std::move(response.body), language);
  response.headers.set("Content-Language", std::string{to_string(language)});
  response.headers.add("Vary", "Accept-Language");
}

Language language_for(Language language, Error const& error) {
  auto const& fields = error.fields();
  auto const composed = !fields.empty() && error.detail() == detail_of(Language::english, fields);
  auto const known = [&](std::string_view text) { return text.empty() || can_say(language, text); };
  auto const all = known(info(error.code()).title) && (composed || known(error.detail())) &&
                   std::ranges::all_of(fields, known, &FieldError::reason);
  return all ? language : Language::english;
}

Error in_language(Language language, Error const& error) {
  auto fields = error.fields();
  auto const composed = !fields.empty() && error.detail() == detail_of(Language::english, fields);
  for (auto& field : fields) field.reason = hoist::in_language(language, field.reason);
  auto detail = composed ? detail_of(language, fields) : hoist::in_language(language, error.detail());
  auto said = Error{error.code(), std::move(detail)}.with_slug(error.slug()).with_fields(std::move(fields));
  if (auto const seconds = error.retry_after_s()) return std::move(said).with_retry_after(*seconds);
  return said;
}

}  // namespace hoist::net
