#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "events/routes_context.hpp"
#include "model/audit_log.hpp"
#include "net/call_context.hpp"
#include "net/query.hpp"

namespace hoist::events {
namespace {

constexpr std::int64_t checkpoints_page_max = 1000;
constexpr std::size_t redactions_max = 1000;
constexpr std::size_t redaction_body_max = 64 * 1024;
constexpr std::size_t reason_max = 500;  // code points

json::array render_path(std::vector<std::string> const& path) {
  auto shown = json::array{};
  for (auto const& hash : path) shown.emplace_back(base64url(hash));
  return shown;
}

Async<net::Response> get_checkpoints(Context& context, net::Request& request) {
  auto reader = net::QueryReader{request};
  auto const log = reader.choice("log", {"events", "audit"});
  auto const after = reader.number("after", 0, INT64_MAX, 0);
  auto const limit = reader.number("limit", 1, checkpoints_page_max, 100);
  CO_CHECK(reader.finish());
  CO_TRY(auto const tenant, co_await enter_log(context, request, log, ""));
  CO_TRY(auto const found,
         co_await context.checkpoints.list(tenant, after, static_cast<int>(limit), request.deadline));
  auto shown = json::array{};
  for (auto const& checkpoint : found) shown.push_back(render(checkpoint));
  auto const more = std::cmp_equal(found.size(), limit);
  co_return net::json_response(
      200, json::object{{"checkpoints", std::move(shown)},
                        {"nextAfter", more ? json::value(found.back().size) : json::value(nullptr)}});
}

Async<net::Response> get_inclusion(Context& context, net::Request& request) {
  auto reader = net::QueryReader{request};
  auto const log = reader.choice("log", {"events", "audit"});
  auto const id = reader.text("eventId").value_or("");
  auto const size = reader.number("size", 0, INT64_MAX, 0);
  if (!is_uuid(id)) reader.refuse("eventId", "must be the UUID of an event");
  CO_CHECK(reader.finish());
  CO_TRY(auto const tenant, co_await enter_log(context, request, log, ""));
  CO_TRY(auto const proof,
         co_await context.checkpoints.inclusion(tenant, EventId{id}, size, request.deadline));
  co_return net::json_response(200, json::object{{"eventId", id},
                                                 {"leaf", base64url(proof.leaf)},
                                                 {"index", proof.index},
                                                 {"path", render_path(proof.path)},
                                                 {"checkpoint", render(proof.checkpoint)}});
}

Async<net::Response> get_consistency(Context& context, net::Request& request) {
  auto reader = net::QueryReader{request};
  auto const log = reader.choice("log", {"events", "audit"});
  auto const first = reader.number("first", 1, INT64_MAX, 0);
  auto const second = reader.number("second", 1, INT64_MAX, 0);
  if (first == 0) reader.refuse("first", "must be the size of a checkpoint");
  if (second < first || second == 0)
    reader.refuse("second", "must be the size of a checkpoint, at least that of the first");
  CO_CHECK(reader.finish());
  CO_TRY(auto const tenant, co_await enter_log(context, request, log, ""));
  CO_TRY(auto const proof, co_await context.checkpoints.consistency(tenant, first, second, request.deadline));
  co_return net::json_response(200, json::object{{"first", render(proof.first)},
                                                 {"second", render(proof.second)},
                                                 {"path", render_path(proof.path)}});
}

Async<net::Response> get_key(Context& context, net::Request&) {
  auto const key = context.checkpoints.key().public_key();
  co_return net::json_response(
      200, json::object{{"algorithm", "Ed25519"}, {"keyId", key_id_of(key)}, {"publicKey", base64url(key)}});
}

struct Redaction {
  std::vector<EventId> ids;
  std::string reason;
};

Result<Redaction> read_redaction(net::Request const& request) {
  TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto wanted = Redaction{};
  auto const* ids = fields.array("eventIds", redactions_max);
  for (std::size_t i = 0; ids != nullptr && i < ids->size(); ++i) {
    auto const* text = (*ids)[i].if_string();
    auto id = text == nullptr ? std::string{} : std::string{text->data(), text->size()};
    if (!is_uuid(id)) fields.refuse(fmt::format("eventIds[{}]", i), "must be the UUID of an event");
    wanted.ids.emplace_back(std::move(id));
  }
  wanted.reason = fields.text("reason", {.min = 1, .max = reason_max, .trimmed = true});
  CHECK(fields.finish());
  return wanted;
}

Async<net::Response> post_redaction(Context& context, net::Request& request) {
  auto const& caller = request.caller;
  CO_TRY(auto const wanted, read_redaction(request));
  CO_TRY(auto const call, net::call_context(request));
  auto work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto const redacted,
        context.service.redact(tx, caller.tenant, wanted.ids, caller.user, wanted.reason));
    auto entry =
        audit_entry(call, "events.redacted", caller.tenant.str(),
                    {{"asked", wanted.ids.size()}, {"redacted", redacted}, {"reason", wanted.reason}});
    CHECK(context.audit.record(tx, std::move(entry)));
    return redacted;
  };
  CO_TRY(auto const redacted,
         co_await context.database.write(Scope::tenant(caller.tenant), work, request.deadline));
  // The erasure is decided and readers no longer see the details; the other store follows, if it can at once.
  (void)co_await context.service.relay(request.deadline);
  co_return net::json_response(200, json::object{{"redacted", redacted}});
}

