// What the server says to people, in their languages: one table of sentences.
//
// A sentence is written in English where it arises, and is stored and logged like that. A client that reads
// another language gets it through this table, which takes the words for its {names} from the English one.
// What the table does not know stays English.
//
// Threads  any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hoist {

enum class Language : std::uint8_t { english, spanish, portuguese };
inline constexpr auto languages = std::array{Language::english, Language::spanish, Language::portuguese};

[[nodiscard]] std::string_view to_string(Language language);  // "en", a tag of RFC 5646
[[nodiscard]] std::optional<Language> parse_language(std::string_view tag);

struct Sentence {
  std::string_view code;               // stable
  std::array<std::string_view, 3> in;  // by Language
};
[[nodiscard]] std::span<Sentence const> sentences();

// `english` in this language, or as it is.
[[nodiscard]] std::string in_language(Language language, std::string_view english);
// Does the table know it?
[[nodiscard]] bool can_say(Language language, std::string_view english);

}  // namespace hoist
