#include "bin/describe.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <memory>
#include <numeric>

namespace hoist::bin {
namespace {

constexpr auto hint_distance_max = std::size_t{2};

// Levenshtein's: letters put in, left out or exchanged.
std::size_t distance(std::string_view left, std::string_view right) {
  auto row = std::vector<std::size_t>(right.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (auto i = std::size_t{0}; i < left.size(); ++i) {
    auto diagonal = row[0]++;
    for (auto j = std::size_t{0}; j < right.size(); ++j) {
      auto const exchanged = diagonal + (left[i] == right[j] ? 0U : 1U);
      diagonal = row[j + 1];
      row[j + 1] = std::min({exchanged, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<CLI::App const*> commands_of(CLI::App const& app) {
  auto commands = app.get_subcommands([](CLI::App const* command) { return !command->get_name().empty(); });
  return {commands.begin(), commands.end()};
}

std::vector<CLI::Option const*> options_of(CLI::App const& command) {
  auto options = command.get_options([](CLI::Option const* option) { return !option->get_positional(); });
  return {options.begin(), options.end()};
}

// "--project" and the like, in the order of declaration.
std::vector<std::string> flags_of(CLI::App const& command) {
  auto flags = std::vector<std::string>{};
  for (auto const* option : options_of(command)) {
    for (auto const& name : option->get_lnames()) flags.push_back("--" + name);
    for (auto const& name : option->get_snames()) flags.push_back("-" + name);
  }
  return flags;
}

std::vector<std::string> words_of(CLI::App const& command) {
  auto words = std::vector<std::string>{};
  for (auto const* sub : commands_of(command)) words.push_back(sub->get_name());
  for (auto& flag : flags_of(command)) words.push_back(std::move(flag));
  return words;
}

// Calls `tell` for every command with the words that lead to it.
void walk(CLI::App const& app, std::string const& path,
          std::function<void(std::string const&, CLI::App const&)> const& tell) {
  tell(path, app);
  for (auto const* sub : commands_of(app)) walk(*sub, path + " " + sub->get_name(), tell);
}

// A function of the shell, for bash and zsh: what may follow these commands.
std::string words_function(CLI::App const& app) {
  auto cases = std::string{};
  walk(app, "hoist", [&](std::string const& path, CLI::App const& command) {
    cases += fmt::format("    '{}') printf '%s' '{}' ;;\n", path, fmt::join(words_of(command), " "));
  });
  return fmt::format("_hoist_words() {{\n  case \"$1\" in\n{}  esac\n}}\n", cases);
}

// The longest command that the words so far spell decides what may come next; files always may.
std::string bash_completion(CLI::App const& app) {
  return fmt::format(R"(_hoist() {{
  local path=hoist words='' word
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in -*) continue ;; esac
    case " $(_hoist_words "$path") " in *" $word "*) path="$path $word" ;; esac
  done
  words=$(_hoist_words "$path")
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
{}complete -o default -F _hoist hoist
)",
                     words_function(app));
}

// The same in zsh, where `path` and `words` are names of its own. The file is a function of zsh when it lies
// in its path of functions, and declares one when it is sourced.
std::string zsh_completion(CLI::App const& app) {
  return fmt::format(R"(#compdef hoist
{}_hoist() {{
  local spelled=hoist word
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$word" in -*) continue ;; esac
    case " $(_hoist_words "$spelled") " in *" $word "*) spelled="$spelled $word" ;; esac
  done
  compadd -- ${{=$(_hoist_words "$spelled")}}
  case "$PREFIX" in -*) ;; *) _files ;; esac
}}
if [ "$funcstack[1]" = _hoist ]; then _hoist "$@"; else compdef _hoist hoist; fi
)",
                     words_function(app));
}

std::string quoted(std::string text) {
  for (auto at = text.find('\''); at != text.npos; at = text.find('\'', at + 2)) text.replace(at, 1, "\\'");
  return "'" + text + "'";
}

std::string fish_completion(CLI::App const& app) {
  auto text = std::string{};
  walk(app, "", [&](std::string const& path, CLI::App const& command) {
    auto condition = path.empty() ? std::string{"__fish_use_subcommand"} : std::string{};
    for (auto const& word : CLI::detail::split(path, ' '))
      if (!word.empty())
        condition += fmt::format("{}__fish_seen_subcommand_from {}", condition.empty() ? "" : "; and ", word);
    for (auto const* sub : commands_of(command))
      text += fmt::format("complete -c hoist -n {} -a {} -d {}\n", quoted(condition), sub->get_name(),
                          quoted(sub->get_description()));
    for (auto const* option : options_of(command))
      for (auto const& name : option->get_lnames())
        text += fmt::format("complete -c hoist -n {} -l {} -d {}\n", quoted(condition), name,
                            quoted(option->get_description()));
  });
  return text;
}

// Text for troff: backslashes and dots at the beginning of lines mean something there.
std::string roff(std::string_view text) {
  auto out = std::string{};
  for (auto const c : text) {
    if (out.empty() || out.back() == '\n')
      if (c == '.' || c == '\'') out += "\\&";
    out += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string{c};
  }
  return out;
}

std::string manual_of(std::string const& path, CLI::App const& command) {
  auto usage = path;
  for (auto const* option :
       command.get_options([](CLI::Option const* each) { return each->get_positional(); }))
    usage += option->get_required() ? " " + option->get_name(true) : " [" + option->get_name(true) + "]";
  auto text = fmt::format(".SS {}\n{}\n", roff(usage), roff(command.get_description()));
  for (auto const* option : options_of(command))
    text +=
        fmt::format(".TP\n.B {}\n{}\n", roff(option->get_name(false, true)), roff(option->get_description()));
  if (!command.get_footer().empty()) text += fmt::format(".PP\n.nf\n{}\n.fi\n", roff(command.get_footer()));
  return text;
}

}  // namespace

