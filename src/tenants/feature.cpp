#include "tenants/feature.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "tenants/routes.hpp"

namespace hoist::tenants {
namespace {

constexpr auto start_time_max = std::chrono::seconds{30};
constexpr auto look_time_max = std::chrono::seconds{5};
constexpr auto operator_token_life = std::chrono::hours{24 * 7};

TenantLimits limits_of(Settings const& settings) {
  return {settings.storage_bytes_max, default_files_max,
          std::make_shared<FileTypes const>(FileTypes{settings.types_allowed, settings.types_denied}),
          settings.allow_unscannable};
}

std::unique_ptr<Issuer> make_issuer(Settings const& settings, Clock const& clock) {
  if (settings.issuer.name.empty()) return nullptr;
  return std::make_unique<Issuer>(settings.issuer, clock);
}

}  // namespace

Feature::Feature(Records const& records, Settings const& settings, std::unique_ptr<TenantUsage> usage,
                 KeyRing keys)
    : clock_{records.clock},
      keys_{std::move(keys)},
      issuer_{make_issuer(settings, records.clock)},
      table_{limits_of(settings)},
      usage_{std::move(usage)},
      authenticator_{keys_, issuer_.get(), records.database, records.clock, Authenticator::Options{}},
      tickets_{records.clock},
      languages_{records.database, table_, records.clock},
      gate_{{authenticator_, tickets_, languages_, records.limiter, records.database, records.audit,
             records.clock},
            settings.rates},
      service_{Service::Needs{records.database, table_, records.audit, records.audit_trail, *usage_,
                              authenticator_, keys_, tickets_, records.clock}},
      operator_{{records.database, table_, records.audit, records.clock}} {}

Result<std::unique_ptr<Feature>> Feature::make(Records const& records, Settings const& settings,
                                               std::unique_ptr<TenantUsage> usage,
                                               std::string const& keys_folder) {
  TRY(auto keys, KeyRing::load_or_create(keys_folder, records.clock.now()));
  auto feature = std::unique_ptr<Feature>{new Feature{records, settings, std::move(usage), std::move(keys)}};
  CHECK(feature->read_issuer_keys());
  auto first = std::function<Async<Tenant>()>{
      [&] { return feature->operator_.ensure_first(deadline_in(start_time_max)); }};
  TRY(auto const tenant, run_to_end<Tenant>(first));
  feature->first_ = tenant.id;
  return feature;
}

Result<void> Feature::read_issuer_keys() {
  if (!issuer_) return {};
  auto look = std::function<Async<>()>{[&] { return issuer_->keys().look(deadline_in(look_time_max)); }};
  auto const looked = run_to_end<void>(look);
  if (looked) return {};
  auto const& error = looked.error();
  if (issuer_->keys().is_file())
    return fail(Error{error.code(), "identity.keys: " + error.detail()}.with_cause(error.cause()));
  log::warn("the keys of the sign-in service cannot be read yet", {{"cause", error.to_string()}});
  return {};
}

std::vector<Job> Feature::jobs() {
  if (!issuer_) return {};
  auto look = [issuer = issuer_.get()]() -> Async<bool> {
    CO_CHECK(co_await issuer->keys().look(deadline_in(look_time_max)));
    co_return false;
  };
  return {{"issuer keys", issuer_->options().keys_refresh, look}};
}

void Feature::add_routes(net::Router& router) {
  tenants::add_routes(router, service_);
}

Async<std::string> Feature::mint_operator_token(Deadline deadline) {
  auto wanted = TokenRequest{first_, UserId{"console"}, Role::admin, operator_token_life};
  auto minted = co_await operator_.mint_token(keys_, wanted, deadline);
  if (minted) co_return minted;
  // A full disk must not keep the server from starting.
  log::error("the command line's token is missing in the audit trail",
             {{"cause", minted.error().to_string()}});
  co_return keys_.mint(wanted.tenant, wanted.user, wanted.role, wanted.lifetime, clock_.now());
}

Result<Tickets::Issued> Feature::issue_operator_ticket() {
  auto caller = Caller{};
  caller.tenant = first_;
  caller.user = UserId{"console"};
  caller.role = Role::admin;
  return tickets_.issue(std::move(caller), Tickets::Purpose::sign_in);
}

}  // namespace hoist::tenants
