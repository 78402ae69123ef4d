#include "events/routes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "events/parse.hpp"
#include "events/routes_context.hpp"
#include "model/limits.hpp"
#include "net/idempotency_key.hpp"
#include "net/query.hpp"
#include "net/refused_batch.hpp"

namespace hoist::events {
namespace {

constexpr std::size_t event_body_max = limits::details_bytes_max + 64 * 1024;
constexpr std::size_t envelope_depth = 3;  // {"events":[{"details":...

constexpr std::int64_t page_events_max = 1000;
constexpr std::int64_t page_events = 100;

json::object render_recorded(Recorded const& recorded) {
  auto const& event = recorded.event;
  auto shown = json::object{{"eventId", event.facts.id.str()},
                            {"userId", event.user ? json::value(event.user->str()) : json::value(nullptr)},
                            {"eventType", event.facts.type},
                            {"timestamp", to_rfc3339(event.facts.at)},
                            {"receivedAt", to_rfc3339(event.facts.received_at)},
                            {"sequence", event.facts.sequence},
                            {"hash", base64url(event.chain)},
                            {"detailsStatus", recorded.details_stored ? "stored" : "pending"}};
  if (event.duplicate) shown["duplicate"] = true;
  return shown;
}

std::string_view status_of(EventView::Details state) {
  switch (state) {
    case EventView::Details::present: return "stored";
    case EventView::Details::pending: return "pending";
    case EventView::Details::redacted: break;
  }
  return "redacted";
}

json::value render_details(EventView const& view) {
  switch (view.state) {
    case EventView::Details::pending: return json::object{{"status", "pending"}};
    case EventView::Details::redacted: return json::object{{"status", "redacted"}};
    case EventView::Details::present: break;
  }
  auto parsed = parse_json(view.details, {.depth_max = limits::details_depth_max + envelope_depth});
  return parsed ? *std::move(parsed) : json::value(json::object{{"status", "damaged"}});
}

Result<json::object> body_of(net::Request const& request) {
  // Deeper than details may be, so that those too deep are refused by name, and alone in a batch.
  return net::json_body(request, {.depth_max = 2 * limits::details_depth_max});
}

Async<net::Response> post_event(Context& context, net::Request& request) {
  auto const& tenant = request.caller.tenant;
  CO_TRY(auto const body, body_of(request));
  CO_TRY(auto const key, net::idempotency_key(request));
  CO_TRY(auto event, parse_event(body, tenant, key, context.clock.now()));
  auto events = std::vector<NewEvent>{};
  events.push_back(std::move(event));
  CO_TRY(auto outcomes, co_await context.service.record(tenant, std::move(events), request.deadline));
  CO_TRY(auto const recorded, std::move(outcomes.front()));
  auto response = net::json_response(recorded.event.duplicate ? 200 : 201, render_recorded(recorded));
  if (recorded.event.user)
    response.headers.set("Location", fmt::format("/events/{}/{}", percent_encode(recorded.event.user->str()),
                                                 recorded.event.facts.id.str()));
  co_return response;
}

json::object render_item(std::size_t index, Result<Recorded> const& outcome) {
  if (!outcome) return net::refused_item(index, outcome.error());
  return {{"index", index},
          {"status", outcome->event.duplicate ? 200 : 201},
          {"event", render_recorded(*outcome)}};
}

Async<net::Response> post_batch(Context& context, net::Request& request) {
  auto const& tenant = request.caller.tenant;
  CO_TRY(auto const body, body_of(request));
  CO_TRY(auto const key, net::idempotency_key(request));
  CO_TRY(auto parsed, parse_batch(body, tenant, key, context.clock.now()));
  auto accepted = std::vector<NewEvent>{};
  for (auto& item : parsed)
    if (auto* event = std::get_if<NewEvent>(&item)) accepted.push_back(std::move(*event));
  auto outcomes = std::vector<Result<Recorded>>{};
  if (!accepted.empty()) {
    CO_TRY(outcomes, co_await context.service.record(tenant, std::move(accepted), request.deadline));
  }
  auto items = json::array{};
  auto next = outcomes.begin();
  auto refused = std::size_t{0};
  auto duplicates = std::size_t{0};
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (auto* errors = std::get_if<std::vector<FieldError>>(&parsed[i])) {
      items.push_back(net::refused_item(i, invalid_fields(std::move(*errors)).error()));
      ++refused;
      continue;
    }
    if (!*next) ++refused;
    if (*next && (*next)->event.duplicate) ++duplicates;
    items.push_back(render_item(i, *next++));
  }
  auto const recorded = parsed.size() - refused - duplicates;
  auto const answer = json::object{
      {"items", std::move(items)}, {"recorded", recorded}, {"duplicates", duplicates}, {"refused", refused}};
  if (recorded + duplicates == 0) co_return net::refused_batch(json::serialize(answer), request.request_id);
  co_return net::json_response(recorded > 0 ? 201 : 200, answer);
}

// The filters a cursor belongs to.
std::string scope_of(EventQuery const& query) {
  return fmt::format("events\n{}\n{}\n{}\n{}\n{}\n{}", query.tenant.str(),
                     query.user ? query.user->str() : "", query.type.value_or(""),
                     query.from ? to_us(*query.from) : 0, query.to ? to_us(*query.to) : 0, query.descending);
}

// Filters and place of a list; the reader is finished by the caller.
EventQuery read_filters(net::Request const& request, net::QueryReader& reader) {
  auto query = EventQuery{};
  query.tenant = request.caller.tenant;
  if (auto const& user = request.param("userId"); !user.empty()) query.user = UserId{user};
  query.type = reader.text("type", limits::name_code_points_max * 4);
  query.from = reader.time("from");
  query.to = reader.time("to");
  return query;
}

Result<void> follow_cursor(Context const& context, std::optional<std::string> const& cursor,
                           EventQuery& query) {
  if (!cursor) return {};
  TRY(auto const position, context.options.cursors.read(scope_of(query), *cursor));
  std::from_chars(position.data(), position.data() + position.size(), query.after);
  return {};
}

// Waits until something came after `query`, or the wait is over: the long poll of a tail.
Async<EventPage> list_waiting(Context& context, EventQuery const& query, Deadline until, Deadline deadline) {
  while (true) {
    auto const signal = context.wakeups.watch(events_of(query.tenant));
    auto const ticket = signal->ticket();
    CO_TRY(auto page, co_await context.service.list(query, deadline));
    if (!page.events.empty() || std::chrono::steady_clock::now() >= until) co_return page;
    CO_CHECK(co_await signal->wait(ticket, until));
  }
}

// Where a tail goes on, in ascending order, once it has read everything up to here.
std::optional<std::int64_t> newest_seen(EventQuery const& query, EventPage const& page) {
  auto const first_page = query.after == 0;
  if (query.descending && !first_page) return std::nullopt;
  if (page.events.empty()) return query.after;
  return (query.descending ? page.events.front() : page.events.back()).event.facts.sequence;
}

Async<net::Response> list_page(Context& context, net::Request& request, EventQuery query,
                               net::QueryReader& reader) {
  auto const wait_max_s = std::chrono::duration_cast<std::chrono::seconds>(context.options.wait_max).count();
  auto const wait = std::chrono::seconds{reader.number("wait", 0, wait_max_s, 0)};
  query.descending = reader.choice("order", {"asc", "desc"}) == "desc";
  query.limit = static_cast<int>(reader.number("limit", 1, page_events_max, page_events));
  auto const cursor = reader.text("cursor", limits::cursor_bytes_max);
  CO_CHECK(reader.finish());
  CO_CHECK(follow_cursor(context, cursor, query));
  CO_TRY(auto const page, co_await list_waiting(context, query, deadline_in(wait), request.deadline));
  auto events = json::array{};
  for (auto const& view : page.events) events.push_back(render(view));
  auto body = json::object{{"events", std::move(events)}, {"nextCursor", nullptr}};
  auto const cursor_after = [&](EventQuery const& list, std::int64_t sequence) {
    return context.options.cursors.make(scope_of(list), std::to_string(sequence));
  };
  if (page.more) body["nextCursor"] = cursor_after(query, page.events.back().event.facts.sequence);
  if (auto const newest = newest_seen(query, page)) {
    query.descending = false;
    body["tailCursor"] = cursor_after(query, *newest);
  }
  co_return net::json_response(200, body);
}

Async<net::Response> list_user_events(Context& context, net::Request& request) {
  auto reader = net::QueryReader{request};
  auto query = read_filters(request, reader);
  co_return co_await list_page(context, request, std::move(query), reader);
}

net::Response download(std::shared_ptr<net::BodySource> stream, std::string_view type,
                       std::string_view name) {
  auto response = net::Response{};
  response.headers.set("Content-Type", std::string{type});
  response.headers.set("Content-Disposition", fmt::format("attachment; filename=\"{}\"", name));
  response.headers.set("Cache-Control", "no-store");
  response.stream = std::move(stream);
  return response;
}

// All of a tenant's events: a page, or an export of the whole.
Async<net::Response> list_all_events(Context& context, net::Request& request) {
  auto reader = net::QueryReader{request};
  auto const format = reader.choice("format", {"json", "ndjson", "csv"}).value_or("json");
  auto const log = reader.choice("log", {"events", "audit"});
  if (format == "ndjson") {
    CO_CHECK(reader.finish());  // it is the whole log or nothing: with gaps it could not be verified
    CO_TRY(auto const tenant, co_await enter_log(context, request, log, "exported"));
    CO_TRY(auto stream, co_await context.exports.ndjson(tenant, request.deadline));
    co_return download(std::move(stream), "application/x-ndjson", "events.ndjson");
  }
  auto query = read_filters(request, reader);
  if (format == "csv") {
    CO_CHECK(reader.finish());
    CO_TRY(query.tenant, co_await enter_log(context, request, log, "exported"));
    CO_TRY(auto stream, co_await context.exports.csv(std::move(query)));
    co_return download(std::move(stream), "text/csv; charset=utf-8", "events.csv");
  }
  // Going on from a cursor is the same reading; otherwise a tail of the trail would wake itself for ever.
  auto const verb = request.query_value("cursor") ? "" : "read";
  CO_TRY(query.tenant, co_await enter_log(context, request, log, verb));
  co_return co_await list_page(context, request, std::move(query), reader);
}

Async<net::Response> get_event(Context& context, net::Request& request) {
  CO_TRY(auto const view, co_await context.service.find(request.caller.tenant,
                                                        EventId{request.param("eventId")}, request.deadline));
  if (!view.event.user || view.event.user->str() != request.param("userId"))
    co_return fail(Code::not_found, "There is no such event.");
  co_return net::json_response(200, render(view));
}

}  // namespace

