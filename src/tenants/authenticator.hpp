// From a credential to a caller: a token of this installation or of the outside sign-in service by its
// signature, an API key by its hash, all against what has been revoked.
//
// Cost     a credential seen within the last `recheck` costs one SHA-256 and a look-up in memory; a
//          known one older than that costs one indexed read; only a new one costs a signature check.
// Promise  a revocation made by any process is in force `recheck` after its commit, one made here at
//          once. Without the database no new caller is admitted: it fails closed.
// Threads  any.   Bounded: the least recently used credentials are forgotten.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/lru.hpp"
#include "base/mutex.hpp"
#include "ports/caller_check.hpp"
#include "sql/database.hpp"
#include "tenants/issuer.hpp"
#include "tenants/key_ring.hpp"

namespace hoist::tenants {

class Authenticator final : public CallerCheck {
 public:
  struct Options {
    std::size_t cached_max = 32'768;
    Micros recheck{500'000};
  };
  // `issuer`: of the outside sign-in service; null: there is none.
  Authenticator(KeyRing const& keys, Issuer* issuer, sql::Database& database, Clock const& clock,
                Options options);

  // Errors: unauthenticated, and the database's.
  Async<Caller> authenticate(std::string credential, Deadline deadline);
  Async<> still_valid(Caller caller, Deadline deadline) override;
  // Its credential was revoked: the next request asks the database.
  void forget(TenantId const& tenant, std::string const& credential_id);

 private:
  struct Entry {
    Caller caller;
    Time checked_at;
    std::uint64_t issuer_keys = 0;  // their version then; 0: it is none of the issuer's tokens
  };
  struct Shard {
    explicit Shard(std::size_t entries_max) : entries{entries_max} {}
    Mutex mutex;
    Lru<std::string, Entry> entries HOIST_GUARDED_BY(mutex);  // by SHA-256 of the credential
  };

  Shard& shard_of(std::string const& hash);
  std::optional<Entry> cached(std::string const& hash);
  // What was checked with keys that the issuer has changed since has to be checked again.
  [[nodiscard]] bool keys_changed(Entry const& entry) const;
  Async<Entry> verify_token(std::string const& token, Time now, Deadline deadline);
  Async<Caller> find_key(std::string const& text, Deadline deadline);
  Async<> check_token(Caller const& caller, Deadline deadline);

  KeyRing const& keys_;
  Issuer* issuer_;
  sql::Database& database_;
  Clock const& clock_;
  Options options_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

// Errors: unauthenticated when the token was revoked or its tenant does not exist.
[[nodiscard]] Result<void> check_token_row(sql::Transaction& tx, TenantId const& tenant,
                                           std::string const& token_id);
[[nodiscard]] Result<void> insert_revoked_token(sql::Transaction& tx, Caller const& caller);

}  // namespace hoist::tenants
