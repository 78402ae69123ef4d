// Tenants as a host sees them, with what stands before the routes of every feature.
#pragma once

#include <memory>

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "ports/tenant_usage.hpp"
#include "tenants/access_gate.hpp"
#include "tenants/authenticator.hpp"
#include "tenants/key_ring.hpp"
#include "tenants/operator.hpp"
#include "tenants/service.hpp"
#include "tenants/settings.hpp"
#include "tenants/tenant_table.hpp"
#include "tenants/tickets.hpp"

namespace hoist::tenants {

class Feature final : public hoist::Feature {
 public:
  // Makes the first tenant where there is none. `keys_folder` holds the keys that sign tokens. Blocks.
  // Errors: those of KeyRing, of the database, and of the issuer's keys where they are in a file; what is
  // elsewhere may come later.
  static Result<std::unique_ptr<Feature>> make(Records const& records, Settings const& settings,
                                               std::unique_ptr<TenantUsage> usage,
                                               std::string const& keys_folder);

  void add_routes(net::Router& router) override;
  std::vector<Job> jobs() override;

  [[nodiscard]] net::Gate& gate() { return gate_; }
  [[nodiscard]] CallerCheck& callers() { return authenticator_; }
  [[nodiscard]] TenantLimitsSource& limits() { return table_; }
  [[nodiscard]] TenantId const& first() const { return first_; }

  // An admin of the first tenant, for this machine's operator: the command line's token, and a ticket to
  // sign in to the page with.
  Async<std::string> mint_operator_token(Deadline deadline);
  Result<Tickets::Issued> issue_operator_ticket();

 private:
  Feature(Records const& records, Settings const& settings, std::unique_ptr<TenantUsage> usage, KeyRing keys);
  Result<void> read_issuer_keys();

  Clock const& clock_;
  KeyRing keys_;
  std::unique_ptr<Issuer> issuer_;  // null: there is no outside sign-in service
  TenantTable table_;
  std::unique_ptr<TenantUsage> usage_;
  Authenticator authenticator_;
  Tickets tickets_;
  TenantLanguages languages_;
  AccessGate gate_;
  Service service_;
  Operator operator_;
  TenantId first_;
};

}  // namespace hoist::tenants
