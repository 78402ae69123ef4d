// The address of a database, "postgresql://user:password@host/name?sslmode=verify-full". It holds a secret.
#pragma once

#include <string>

#include "base/error.hpp"

namespace hoist::postgres {

// Errors: invalid, without a word of the text, which may hold a password.
[[nodiscard]] Result<void> check_url(std::string const& url);
// "host/name", for the log.
[[nodiscard]] std::string public_part(std::string const& url);
// Who it signs in as; empty: not said.
[[nodiscard]] std::string user_of(std::string const& url);

}  // namespace hoist::postgres
