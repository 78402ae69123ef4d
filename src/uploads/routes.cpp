#include "uploads/routes.hpp"

#include <fmt/format.h>

#include "base/fold_case.hpp"
#include "base/try.hpp"
#include "net/call_context.hpp"
#include "net/language.hpp"
#include "net/query.hpp"
#include "uploads/parse.hpp"

namespace hoist::uploads {
namespace {

using net::Request;
using net::Response;

constexpr int page_default = 50;
constexpr int page_max = 200;
constexpr std::size_t query_value_max = 256;
constexpr int wait_s_max = 25;  // shorter than what proxies and our own deadline of a request allow
constexpr auto look_again = std::chrono::seconds{5};

Result<std::optional<bool>> read_multipart(Request const& request) {
  auto reader = net::QueryReader{request};
  auto const value = reader.choice("multipart", {"true", "false"});
  CHECK(reader.finish());
  if (!value) return std::optional<bool>{};
  return std::optional{*value == "true"};
}

UploadId upload_id(Request const& request) {
  return UploadId{request.param("id")};
}

std::string show(RouteNeeds const& needs, Upload const& upload) {
  auto out = std::string{};
  append_upload(out, upload, needs.views.now());
  return out;
}

void append_transfer_or_null(std::string& out, std::optional<Transfer> const& transfer) {
  out += ",\"transfer\":";
  if (transfer)
    append_transfer(out, *transfer);
  else
    out += "null";
}

Async<Response> post_upload(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  CO_TRY(auto const multipart, read_multipart(request));
  CO_TRY(auto wanted, parse_new_upload(body, needs.options));
  auto const variant = multipart ? (*multipart ? "multipart" : "single") : "";
  CO_TRY(auto call, net::call_context(request, variant));
  CO_TRY(auto const created, co_await needs.creation.create(std::move(call), std::move(wanted), multipart));
  auto text = R"({"upload":)" + show(needs, created.upload);
  append_transfer_or_null(text, created.transfer);
  auto response = net::json_text_response(created.have ? 200 : 201, text + "}");
  response.headers.set("Location", "/uploads/" + created.upload.id.str());
  co_return response;
}

void append_item(std::string& out, RouteNeeds const& needs, BatchItem const& item, std::size_t index) {
  out += R"({"index":)" + std::to_string(index);
  if (auto const* upload = std::get_if<Upload>(&item.what)) {
    out += item.have ? R"(,"action":"have","upload":)" : R"(,"action":"upload","upload":)";
    append_upload(out, *upload, needs.views.now());
    append_transfer_or_null(out, item.transfer);
    out += '}';
    return;
  }
  auto const& refusal = std::get<Refusal>(item.what);
  auto fields = std::string{};
  for (auto const& field : refusal.fields)
    fields += fmt::format(R"({}{{"field":{},"reason":{}}})", fields.empty() ? "" : ",",
                          json_string(field.field), json_string(field.reason));
  out += fmt::format(R"(,"action":"refused","error":{{"code":{},"message":{},"errors":[{}]}}}})",
                     json_string(refusal.code), json_string(refusal.message), fields);
}

Async<Response> post_batch(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto const body, net::json_body(request));
  CO_TRY(auto wanted, parse_new_batch(body, needs.options));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const created, co_await needs.batch_creation.create(std::move(call), std::move(wanted)));
  constexpr std::size_t item_bytes = 1500;  // about
  auto text = std::string{};
  text.reserve(created.items.size() * item_bytes);
  text += fmt::format(R"({{"batch":{},"items":[)", render_batch(created.batch, created.counts));
  for (std::size_t i = 0; i < created.items.size(); ++i) {
    if (i > 0) text += ',';
    append_item(text, needs, created.items[i], i);
  }
  text += "]}";
  auto response = net::json_text_response(201, std::move(text));
  response.headers.set("Location", "/batches/" + created.batch.id.str());
  co_return response;
}

