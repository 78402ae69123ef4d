// Where a list goes on: opaque to callers, and bound to the tenant and the filters it was made for.
// Threads  any.
// Errors   invalid for anything that was not made here for exactly this list.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

class Cursors {
 public:
  Cursors();  // understood by this object alone
  // Of one kind of list, wherever the secret is known.
  Cursors(std::string_view secret, std::string_view list);

  // `scope` says which list it is, filters included.
  [[nodiscard]] std::string make(std::string_view scope, std::string_view position) const;
  [[nodiscard]] Result<std::string> read(std::string_view scope, std::string_view cursor) const;

 private:
  std::string key_;
};

}  // namespace hoist
