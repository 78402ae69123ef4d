// Which files are taken, by media type ("application/pdf", "image/*") and by
// the end of the name (".dwg"). Invariants  entries are in lower case, as
// read_file_types() leaves them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hoist {

struct FileTypes {
  std::vector<std::string> allowed;  // empty: every type
  std::vector<std::string> denied;   // goes before `allowed`

  // Is a file of this name and media type taken? One entry that names either is
  // enough.
  [[nodiscard]] bool take(std::string_view filename, std::string_view type) const;
};

inline constexpr auto type_not_allowed = std::string_view{"type_not_allowed"};  // why a file was refused
// The sentence for its user.
[[nodiscard]] std::string refusal_of_type(std::string_view filename, std::string_view type);

// An entry in lower case: a media type, all of a kind ("image/*") or an
// extension (".dwg"). nullopt: `text` is none of them.
[[nodiscard]] std::optional<std::string> read_file_type(std::string_view text);

}  // namespace hoist
