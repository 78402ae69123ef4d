#include "tenants/routes.hpp"

#include "base/try.hpp"
#include "model/limits.hpp"
#include "net/call_context.hpp"
#include "net/query.hpp"

namespace hoist::tenants {
namespace {

constexpr std::int64_t key_life_s_min = 60;
constexpr std::int64_t key_life_s_max = 10LL * 366 * 86'400;

TenantId tenant_of(net::Request const& request) {
  return TenantId{request.param("id")};
}

json::object show(TenantLimits const& limits) {
  auto const types = limits.types ? *limits.types : FileTypes{};
  return {{"storage_bytes_max", limits.storage_bytes_max},
          {"files_max", limits.files_max},
          {"types_allowed", to_json(types.allowed)},
          {"types_denied", to_json(types.denied)},
          {"unscannable", limits.allow_unscannable ? "allow" : "refuse"}};
}

json::object show(ApiKey const& key) {
  auto shown = json::object{{"id", key.id},
                            {"name", key.name},
                            {"role", to_string(key.role)},
                            {"acts_as", key.acts_as.str()},
                            {"created_at", to_rfc3339(key.created_at)}};
  if (key.expires_at) shown["expires_at"] = to_rfc3339(*key.expires_at);
  if (key.revoked_at) shown["revoked_at"] = to_rfc3339(*key.revoked_at);
  return shown;
}

json::object show(AuditRecord const& record) {
  return {{"seq", record.seq},
          {"at", to_rfc3339(record.at)},
          {"actor", record.actor},
          {"role", record.role},
          {"credential", record.credential},
          {"address", record.address},
          {"action", record.action},
          {"subject", record.subject},
          {"outcome", record.outcome},
          {"request_id", record.request_id},
          {"details", record.details}};
}

Async<net::Response> get_tenant(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const tenant, co_await service.find(std::move(call), tenant_of(request)));
  co_return net::json_response(
      200, json::object{{"tenant",
                         {{"id", tenant.id.str()},
                          {"name", tenant.name},
                          {"created_at", to_rfc3339(tenant.created_at)},
                          {"language",
                           tenant.language ? json::value(to_string(*tenant.language)) : json::value(nullptr)},
                          {"limits", show(tenant.limits)}}}});
}

Async<net::Response> get_usage(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const report, co_await service.usage(std::move(call), tenant_of(request)));
  co_return net::json_response(200, json::object{{"usage",
                                                  {{"storage_bytes", report.used.bytes},
                                                   {"files", report.used.files},
                                                   {"storage_percent", report.percent()},
                                                   {"warning", report.warning()}}},
                                                 {"limits", show(report.limits)}});
}

Async<net::Response> post_key(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto name = fields.text("name", {.max = 100, .trimmed = true});
  auto const role = fields.choice("role", {"viewer", "member", "admin"}, "member");
  auto const life_s = fields.optional_number("lifetime_s", {.min = key_life_s_min, .max = key_life_s_max});
  CO_CHECK(fields.finish());
  auto life = std::optional<std::chrono::seconds>{};
  if (life_s) life = std::chrono::seconds{*life_s};
  CO_TRY(auto const created, co_await service.create_key(std::move(call), tenant_of(request), std::move(name),
                                                         parse_role(role).value_or(Role::viewer), life));
  auto response = net::json_response(201, json::object{{"key", show(created.key)}, {"secret", created.text}});
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Async<net::Response> get_keys(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const keys, co_await service.list_keys(std::move(call), tenant_of(request)));
  auto shown = json::array{};
  for (auto const& key : keys) shown.push_back(show(key));
  co_return net::json_response(200, json::object{{"keys", std::move(shown)}});
}

Async<net::Response> delete_key(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_CHECK(co_await service.revoke_key(std::move(call), tenant_of(request), request.param("key")));
  co_return net::Response{.status = 204};
}

Async<net::Response> post_ticket(Service& service, net::Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  (void)fields.choice("purpose", {"stream"});
  CO_CHECK(fields.finish());
  CO_TRY(auto const issued, service.stream_ticket(request.caller));
  auto response = net::json_response(
      201, json::object{{"ticket", issued.text}, {"expires_at", to_rfc3339(issued.expires_at)}});
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Async<net::Response> post_sign_in(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto ticket = fields.text("ticket", {.max = 64});
  CO_CHECK(fields.finish());
  CO_TRY(auto const session, co_await service.sign_in(std::move(ticket), std::move(call)));
  auto response = net::json_response(
      201, json::object{{"token", session.token}, {"expires_at", to_rfc3339(session.expires_at)}});
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

Async<net::Response> post_sign_out(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_CHECK(co_await service.sign_out(std::move(call)));
  co_return net::Response{.status = 204};
}

Result<AuditQuery> read_audit_query(net::Request const& request) {
  auto query = AuditQuery{};
  auto reader = net::QueryReader{request};
  query.action = reader.text("action").value_or(std::string{});
  query.actor = reader.text("actor").value_or(std::string{});
  query.outcome = reader.text("outcome").value_or(std::string{});
  query.from = reader.time("from").value_or(query.from);
  query.to = reader.time("to").value_or(query.to);
  query.before = reader.number("cursor", 1, INT64_MAX, query.before);
  query.limit = static_cast<int>(reader.number("limit", 1, limits::page_items_max, query.limit));
  CHECK(reader.finish());
  return query;
}

Async<net::Response> get_audit(Service& service, net::Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto query, read_audit_query(request));
  auto const page = static_cast<std::size_t>(query.limit);
  query.limit += 1;  // one more tells whether there is a next page
  CO_TRY(auto records, co_await service.audit(std::move(call), tenant_of(request), query));
  auto body = json::object{};
  if (records.size() > page) {
    records.resize(page);
    body["next_cursor"] = std::to_string(records.back().seq);
  }
  auto shown = json::array{};
  for (auto const& record : records) shown.push_back(show(record));
  body["entries"] = std::move(shown);
  co_return net::json_response(200, body);
}

}  // namespace

void add_routes(net::Router& router, Service& service) {
  auto const add = [&](std::string method, std::string pattern, std::optional<Role> role_min, auto* handler) {
    auto route = net::Route{};
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.role_min = role_min;
    route.reads_query = handler == get_audit;
    router.add(std::move(route),
               [&service, handler](net::Request& request) { return handler(service, request); });
  };
  add("POST", "/tickets", Role::viewer, post_ticket);
  add("POST", "/sign-in", std::nullopt, post_sign_in);
  add("POST", "/sign-out", Role::viewer, post_sign_out);
  add("GET", "/tenants/{id}", Role::viewer, get_tenant);
  add("GET", "/tenants/{id}/usage", Role::viewer, get_usage);
  add("GET", "/tenants/{id}/audit", Role::admin, get_audit);
  add("POST", "/tenants/{id}/keys", Role::admin, post_key);
  add("GET", "/tenants/{id}/keys", Role::admin, get_keys);
  add("DELETE", "/tenants/{id}/keys/{key}", Role::admin, delete_key);
}

}  // namespace hoist::tenants
