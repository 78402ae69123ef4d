#include "dead_letters/routes.hpp"

#include <fmt/format.h>

#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "net/call_context.hpp"
#include "net/query.hpp"

namespace hoist::dead_letters {
namespace {

using net::Request;
using net::Response;

constexpr std::size_t body_max = 1024 * 1024;
constexpr std::size_t no_body = 1024;
constexpr std::size_t redrive_ids_max = 1000;
constexpr std::size_t cursor_max = 512;
constexpr int page_default = 50;
constexpr int page_max = 200;

std::vector<std::string_view> queues() {
  return {queue_names.begin(), queue_names.end()};
}

json::object render_letter(DeadLetter const& letter) {
  auto body = parse_json(letter.body);
  return {{"id", letter.id.str()},
          {"queue", letter.queue},
          {"group", letter.group},
          {"sequence", letter.sequence},
          {"attempts", letter.attempts},
          {"cause", letter.cause},
          {"died_at", to_rfc3339(letter.died_at)},
          {"body", body ? *std::move(body) : json::value(letter.body)}};
}

json::object render_plan(RedriveItem const& item) {
  return {{"id", item.letter.id.str()},
          {"group", item.letter.group},
          {"sequence", item.letter.sequence},
          {"cause", item.letter.cause},
          {"overtaken_by", item.overtaken_by},
          {"overtakers", json::array(item.overtakers.begin(), item.overtakers.end())}};
}

std::vector<MessageId> read_ids(Fields& fields) {
  auto read = std::vector<MessageId>{};
  auto const* ids = fields.array("ids", redrive_ids_max);
  if (ids != nullptr && ids->empty())
    fields.refuse("ids", "must not be empty; leave it out to mean all of them");
  for (std::size_t i = 0; ids != nullptr && i < ids->size(); ++i) {
    auto const* id = (*ids)[i].if_string();
    if (id == nullptr || !is_uuid({id->data(), id->size()}))
      fields.refuse(fmt::format("ids[{}]", i), "must be the id of a dead letter");
    else
      read.emplace_back(std::string{id->data(), id->size()});
  }
  return read;
}

Async<Response> get_dead_letters(DeadLetterAdmin& admin, Request& request) {
  auto reader = net::QueryReader{request};
  auto queue = reader.choice("queue", queues()).value_or(task_queue);
  auto cursor = reader.text("cursor", cursor_max).value_or(std::string{});
  auto const limit = static_cast<int>(reader.number("limit", 1, page_max, page_default));
  CO_CHECK(reader.finish());
  CO_TRY(auto const page, co_await admin.list(request.caller.tenant, std::move(queue), std::move(cursor),
                                              limit, request.deadline));
  auto shown = json::array{};
  for (auto const& letter : page.letters) shown.push_back(render_letter(letter));
  auto next = page.next_cursor.empty() ? json::value(nullptr) : json::value(page.next_cursor);
  co_return net::json_response(
      200, json::object{{"dead_letters", std::move(shown)}, {"next_cursor", std::move(next)}});
}

Async<Response> post_redrive(DeadLetterAdmin& admin, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto order = RedriveOrder{};
  order.queue = fields.choice("queue", queues(), task_queue);
  auto const dry_run = fields.optional_bool("dry_run").value_or(false);
  if (body.contains("ids")) order.ids = read_ids(fields);
  CO_CHECK(fields.finish());
  if (!dry_run) {
    CO_TRY(order.call, net::call_context(request));
    CO_TRY(auto const count, co_await admin.redrive(std::move(order)));
    co_return net::json_response(200, json::object{{"dry_run", false}, {"redriven", count}});
  }
  CO_TRY(auto const items, co_await admin.plan(request.caller.tenant, std::move(order.queue),
                                               std::move(order.ids), request.deadline));
  auto plan = json::array{};
  for (auto const& item : items) plan.push_back(render_plan(item));
  co_return net::json_response(200,
                               json::object{{"dry_run", true}, {"redriven", 0}, {"plan", std::move(plan)}});
}

}  // namespace

void add_routes(net::Router& router, DeadLetterAdmin& admin) {
  auto const add = [&](std::string method, std::string pattern, std::size_t largest_body, auto* handler,
                       bool reads_query) {
    auto route = net::Route{};
    route.method = std::move(method);
    route.pattern = std::move(pattern);
    route.role_min = Role::admin;
    route.body_max = largest_body;
    route.reads_query = reads_query;
    router.add(std::move(route), [&admin, handler](Request& request) { return handler(admin, request); });
  };
  add("GET", "/dead-letters", no_body, get_dead_letters, true);
  add("POST", "/dead-letters/redrive", body_max, post_redrive, false);
}

}  // namespace hoist::dead_letters
