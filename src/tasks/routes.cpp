#include "tasks/routes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/try.hpp"
#include "net/call_context.hpp"
#include "net/query.hpp"
#include "net/refused_batch.hpp"
#include "tasks/render.hpp"

namespace hoist::tasks {
namespace {

using net::Request;
using net::Response;

constexpr std::size_t task_body_max = 256 * 1024;
constexpr std::size_t batch_body_max = 8 * 1024 * 1024;
constexpr std::size_t no_body = 1024;
constexpr int page_default = 50;
constexpr int page_max = 200;
constexpr int group_page_max = 1000;
constexpr std::size_t cursor_max = 512;

TaskId task_id(Request const& request) {
  return TaskId{request.param("id")};
}

json::value cursor_or_null(std::string const& cursor) {
  return cursor.empty() ? json::value(nullptr) : json::value(cursor);
}

Async<Response> post_task(Service& service, Clock const&, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  CO_TRY(auto wanted, parse_new_task(body));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const task, co_await service.create(std::move(call), std::move(wanted)));
  auto response = net::json_text_response(201, render_created(task));
  response.headers.set("Location", "/tasks/" + task.id.str());
  co_return response;
}

// There is no address to look at it afterwards, so no Location.
Async<Response> post_to_intake(Intake& intake, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  CO_TRY(auto wanted, parse_new_task(body));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const accepted, co_await intake.accept(std::move(call), std::move(wanted)));
  co_return net::json_text_response(201, render_accepted(accepted));
}

Async<Response> post_batch(Service& service, Clock const&, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  CO_TRY(auto items, parse_new_batch(body));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const outcomes, co_await service.create_batch(std::move(call), std::move(items)));
  auto answer = render_batch(outcomes);
  if (std::ranges::none_of(outcomes, [](auto const& outcome) { return outcome.has_value(); }))
    co_return net::refused_batch(answer, request.request_id);
  co_return net::json_text_response(201, std::move(answer));
}

Async<Response> get_task(Service& service, Clock const& clock, Request& request) {
  CO_TRY(auto const view, co_await service.get(request.caller.tenant, task_id(request), request.deadline));
  co_return net::json_response(200, render_view(view, clock.now()));
}

Async<Response> get_proof(Service& service, Clock const&, Request& request) {
  CO_TRY(auto const proof, co_await service.proof(request.caller.tenant, task_id(request), request.deadline));
  co_return net::json_response(200, render_proof(proof));
}

Async<Response> get_tasks(Service& service, Clock const& clock, Request& request) {
  auto reader = net::QueryReader{request};
  auto filter = ListFilter{};
  if (auto const state = reader.choice("status", task_state_names())) filter.state = parse_task_state(*state);
  if (auto group = reader.text("group", group_max)) {
    if (!is_group(*group)) reader.refuse("group", "must be the name of a group");
    filter.group = std::move(*group);
  }
  auto cursor = reader.text("cursor", cursor_max).value_or(std::string{});
  auto const limit = static_cast<int>(reader.number("limit", 1, page_max, page_default));
  CO_CHECK(reader.finish());
  CO_TRY(auto const page, co_await service.list(request.caller.tenant, std::move(filter), std::move(cursor),
                                                limit, request.deadline));
  auto shown = json::array{};
  for (auto const& task : page.tasks) shown.push_back(render_task(task, clock.now()));
  co_return net::json_response(
      200, json::object{{"tasks", std::move(shown)}, {"next_cursor", cursor_or_null(page.next_cursor)}});
}

Async<Response> delete_task(Service& service, Clock const& clock, Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const view, co_await service.cancel(std::move(call), task_id(request)));
  co_return net::json_response(200, render_view(view, clock.now()));
}

Async<Response> get_group(Service& service, Clock const& clock, Request& request) {
  CO_TRY(auto const view,
         co_await service.group(request.caller.tenant, request.param("group"), request.deadline));
  co_return net::json_response(200, render_group(view, clock.now()));
}

Async<Response> get_group_tasks(Service& service, Clock const&, Request& request) {
  auto reader = net::QueryReader{request};
  auto const after = reader.number("after", 0, INT64_MAX, 0);
  auto const limit = static_cast<int>(reader.number("limit", 1, group_page_max, page_default));
  CO_CHECK(reader.finish());
  CO_TRY(auto const proofs, co_await service.group_tasks(request.caller.tenant, request.param("group"), after,
                                                         limit, request.deadline));
  auto shown = json::array{};
  for (auto const& proof : proofs) shown.push_back(render_proof(proof));
  co_return net::json_response(200, json::object{{"tasks", std::move(shown)}});
}

}  // namespace

void add_routes(net::Router& router, Service& service, Clock const& clock) {
  auto const add = [&](std::string method, std::string pattern, Role role_min, std::size_t body_max,
                       auto* handler, bool reads_query = false) {
    auto route = net::Route{};
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.role_min = role_min;
    route.body_max = body_max;
    route.reads_query = reads_query;
    router.add(std::move(route),
               [&service, &clock, handler](Request& request) { return handler(service, clock, request); });
  };
  add("POST", "/tasks", Role::member, task_body_max, post_task);
  add("POST", "/tasks/batch", Role::member, batch_body_max, post_batch);
  add("GET", "/tasks", Role::viewer, no_body, get_tasks, true);
  add("GET", "/tasks/{id}", Role::viewer, no_body, get_task);
  add("DELETE", "/tasks/{id}", Role::member, no_body, delete_task);
  add("GET", "/tasks/{id}/proof", Role::viewer, no_body, get_proof);
  add("GET", "/groups/{group}", Role::viewer, no_body, get_group);
  add("GET", "/groups/{group}/tasks", Role::viewer, no_body, get_group_tasks, true);
}

void add_intake_route(net::Router& router, Intake& intake) {
  auto route = net::Route{.method = "POST", .pattern = "/tasks", .role_min = Role::member};
  route.body_max = task_body_max;
  router.add(std::move(route), [&intake](Request& request) { return post_to_intake(intake, request); });
}

}  // namespace hoist::tasks