json::object render(EventView const& view) {
  auto const& event = view.event;
  return {{"eventId", event.facts.id.str()},
          {"userId", event.user ? json::value(event.user->str()) : json::value(nullptr)},
          {"eventType", event.facts.type},
          {"timestamp", to_rfc3339(event.facts.at)},
          {"receivedAt", to_rfc3339(event.facts.received_at)},
          {"sequence", event.facts.sequence},
          {"hash", base64url(event.chain)},
          {"detailsStatus", status_of(view.state)},
          {"details", render_details(view)}};
}

void add_routes(net::Router& router, RouteNeeds needs, RouteOptions options) {
  auto const context = std::make_shared<Context>(needs, std::move(options));
  auto const add = [&](std::string method, std::string pattern, Role role_min, std::size_t body_max,
                       auto* handler, bool reads_query = false) {
    add_route(router, context, method, pattern, role_min, body_max, handler, reads_query);
  };
  add("POST", "/events", Role::member, event_body_max, post_event);
  add("POST", "/events/batch", Role::member, limits::batch_body_bytes_max, post_batch);
  add("GET", "/events", Role::admin, no_body_max, list_all_events, true);
  add("GET", "/events/{userId}", Role::viewer, no_body_max, list_user_events, true);
  add("GET", "/events/{userId}/{eventId}", Role::viewer, no_body_max, get_event);
  add_evidence_routes(router, context);
}

}  // namespace hoist::events
