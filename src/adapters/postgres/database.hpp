// The Database port over a PostgreSQL server, of version 15 or later.
//
// Threads    one a connection: `writers` for writes, `readers` for reads. Work is submitted from anywhere.
// Order      Writes are serial in the order of their commits, by locks that are taken before anything is
// read:
//            a function of one tenant holds that tenant's lock, and shares a lock of everything; one of the
//            system holds the lock of everything alone, or claims tenants: then it shares that lock and holds
//            those of its tenants, and of others that are free when it comes to them. What a function reads
//            after it has its locks can only be changed by itself. Row-level security (schema.hpp) keeps a
//            function of one tenant from every row that is not its tenant's; one that claims tenants keeps to
//            them itself, which test databases check. Tenants write beside each other. Nothing has to run
//            again for a conflict, and who waits longest comes first, but for who wants everything: he steps
//            back after a second, because nobody begins behind him. A read is a snapshot, and waits for no
//            lock.
// Batches    functions of the same scope that wait together run in one transaction and share its sync. If one
//            of them fails after changing something, each runs again alone.
// Time       the database's, and never before a time of a write that committed: hoist_now() keeps the latest
//            one in a sequence, which is not undone by a rollback. An operator who sets the clock of the
//            database back holds time still until it has caught up. A read is no earlier than any write
//            before it.
// Errors     unavailable with Retry-After when `queue_max` functions wait, or the server is away for longer
//            than outage_patience; timeout when the deadline passed before a function's turn, or a statement
//            ran into it. A connection lost before COMMIT was sent is repaired by running again; lost while
//            COMMIT was on its way it is `unavailable`, and says that it is not known.
// Lifetime   the destructor runs what is queued, then closes.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "adapters/postgres/surroundings.hpp"
#include "sql/database.hpp"

namespace hoist::postgres {

struct Options {
  std::string url;
  std::size_t writers = 4;
  std::size_t readers = 4;
  std::size_t queue_max = 4096;
  bool pooled = false;  // through a pooler that gives each transaction another connection
};

inline constexpr auto batch_functions_max = std::size_t{256};

// The tables of schema.hpp have to be there. Errors: unavailable; invalid for a URL that is none.
[[nodiscard]] Result<std::unique_ptr<sql::Database>> open_database(Options options,
                                                                   Surroundings surroundings);

namespace detail {
struct Testing {
  Clock const* clock = nullptr;  // of Transaction::now(), in place of the database's
  bool run_twice = false;
};
Result<std::unique_ptr<sql::Database>> open_database(Options options, Surroundings surroundings,
                                                     Testing testing);
}  // namespace detail

}  // namespace hoist::postgres