json::object render_retention(std::chrono::seconds keep) {
  return {{"days", std::chrono::duration_cast<std::chrono::days>(keep).count()}};
}

Async<net::Response> get_retention(Context& context, net::Request& request) {
  auto work = [&](sql::Transaction& tx) { return context.retention.get(tx, request.caller.tenant); };
  CO_TRY(auto const keep,
         co_await context.database.read(Scope::tenant(request.caller.tenant), work, request.deadline));
  co_return net::json_response(200, render_retention(keep));
}

Async<net::Response> put_retention(Context& context, net::Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto const days = fields.number("days", {.min = 0, .max = retention_days_max});
  CO_CHECK(fields.finish());
  auto const keep = std::chrono::seconds{std::chrono::days{days}};
  auto const& tenant = request.caller.tenant;
  CO_TRY(auto const call, net::call_context(request));
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(context.retention.set(tx, tenant, keep));
    auto entry = audit_entry(call, "events.retention_changed", tenant.str(), {{"days", days}});
    return context.audit.record(tx, std::move(entry));
  };
  CO_CHECK(co_await context.database.write(Scope::tenant(tenant), work, request.deadline));
  co_return net::json_response(200, render_retention(keep));
}

}  // namespace

Async<TenantId> enter_log(Context& context, net::Request& request, std::optional<std::string> log,
                          std::string_view verb) {
  auto const& caller = request.caller;
  auto const audit = log == "audit";
  if (audit && caller.role != Role::admin) co_return fail(Code::forbidden, "The audit trail is for admins.");
  if (!verb.empty() && (audit || verb == "exported")) {
    CO_TRY(auto const call, net::call_context(request));
    auto work = [&](sql::Transaction& tx) {
      auto entry =
          audit_entry(call, fmt::format("{}.{}", audit ? "audit" : "events", verb), caller.tenant.str());
      return context.audit.record(tx, std::move(entry));
    };
    CO_CHECK(co_await context.database.write(Scope::tenant(caller.tenant), work, request.deadline));
  }
  co_return audit ? audit_log_of(caller.tenant) : caller.tenant;
}

void add_evidence_routes(net::Router& router, std::shared_ptr<Context> const& context) {
  auto const add = [&](std::string method, std::string pattern, Role role_min, std::size_t body_max,
                       auto* handler, bool reads_query = false) {
    add_route(router, context, method, pattern, role_min, body_max, handler, reads_query);
  };
  add("GET", "/event-checkpoints", Role::viewer, no_body_max, get_checkpoints, true);
  add("GET", "/event-proofs/inclusion", Role::viewer, no_body_max, get_inclusion, true);
  add("GET", "/event-proofs/consistency", Role::viewer, no_body_max, get_consistency, true);
  add("GET", "/event-key", Role::viewer, no_body_max, get_key);
  add("POST", "/event-redactions", Role::admin, redaction_body_max, post_redaction);
  add("GET", "/event-retention", Role::viewer, no_body_max, get_retention);
  add("PUT", "/event-retention", Role::admin, no_body_max, put_retention);
}

}  // namespace hoist::events
