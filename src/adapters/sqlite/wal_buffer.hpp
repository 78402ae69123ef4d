// A SQLite file layer that writes a commit to the WAL in one piece.
//
// SQLite writes two small pieces for each page of a commit and then syncs; here they are gathered in
// memory and written at the sync. Everything else goes to the layer below, the default one.
//
// Use       by a connection with synchronous=FULL only: it syncs before it tells readers of the commit,
//           and readers open the WAL for themselves, so they never look for what is still in memory.
// Invariant bytes are gathered only while the connection holds the WAL's write lock. What was not synced
//           by the time it gives the lock back belongs to no commit and is forgotten: written later, it
//           would lie over what another process committed meanwhile.
// Errors    of the late write appear at the sync, or at a read of what was gathered: SQLITE_FULL and
//           SQLITE_IOERR_WRITE fail the commit there as they would have failed it at the write.
#pragma once

namespace hoist::sqlite {

// The layer's name, for sqlite3_open_v2(). Registers it over the present default.
[[nodiscard]] char const* wal_buffer_layer();

}  // namespace hoist::sqlite
