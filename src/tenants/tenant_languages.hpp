// The language that a tenant's answers are in when a request names none.
//
// Cost     one indexed read a tenant in every few seconds, and a look-up in memory otherwise.
// Threads  any.   Bounded: the least recently used tenants are forgotten.
#pragma once

#include <optional>
#include <string>

#include "base/lru.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "sql/database.hpp"
#include "tenants/tenant_table.hpp"

namespace hoist::tenants {

class TenantLanguages {
 public:
  TenantLanguages(sql::Database& database, TenantTable const& tenants, Clock const& clock)
      : database_{database}, tenants_{tenants}, clock_{clock} {}

  // Absent: it has none of its own, or cannot be asked now, which is no reason to refuse a request.
  asio::awaitable<std::optional<Language>> of(TenantId tenant, Deadline deadline);

 private:
  struct Entry {
    std::optional<Language> language;
    Time read_at;
  };
  std::optional<Entry> known(std::string const& tenant);

  static constexpr std::size_t known_max = 4096;

  sql::Database& database_;
  TenantTable const& tenants_;
  Clock const& clock_;
  Mutex mutex_;
  Lru<std::string, Entry> known_ HOIST_GUARDED_BY(mutex_){known_max};
};

}  // namespace hoist::tenants