// With `wait`, answers when nothing more will happen to the upload without a caller, or after so many
// seconds with what it is then.
Async<Response> get_upload(RouteNeeds const& needs, Request& request) {
  auto reader = net::QueryReader{request};
  auto const wait_s = reader.number("wait", 0, wait_s_max, 0);
  CO_CHECK(reader.finish());
  auto const id = upload_id(request);
  auto const& tenant = request.caller.tenant;
  CO_TRY(auto upload, co_await needs.reading.get(tenant, id, request.deadline));
  if (wait_s > 0 && !is_final(upload.state)) {
    auto const until = std::min(request.deadline, deadline_in(std::chrono::seconds{wait_s}));
    CO_TRY(auto const watcher,
           co_await needs.stream.feed.watch(tenant, {Topic{Topic::Kind::upload, id.str()}}, std::nullopt,
                                            request.deadline));
    // Read again once the watch stands: the end may have come in between.
    CO_TRY(upload, co_await needs.reading.get(tenant, id, request.deadline));
    while (!is_final(upload.state) && std::chrono::steady_clock::now() < until) {
      CO_TRY([[maybe_unused]] auto const news, co_await watcher->next(until));
      CO_TRY(upload, co_await needs.reading.get(tenant, id, deadline_in(look_again)));
    }
  }
  co_return net::json_text_response(200, show(needs, upload));
}

Async<Response> get_projects(RouteNeeds const& needs, Request& request) {
  auto reader = net::QueryReader{request};
  auto const only = reader.text("project_id").value_or(std::string{});
  if (!only.empty() && !is_project_id(only)) reader.refuse("project_id", "must be a project's id");
  CO_CHECK(reader.finish());
  CO_TRY(auto const projects,
         co_await needs.reading.projects(request.caller.tenant, ProjectId{only}, request.deadline));
  co_return net::json_text_response(200, render_projects(projects));
}

Async<Response> get_batch(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto const found, co_await needs.reading.get_batch(request.caller.tenant,
                                                            BatchId{request.param("id")}, request.deadline));
  co_return net::json_text_response(200, render_batch(found.first, found.second));
}

struct ListQuery {
  ListFilter filter;
  std::string cursor;
  int limit = page_default;
};

Result<ListQuery> parse_list_query(Request const& request) {
  auto wanted = ListQuery{};
  auto reader = net::QueryReader{request};
  auto const read = [&](std::string_view name, std::string& into, bool (*is_good)(std::string_view),
                        std::string_view reason) {
    auto value = reader.text(name, query_value_max);
    if (!value) return;
    if (!is_good(*value)) reader.refuse(name, std::string{reason});
    into = std::move(*value);
  };
  read("project_id", wanted.filter.project, is_project_id, "must be a project's id");
  read("batch_id", wanted.filter.batch, is_uuid, "must be a batch's id");
  if (auto const status = reader.text("status", query_value_max)) {
    wanted.filter.state = parse_upload_state(*status);
    if (!wanted.filter.state) reader.refuse("status", "must be a status such as COMPLETED");
  }
  if (auto const search = reader.text("search", query_value_max)) {
    wanted.filter.search = fold_case(*search);
    if (search->empty()) reader.refuse("search", "must be at least 1 character");
    if (wanted.filter.project.empty() || !wanted.filter.batch.empty())
      reader.refuse("search", "goes with project_id and without batch_id");
  }
  wanted.cursor = reader.text("cursor", query_value_max).value_or(std::string{});
  wanted.limit = static_cast<int>(reader.number("limit", 1, page_max, page_default));
  CHECK(reader.finish());
  return wanted;
}

Async<Response> list_uploads(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto wanted, parse_list_query(request));
  CO_TRY(auto const page,
         co_await needs.reading.list(request.caller.tenant, std::move(wanted.filter),
                                     std::move(wanted.cursor), wanted.limit, request.deadline));
  auto text = std::string{R"({"uploads":[)"};
  auto separator = "";
  auto const view = needs.views.now();
  for (auto const& upload : page.uploads) {
    text += separator;
    append_upload(text, upload, view);
    separator = ",";
  }
  auto const next = page.next_cursor.empty() ? std::string{"null"} : json_string(page.next_cursor);
  co_return net::json_text_response(200, text + R"(],"next_cursor":)" + next + "}");
}

