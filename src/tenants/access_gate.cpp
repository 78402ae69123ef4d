#include "tenants/access_gate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "net/address.hpp"
#include "net/authorization.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t named_tenant_bytes_max = 128;  // of what somebody else wrote, in the trail

std::unexpected<Error> missing() {
  return fail(
      Error{Code::unauthenticated, "Send an access token in the header: Authorization: Bearer <token>."}
          .with_slug("token_missing"));
}

std::unexpected<Error> malformed(std::string cause) {
  return fail(Error{Code::unauthenticated, "The access token is not valid."}
                  .with_slug("token_invalid")
                  .with_cause(std::move(cause)));
}

struct Credential {
  std::string text;
  bool is_ticket = false;
};

// The one credential of the request. Two of anything are refused: a proxy on the way might
// have looked at the other one.
Result<Credential> presented_credential(net::Request const& request, net::Route const& route) {
  auto found = std::vector<Credential>{};
  for (auto const& [name, value] : request.headers.all())
    if (to_lower(name) == "authorization") found.push_back({value});
  auto const in_header = !found.empty();
  for (auto const& [name, value] : request.query)
    if (route.token_in_query && (name == "access_token" || name == "ticket"))
      found.push_back({value, name == "ticket"});
  if (found.empty()) return missing();
  if (found.size() > 1) return malformed("more than one credential");
  auto& credential = found.front();
  if (!in_header) return credential;
  auto const token = net::credentials_of(credential.text, "Bearer");
  if (!token) return malformed("not a bearer token");
  return Credential{std::string{*token}};
}

}  // namespace

// The limits one request counts against; the tightest of them is shown.
class AccessGate::Budget {
 public:
  Budget(RateLimiter& limiter, Time now, net::Headers& extra) : limiter_{limiter}, now_{now}, extra_{extra} {}

  Async<> take(std::string key, RateRule rule, std::string_view what) {
    CO_TRY(auto const decision, co_await limiter_.take(std::move(key), rule, now_));
    if (!decision.allowed || !shown_ || decision.remaining < *shown_) show(decision);
    if (decision.allowed) co_return Result<void>{};
    co_return fail(Error{Code::throttled,
                         fmt::format("Too many {}: the limit is {} in {} seconds. Try again in {} seconds.",
                                     what, decision.limit, rule.window.count() / 1'000'000, decision.reset_s)}
                       .with_retry_after(static_cast<std::uint32_t>(decision.reset_s)));
  }

 private:
  void show(RateDecision const& decision) {
    shown_ = decision.remaining;
    extra_.set("RateLimit-Limit", std::to_string(decision.limit));
    extra_.set("RateLimit-Remaining", std::to_string(decision.remaining));
    extra_.set("RateLimit-Reset", std::to_string(decision.reset_s));
  }

  RateLimiter& limiter_;
  Time now_;
  net::Headers& extra_;
  std::optional<std::int64_t> shown_;
};

Async<Caller> AccessGate::identify(net::Request const& request, net::Route const& route) {
  CO_TRY(auto credential, presented_credential(request, route));
  if (!credential.is_ticket)
    co_return co_await needs_.authenticator.authenticate(std::move(credential.text), request.deadline);
  CO_TRY(auto caller, needs_.tickets.redeem(credential.text, Tickets::Purpose::stream));
  // What it was issued for may have been revoked since.
  CO_CHECK(co_await needs_.authenticator.still_valid(caller, request.deadline));
  co_return caller;
}

// A client that means one tenant and holds the credential of another must not be served by either.
Async<> AccessGate::check_named_tenant(net::Request const& request, net::Route const& route,
                                       Caller const& caller) {
  auto const is_tenant = [](net::Headers::Field const& field) {
    return to_lower(field.first) == "x-tenant-id";
  };
  auto const is_other = [&](net::Headers::Field const& field) {
    return is_tenant(field) && field.second != caller.tenant.str();
  };
  auto const& fields = request.headers.all();
  auto const other = std::ranges::find_if(fields, is_other);
  if (other == fields.end()) co_return Result<void>{};
  auto call = CallContext{};
  call.caller = caller;
  call.caller.address = request.remote_address;
  call.request_id = request.request_id;
  auto entry = audit_entry(call, "tenant.header_refused", other->second.substr(0, named_tenant_bytes_max),
                           {{"route", route.method + " " + route.pattern}});
  entry.outcome = "refused";
  auto const recorded = co_await needs_.database.write(
      Scope::tenant(caller.tenant), [&](sql::Transaction& tx) { return needs_.audit.record(tx, entry); },
      request.deadline);
  // The answer must not depend on whether the trail could be written.
  if (!recorded)
    log::error("a refused request is missing in the audit trail",
               {{"request_id", request.request_id}, {"cause", recorded.error().to_string()}});
  co_return fail(
      Error{Code::forbidden, "The header X-Tenant-ID names another tenant than the access token."}.with_slug(
          "tenant_mismatch"));
}

Async<Caller> AccessGate::admit(net::Request const& request, net::Route const& route, net::Headers& extra) {
  auto budget = Budget{needs_.limiter, needs_.clock.now(), extra};
  CO_CHECK(co_await budget.take("address " + net::address_group(request.remote_address), options_.per_address,
                                "requests from this address"));
  auto caller = Caller{};
  if (route.role_min) {
    auto found = co_await identify(request, route);
    if (!found) {
      if (found.error().code() == Code::unauthenticated)
        extra.set("WWW-Authenticate",
                  found.error().slug() == "token_missing" ? "Bearer" : "Bearer error=\"invalid_token\"");
      co_return std::unexpected{std::move(found).error()};
    }
    caller = std::move(*found);
    if (auto const language = co_await needs_.languages.of(caller.tenant, request.deadline))
      extra.set("Content-Language", std::string{to_string(*language)});
    auto const user = fmt::format("{}/{}", caller.tenant.str(), caller.user.str());
    CO_CHECK(co_await budget.take("user " + user, options_.per_user, "requests of this user"));
    CO_CHECK(co_await budget.take("tenant " + caller.tenant.str(), options_.per_tenant,
                                  "requests of this tenant"));
    CO_CHECK(co_await check_named_tenant(request, route, caller));
    if (caller.role < *route.role_min)
      co_return fail(Code::forbidden, fmt::format("This needs the role {} or more; yours is {}.",
                                                  to_string(*route.role_min), to_string(caller.role)));
    if (route.rate == net::RateClass::initiate)
      CO_CHECK(co_await budget.take("initiations " + user, options_.initiations_per_user,
                                    "new uploads of this user"));
  }
  caller.address = request.remote_address;
  co_return caller;
}

}  // namespace hoist::tenants
