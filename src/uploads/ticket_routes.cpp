#include "uploads/ticket_routes.hpp"

#include "base/try.hpp"
#include "net/call_context.hpp"
#include "net/language.hpp"
#include "uploads/parse.hpp"
#include "uploads/render.hpp"

namespace hoist::uploads {
namespace {

using net::Request;
using net::Response;

constexpr std::int64_t files_most = 10'000;
constexpr std::int64_t life_s_min = 60;
constexpr std::int64_t life_s_max = 90 * 86'400;
constexpr std::size_t types_most = 50;

json::array to_json(std::vector<std::string> const& list) {
  auto array = json::array{};
  for (auto const& entry : list) array.emplace_back(entry);
  return array;
}

json::object show(UploadTicket const& ticket) {
  auto shown = json::object{{"id", ticket.id},
                            {"name", ticket.name},
                            {"project_id", ticket.project.str()},
                            {"files_max", ticket.files_max},
                            {"files_used", ticket.files_used},
                            {"bytes_max", ticket.bytes_max},
                            {"bytes_used", ticket.bytes_used},
                            {"types", to_json(ticket.types)},
                            {"made_by", ticket.made_by.str()},
                            {"created_at", to_rfc3339(ticket.created_at)},
                            {"expires_at", to_rfc3339(ticket.expires_at)}};
  if (ticket.revoked_at) shown["revoked_at"] = to_rfc3339(*ticket.revoked_at);
  return shown;
}

// What a bearer is told of a file: nothing that the sender did not know, but how it fared.
json::object show(Upload const& upload) {
  auto shown = json::object{{"id", upload.id.str()},
                            {"filename", upload.filename},
                            {"size", upload.size},
                            {"status", to_string(upload.state)},
                            {"created_at", to_rfc3339(upload.created_at)},
                            {"expires_at", to_rfc3339(upload.expires_at)}};
  if (!upload.error_code.empty())
    shown["error"] = json::object{{"code", upload.error_code}, {"message", upload.error_message}};
  return shown;
}

Response not_kept(Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

std::vector<std::string> read_types(Fields& fields) {
  auto types = std::vector<std::string>{};
  if (fields.any("types") == nullptr) return types;
  auto const* const list = fields.array("types", types_most);
  if (list == nullptr) return types;
  for (auto const& item : *list) {
    auto const type = item.is_string() ? read_file_type(item.get_string()) : std::nullopt;
    if (type)
      types.push_back(*type);
    else
      fields.refuse("types", "must have entries like image/jpeg, image/* or .dwg");
  }
  return types;
}

Async<Response> post_ticket(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const body, net::json_body(request));
  auto fields = Fields{body};
  auto wanted = UploadTicket{};
  wanted.name = fields.text("name", {.max = 100, .trimmed = true});
  wanted.project = ProjectId{fields.text("project_id", {.min = 1, .max = 64})};
  if (!wanted.project.empty() && !is_project_id(wanted.project.str()))
    fields.refuse("project_id", "must be a project's id");
  wanted.files_max = fields.number("files_max", {.min = 1, .max = files_most});
  wanted.bytes_max = fields.number("bytes_max", {.min = 1});
  wanted.types = read_types(fields);
  auto const life = fields.number("lifetime_s", {.min = life_s_min, .max = life_s_max});
  CO_CHECK(fields.finish());
  CO_TRY(auto const made,
         co_await needs.tickets.make(std::move(call), std::move(wanted), std::chrono::seconds{life}));
  co_return not_kept(net::json_response(
      201, json::object{
               {"ticket", show(made.ticket)}, {"secret", made.text}, {"page", "/send.html#" + made.text}}));
}

Async<Response> list_tickets(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto const tickets, co_await needs.tickets.list(request.caller.tenant, request.deadline));
  auto shown = json::array{};
  for (auto const& ticket : tickets) shown.push_back(show(ticket));
  co_return net::json_response(200, json::object{{"tickets", std::move(shown)}});
}

Async<Response> delete_ticket(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_CHECK(co_await needs.tickets.revoke(std::move(call), request.param("id")));
  co_return Response{.status = 204};
}

Async<UploadTicket> presented(TicketRouteNeeds const& needs, Request const& request) {
  co_return co_await needs.tickets.find(request.param("ticket"), request.deadline);
}

Async<Response> get_own_ticket(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto const ticket, co_await presented(needs, request));
  co_return not_kept(
      net::json_response(200, json::object{{"name", ticket.name},
                                           {"project_id", ticket.project.str()},
                                           {"files_left", ticket.files_max - ticket.files_used},
                                           {"bytes_left", ticket.bytes_max - ticket.bytes_used},
                                           {"types", to_json(ticket.types)},
                                           {"expires_at", to_rfc3339(ticket.expires_at)}}));
}

Async<Response> post_upload(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto ticket, co_await presented(needs, request));
  CO_TRY(auto body, net::json_body(request));
  if (body.contains("project_id")) co_return invalid_field("project_id", "is the link's");
  body["project_id"] = ticket.project.str();
  CO_TRY(auto wanted, parse_new_upload(body, needs.options));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const created,
         co_await needs.tickets.create(std::move(call), std::move(ticket), std::move(wanted)));
  auto text = R"({"upload":)" + json::serialize(show(created.upload)) + R"(,"transfer":)";
  if (created.transfer)
    append_transfer(text, *created.transfer);
  else
    text += "null";
  co_return not_kept(net::json_text_response(201, text + "}"));
}

Async<Response> get_upload(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto ticket, co_await presented(needs, request));
  CO_TRY(auto const upload,
         co_await needs.tickets.get(std::move(ticket), UploadId{request.param("id")}, request.deadline));
  auto response = not_kept(net::json_response(200, json::object{{"upload", show(upload)}}));
  net::speak(response, request.language);
  co_return response;
}

Async<Response> post_transfer(TicketRouteNeeds const& needs, Request& request) {
  CO_TRY(auto ticket, co_await presented(needs, request));
  CO_TRY(auto const transfer,
         co_await needs.tickets.renew(std::move(ticket), UploadId{request.param("id")}, request.deadline));
  auto text = std::string{R"({"transfer":)"};
  append_transfer(text, transfer);
  co_return not_kept(net::json_text_response(200, text + "}"));
}

}  // namespace

void add_ticket_routes(net::Router& router, TicketRouteNeeds wanted) {
  auto const add = [&](net::Route route, Async<Response> (*handler)(TicketRouteNeeds const&, Request&)) {
    router.add(std::move(route), [wanted, handler](Request& request) { return handler(wanted, request); });
  };
  add({"POST", "/upload-tickets", Role::admin}, post_ticket);
  add({"GET", "/upload-tickets", Role::admin}, list_tickets);
  add({"DELETE", "/upload-tickets/{id}", Role::admin}, delete_ticket);
  add({"GET", "/t/{ticket}"}, get_own_ticket);
  add({"POST", "/t/{ticket}/uploads"}, post_upload);
  add({"GET", "/t/{ticket}/uploads/{id}"}, get_upload);
  add({"POST", "/t/{ticket}/uploads/{id}/transfer"}, post_transfer);
}

}  // namespace hoist::uploads
