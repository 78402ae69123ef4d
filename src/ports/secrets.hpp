// Small private texts of an installation by name, such as "keys/event_log.pem": keys, and what must not be
// told by the database that it vouches for.
//
// Promise  what replace() wrote is whole and as durable as the engine when it returns.
// Threads  any; one name is replaced by one caller at a time.
// Errors   not_found for a name that was never written; invalid for one that others can read.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

class Secrets {
 public:
  virtual ~Secrets() = default;
  [[nodiscard]] virtual Result<std::string> read(std::string_view name) const = 0;
  virtual Result<void> replace(std::string_view name, std::string_view text) = 0;
};

}  // namespace hoist
