// What PostgreSQL's codes mean here.
// Source  https://www.postgresql.org/docs/15/errcodes-appendix.html
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::postgres {

// What a failed statement or connection means for those that wait.
enum class Fate {
  kept,        // the statement was refused, and running it again would be refused again
  again,       // running the function again may well succeed: it met another transaction
  locked_out,  // another transaction kept what this one wants for as long as it waits at a time
  lost         // the connection is gone, or of no use any more
};

struct Failure {
  Fate fate = Fate::kept;
  Error error;
};

// `state` is the SQLSTATE; `message` the server's own, for the log: it may quote values.
[[nodiscard]] Failure failure_of(std::string_view state, std::string_view message);

// The database cannot be reached.
[[nodiscard]] Error away(std::string cause);
// The server answers a connection with this SQLSTATE: what is wrong with the address, or with the server.
[[nodiscard]] Error refusal_of(std::string_view state, std::string cause);
// The connection ended after COMMIT was sent and before its answer came.
[[nodiscard]] Error unknown_whether_committed(std::string cause);
// A deadline passed before a function had its turn, or while it ran.
[[nodiscard]] Error too_late(std::string cause = {});

}  // namespace hoist::postgres
