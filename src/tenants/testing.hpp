// What the tests of this folder share: two tenants in a database, keys, and all that stands before
// a route, on a clock moved by hand.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "adapters/memory/rate_limiter.hpp"
#include "adapters/sql/audit.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "support/test_database.hpp"
#include "tenants/access_gate.hpp"
#include "tenants/operator.hpp"
#include "tenants/service.hpp"
#include "tenants/tenant_languages.hpp"

namespace hoist::tenants {

using namespace std::chrono_literals;

class FixedUsage final : public TenantUsage {
 public:
  Result<Usage> usage(sql::Transaction&, TenantId const&) override { return now; }
  Usage now;
};

class TenantsFixture : public ::testing::Test {
 protected:
  static constexpr auto plenty = RateRule{.limit = 1'000'000};

  TenantsFixture() {
    for (auto const* name : {"acme", "other"}) {
      auto tenant = NewTenant{};
      tenant.id = TenantId{name};
      tenant.name = name;
      auto const created = run_to_end<Tenant>([&] { return operator_.create(tenant, deadline_in(10s)); });
      EXPECT_TRUE(created) << created.error().to_string();
    }
  }
  ~TenantsFixture() override { std::filesystem::remove_all(folder_); }

  std::string token(Role role, std::string const& user = "ana", std::string const& tenant = "acme") {
    return keys_.mint(TenantId{tenant}, UserId{user}, role, 1h, clock_.now());
  }
  CallContext admin() {
    auto call = CallContext{};
    call.caller.tenant = TenantId{"acme"};
    call.caller.user = UserId{"ana"};
    call.caller.role = Role::admin;
    call.request_id = "r1";
    call.deadline = deadline_in(10s);
    return call;
  }
  NewKey new_key(Role role) {
    return *run_to_end<NewKey>([&] { return service_.create_key(admin(), TenantId{"acme"}, "ci", role); });
  }
  Result<Caller> authenticate(std::string const& credential) {
    return run_to_end<Caller>([&] { return authenticator_.authenticate(credential, deadline_in(10s)); });
  }

  ManualClock clock_;
  std::string folder_ = fmt::format("{}/hoist-tenants-{}", ::testing::TempDir(), hex(random_bytes(8)));
  KeyRing keys_ = std::move(*KeyRing::load_or_create(folder_, clock_.now()));
  hoist::testing::TestDatabase database_ = hoist::testing::inline_database(clock_);
  TenantTable tenants_;
  sql_engine::AuditLog audit_;
  FixedUsage usage_;
  memory::RateLimiter limiter_;
  Authenticator authenticator_{keys_, nullptr, *database_, clock_, {}};
  Tickets tickets_{clock_};
  TenantLanguages languages_{*database_, tenants_, clock_};
  Service service_{{*database_, tenants_, audit_, audit_, usage_, authenticator_, keys_, tickets_, clock_}};
  Operator operator_{{*database_, tenants_, audit_, clock_}};
};

}  // namespace hoist::tenants