std::optional<std::string> unknown_command(CLI::App const& app, std::vector<std::string_view> const& words) {
  auto const* at = &app;
  for (auto const word : words) {
    auto const commands = commands_of(*at);
    if (commands.empty() || word.starts_with('-')) return std::nullopt;
    auto const known =
        std::ranges::find(commands, word, [](CLI::App const* each) { return each->get_name(); });
    if (known != commands.end()) {
      at = *known;
      continue;
    }
    auto text = fmt::format("There is no command {}.", word);
    auto const nearest = std::ranges::min(
        commands, {}, [&](CLI::App const* each) { return distance(word, each->get_name()); });
    if (distance(word, nearest->get_name()) <= hint_distance_max)
      text += fmt::format(" Did you mean {}?", nearest->get_name());
    return text;
  }
  return std::nullopt;
}

std::string completion(CLI::App const& app, std::string_view shell) {
  return shell == "fish" ? fish_completion(app) : shell == "zsh" ? zsh_completion(app) : bash_completion(app);
}

std::string manual(CLI::App const& app) {
  auto text = fmt::format(
      ".TH HOIST 1 \"\" \"hoist {}\"\n.SH NAME\nhoist \\- uploads, ordered tasks and events\n"
      ".SH SYNOPSIS\n.B hoist\nCOMMAND [OPTIONS]\n.SH DESCRIPTION\n{}\n.SH COMMANDS\n",
      HOIST_VERSION, roff(app.get_description()));
  walk(app, "hoist", [&](std::string const& path, CLI::App const& command) {
    if (&command != &app) text += manual_of(path, command);
  });
  return text + fmt::format(".SH NOTES\n.nf\n{}\n.fi\n", roff(app.get_footer()));
}

void add_describe_commands(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  auto* complete = app.add_subcommand("completion", "Print completion for a shell");
  complete->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  complete->footer("Examples:\n  source <(hoist completion bash)\n  hoist completion fish | source");
  complete->callback([&app, shell] { fmt::print("{}", completion(app, *shell)); });
  auto* page = app.add_subcommand("manual", "Print the manual page");
  page->footer("Example:\n  hoist manual | man -l -");
  page->callback([&app] { fmt::print("{}", manual(app)); });
}

}  // namespace hoist::bin
