// What commands print at their end.
#pragma once

#include <vector>

#include "bin/cli/item.hpp"

namespace hoist::cli {

// "hoist: <what went wrong>" on standard error; answers the exit code.
[[nodiscard]] int report(Error const& error);

// What goes on within the status of an upload, for people; empty: nothing is known.
[[nodiscard]] std::string stage_of(json::object const& upload);
// One line of JSON on standard output.
void print_line(json::object const& object);

void print_json(Item const& item);
void print_json_summary(std::vector<Item> const& items, bool waited);
void print_summary(std::vector<Item> const& items, bool waited);

// Rows of text, columns aligned, the first row set off as the heading. Control characters in cells
// are made visible. Numbers are columns to align at the right.
void print_table(std::vector<std::vector<std::string>> const& rows,
                 std::vector<std::size_t> const& numbers = {});

}  // namespace hoist::cli