Async<Response> post_parts(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto body, net::json_body(request));
  CO_TRY(auto const more, co_await needs.transfers.more(request.caller.tenant, upload_id(request),
                                                        std::move(body), request.deadline));
  if (more.transfer.multipart)
    co_return net::json_text_response(200, render_parts(more.transfer, more.stored));
  auto text = std::string{R"({"transfer":)"};
  append_transfer(text, more.transfer);
  co_return net::json_text_response(200, text + "}");
}

// There is nothing to say beyond the address, but some clients always send an object.
Result<void> check_says_nothing(Request const& request) {
  if (request.body.empty()) return {};
  TRY(auto const body, net::json_body(request));
  return Fields{body}.finish();
}

Async<Response> post_retry(RouteNeeds const& needs, Request& request) {
  CO_CHECK(check_says_nothing(request));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const upload, co_await needs.retry.retry(std::move(call), upload_id(request)));
  co_return net::json_text_response(200, show(needs, upload));
}

Async<Response> post_complete(RouteNeeds const& needs, Request& request) {
  CO_CHECK(check_says_nothing(request));
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const upload, co_await needs.completion.complete(std::move(call), upload_id(request)));
  co_return net::json_text_response(200, show(needs, upload));
}

Async<Response> delete_upload(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto const upload, co_await needs.removal.remove(std::move(call), upload_id(request)));
  co_return net::json_text_response(200, show(needs, upload));
}

Async<Response> get_content(RouteNeeds const& needs, Request& request) {
  CO_TRY(auto call, net::call_context(request));
  CO_TRY(auto url, co_await needs.downloads.content_url(std::move(call), upload_id(request)));
  co_return net::redirect(std::move(url));
}

Async<Response> get_thumbnail(RouteNeeds const& needs, Request& request) {
  auto const& text = request.param("size");
  auto const size = text == "256" ? 256 : text == "1024" ? 1024 : 0;
  CO_TRY(auto url, co_await needs.downloads.thumbnail_url(request.caller.tenant, upload_id(request), size,
                                                          request.deadline));
  co_return net::redirect(std::move(url));
}

// Sentences in the answer are those of the request's language.
Async<Response> spoken(Async<Response> answer, Language language) {
  CO_TRY(auto response, co_await std::move(answer));
  if (!response.body.empty()) net::speak(response, language);
  co_return response;
}

}  // namespace

void add_routes(net::Router& router, RouteNeeds wanted) {
  auto const needs = std::make_shared<RouteNeeds const>(std::move(wanted));  // shared by the handlers
  auto const add = [&](net::Route route, Async<Response> (*handler)(RouteNeeds const&, Request&)) {
    router.add(std::move(route), [needs, handler](Request& request) {
      return spoken(handler(*needs, request), request.language);
    });
  };
  auto const asking = [](net::Route route) {
    route.reads_query = true;
    return route;
  };
  using enum net::RateClass;
  add(asking({"POST", "/uploads", Role::member, initiate}), post_upload);
  add({"POST", "/batches", Role::member, initiate, needs->options.batch_body_bytes_max}, post_batch);
  add(asking({"GET", "/uploads", Role::viewer}), list_uploads);
  add(asking({"GET", "/projects", Role::viewer}), get_projects);
  add(asking({"GET", "/uploads/{id}", Role::viewer}), get_upload);
  add({"GET", "/batches/{id}", Role::viewer}, get_batch);
  add({"POST", "/uploads/{id}/parts", Role::member}, post_parts);
  add({"POST", "/uploads/{id}/complete", Role::member}, post_complete);
  add({"POST", "/uploads/{id}/retry", Role::member}, post_retry);
  add({"DELETE", "/uploads/{id}", Role::member}, delete_upload);
  add({"GET", "/uploads/{id}/content", Role::viewer}, get_content);
  add({"GET", "/uploads/{id}/thumbnails/{size}", Role::viewer}, get_thumbnail);
  auto const add_stream = [&](std::string pattern, Async<Response> (*handler)(StreamNeeds const&, Request&)) {
    auto route = net::Route{"GET", std::move(pattern), Role::viewer};
    route.token_in_query = route.reads_query = true;
    router.add(std::move(route),
               [needs, handler](Request& request) { return handler(needs->stream, request); });
  };
  add_stream("/ws", get_websocket);
  add_stream("/stream", get_stream);
}

}  // namespace hoist::uploads
