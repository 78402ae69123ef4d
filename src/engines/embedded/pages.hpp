// Is the file of a database whole? What SQLite finds by reading it.
//
// Errors   what keeps it from being read at all, but for damage, which is an answer.
#pragma once

#include <string>
#include <vector>

#include "sql/database.hpp"

namespace hoist::embedded {

// What is wrong with hoist.db, in words; nothing when it is whole. Reads all of it.
Async<std::vector<std::string>> find_damage(sql::Database& database);
// The same with every index entry compared, for a check that an operator waits for.
Async<std::vector<std::string>> find_every_damage(sql::Database& database);

// Of a file that is not open; a missing one is sound, because it can be made.
[[nodiscard]] Result<bool> is_sound(std::string const& file);

}  // namespace hoist::embedded
