// Looks at a database's WAL before SQLite opens it, because SQLite takes the first frame that does not
// add up for the end and says nothing: a flipped bit there takes away every commit behind it.
//
// What a crash may leave is no damage: one commit that was being written. A power cut may also leave an
// index (-shm) that is older than the WAL.
//
// Source   https://www.sqlite.org/fileformat2.html#the_write_ahead_log and walformat.html
#pragma once

#include <optional>
#include <string>

#include "base/error.hpp"

namespace hoist::sqlite {

// In words what commits are missing; nothing when none is. The WAL of the database `path`, which no process
// has open. Errors: unavailable when it cannot be read.
[[nodiscard]] Result<std::optional<std::string>> find_wal_damage(std::string const& path);

}  // namespace hoist::sqlite
