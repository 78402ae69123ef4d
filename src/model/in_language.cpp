// Finds what is said in the table of sentences.cpp, and says it in another language.
#include <algorithm>
#include <map>

#include "model/sentences.hpp"

namespace hoist {
namespace {

using Words = std::map<std::string_view, std::string_view>;  // by the name in the template

// What stands in `text` where `form` has its names; nullopt unless all else is the same.
std::optional<Words> words_of(std::string_view form, std::string_view text) {
  auto words = Words{};
  while (true) {
    auto const open = form.find('{');
    if (open == form.npos) return form == text ? std::optional{words} : std::nullopt;
    if (!text.starts_with(form.substr(0, open))) return std::nullopt;
    text.remove_prefix(open);
    auto const close = form.find('}', open);
    auto const name = form.substr(open + 1, close - open - 1);
    form.remove_prefix(close + 1);
    auto const fixed = form.substr(0, form.find('{'));
    // The last name goes as far as the end allows, so that a sentence in it does not end it.
    auto const end = fixed.size() == form.size() ? text.rfind(fixed) : text.find(fixed);
    if (end == text.npos || end == 0) return std::nullopt;
    words.emplace(name, fixed.empty() ? text : text.substr(0, end));
    text.remove_prefix(fixed.empty() ? text.size() : end);
  }
}

// Outside of English, decimals have a comma.
std::string localised(std::string_view name, std::string_view word) {
  auto out = std::string{word};
  if (name.ends_with("_size")) std::ranges::replace(out, '.', ',');
  return out;
}

std::string fill(std::string_view form, Words const& words) {
  auto out = std::string{};
  for (auto open = form.find('{'); open != form.npos; open = form.find('{')) {
    auto const close = form.find('}', open);
    auto const name = form.substr(open + 1, close - open - 1);
    out += form.substr(0, open);
    out += localised(name, words.at(name));
    form.remove_prefix(close + 1);
  }
  return out.append(form);
}

}  // namespace

std::string_view to_string(Language language) {
  constexpr auto tags = std::array<std::string_view, 3>{"en", "es", "pt"};
  return tags.at(static_cast<std::size_t>(language));
}

std::optional<Language> parse_language(std::string_view tag) {
  auto const* const found = std::ranges::find(languages, tag, [](Language each) { return to_string(each); });
  return found == languages.end() ? std::nullopt : std::optional{*found};
}

std::string in_language(Language language, std::string_view english) {
  if (language == Language::english) return std::string{english};
  for (auto const& sentence : sentences())
    if (auto const words = words_of(sentence.in[0], english))
      return fill(sentence.in.at(static_cast<std::size_t>(language)), *words);
  return std::string{english};
}

bool can_say(Language language, std::string_view english) {
  return language == Language::english || std::ranges::any_of(sentences(), [&](Sentence const& each) {
           return words_of(each.in[0], english).has_value();
         });
}

}  // namespace hoist
