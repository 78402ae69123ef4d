// What operators set for the PostgreSQL engine.
#pragma once

#include <cstddef>
#include <string>

namespace hoist::postgres {

struct Settings {
  std::string url;        // postgresql://..., as the role that serves; a secret
  std::string owner_url;  // as the owner of the tables, who alone changes them; a secret
  std::size_t connections = 12;
  bool pooled = false;
};

}  // namespace hoist::postgres
