// What the command line knows about itself, told in other forms: a hint for a mistyped command, completion
// for shells, a manual page. All are made of the commands as they are declared, so none can be older than
// they are.
#pragma once

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hoist::bin {

// "There is no command putt. Did you mean put?", when the first words name no command.
[[nodiscard]] std::optional<std::string> unknown_command(CLI::App const& app,
                                                         std::vector<std::string_view> const& words);

[[nodiscard]] std::string completion(CLI::App const& app, std::string_view shell);  // bash, zsh or fish
[[nodiscard]] std::string manual(CLI::App const& app);                              // for man(1)

void add_describe_commands(CLI::App& app);

}  // namespace hoist::bin
