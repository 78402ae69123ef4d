#include <fmt/format.h>

#include <map>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"
#include "bin/cli/sse.hpp"

namespace hoist::cli {
namespace {

constexpr auto follow_for = std::chrono::hours{24};

enum class Kind { everything, upload, batch };

struct Subject {
  Kind kind = Kind::everything;
  json::object record;
};

Async<Subject> look_up(Api& api, std::string id) {
  if (id.empty()) co_return Subject{};
  auto upload = co_await api.get("/uploads/" + percent_encode(id));
  if (upload) co_return Subject{Kind::upload, *std::move(upload)};
  if (upload.error().code() != Code::not_found) co_return fail(upload.error());
  auto batch = co_await api.get("/batches/" + percent_encode(id));
  if (batch) co_return Subject{Kind::batch, *std::move(batch)};
  if (batch.error().code() != Code::not_found) co_return fail(batch.error());
  co_return fail(Code::not_found, fmt::format("There is no upload and no batch with the id \"{}\".", id));
}

void print_counts(json::object const& counts) {
  auto rows = std::vector<std::vector<std::string>>{{"STATUS", "FILES"}};
  for (auto const& [name, value] : counts)
    if (value.is_number() && value.to_number<std::int64_t>() > 0)
      rows.push_back({name, fmt::format("{}", value.to_number<std::int64_t>())});
  if (rows.size() == 1)
    fmt::print("No uploads.\n");
  else
    print_table(rows, {1});
}

// "ready", or what there is to say about the pictures.
std::string preview_of(json::object const& upload) {
  auto const& preview = object_of(upload, "preview");
  auto text = text_of(preview, "status");
  for (auto const* name : {"reason", "note", "message"})
    if (auto const more = text_of(preview, name); !more.empty())
      text += (name == std::string_view{"message"} ? ": " : ", ") + more;
  return text;
}

void print_upload(json::object const& upload) {
  auto rows = std::vector<std::vector<std::string>>{};
  auto add = [&](std::string name, std::string value) {
    if (!value.empty()) rows.push_back({std::move(name), std::move(value)});
  };
  add("name", text_of(upload, "filename"));
  add("status", text_of(upload, "status"));
  add("stage", stage_of(upload));
  add("waiting", text_of(object_of(upload, "waiting"), "message"));
  add("error", text_of(object_of(upload, "error"), "message"));
  if (upload.contains("size")) add("size", human_bytes(number_of(upload, "size")));
  add("type", text_of(upload, "content_type"));
  add("sha256", text_of(object_of(upload, "checksum"), "sha256"));
  add("scan", text_of(object_of(upload, "scan"), "verdict"));
  auto const& media = object_of(upload, "media");
  if (number_of(media, "width") > 0)
    add("picture", fmt::format("{}x{}", number_of(media, "width"), number_of(media, "height")));
  add("preview", preview_of(upload));
  add("captured", text_of(media, "captured_at"));
  add("camera", text_of(object_of(media, "camera"), "model"));
  print_table(rows);
  for (auto const& entry : array_of(upload, "timeline"))
    if (entry.is_object())
      fmt::print("  {}  {}  {}\n", printable(text_of(entry.get_object(), "at")),
                 printable(text_of(entry.get_object(), "what")),
                 printable(text_of(entry.get_object(), "detail")));
}

Async<json::object> count_everything(Api& api) {
  auto counts = std::map<std::string, std::int64_t>{};
  CO_TRY(auto const answer, co_await api.get("/projects"));
  for (auto const& entry : array_of(answer, "projects")) {
    if (!entry.is_object()) continue;
    for (auto const& [status, files] : object_of(entry.get_object(), "counts"))
      if (files.is_number()) counts[status] += files.to_number<std::int64_t>();
  }
  auto object = json::object{};
  for (auto const& [status, files] : counts) object[status] = files;
  co_return object;
}

Async<> print_subject(Api& api, Subject const& subject, bool as_json) {
  auto record = subject.record;
  if (subject.kind == Kind::everything) {
    CO_TRY(auto counts, co_await count_everything(api));
    record["counts"] = std::move(counts);
  }
  if (as_json)
    print_line(record);
  else if (subject.kind == Kind::upload)
    print_upload(record);
  else
    print_counts(object_of(record, "counts"));
  co_return Result<void>{};
}

void print_change(std::string_view data, bool as_json) {
  auto const value = parse_json(data);
  if (!value || !value->is_object()) return;
  auto const& change = value->get_object();
  if (as_json) return print_line(change);
  auto const& upload = object_of(change, "upload");
  if (upload.empty()) return;
  auto line = fmt::format("{}  {:<10}  {}", text_of(upload, "id"), text_of(upload, "status"),
                          text_of(upload, "filename"));
  auto const reason = text_of(object_of(upload, "error"), "message");
  if (!reason.empty()) line += ": " + reason;
  fmt::print("{}\n", printable(line));
  std::fflush(stdout);
}

std::string stream_path(Subject const& subject) {
  auto const id = text_of(subject.record, "id");
  switch (subject.kind) {
    case Kind::upload: return "/stream?topic=" + percent_encode("upload:" + id);
    case Kind::batch: return "/stream?topic=" + percent_encode("batch:" + id);
    case Kind::everything: return "/stream";
  }
  return "/stream";
}

struct Following {
  std::string last_id;
  int failures = 0;
  std::string error_code;  // the server's last word before it ended the stream
};

Async<net::Response> follow_once(Api& api, Subject const& subject, Following& following, bool as_json) {
  auto request = net::ClientRequest{};
  request.url = api.connection().api + stream_path(subject);
  request.headers.set("Authorization", "Bearer " + api.connection().token);
  request.headers.set("Accept", "text/event-stream");
  if (!following.last_id.empty()) request.headers.set("Last-Event-ID", following.last_id);
  auto parser = SseParser{[&](SseEvent const& event) {
    following.failures = 0;
    following.last_id = event.id;
    if (event.type == "upload") print_change(event.data, as_json);
    if (event.type != "error") return;
    auto const error = parse_json(event.data);
    if (error && error->is_object()) following.error_code = text_of(error->get_object(), "code");
  }};
  request.sink = [&parser](std::string_view bytes) -> Async<> {
    parser.feed(bytes);
    co_return Result<void>{};
  };
  co_return co_await api.client().send(std::move(request), deadline_in(follow_for));
}

// Connects again after a break, from the last event seen, so nothing is missed.
Async<> follow(Api& api, Subject const& subject, bool as_json) {
  auto following = Following{};
  while (true) {
    auto const response = co_await follow_once(api, subject, following, as_json);
    if (response && (response->status < 200 || response->status > 299)) {
      auto error = error_of(*response);
      if (!error.retryable()) co_return fail(std::move(error));
    }
    if (following.error_code == info(Code::unauthenticated).slug)
      co_return fail(Code::unauthenticated, "The token has ended.");
    if (following.error_code == "cursor_expired")
      co_return fail(Code::gone, "Too much happened while the connection was away. Start again.");
    if (++following.failures > persistent.attempts_max)
      co_return fail(Code::unavailable, "The server stopped answering.");
    CO_CHECK(co_await sleep_for(backoff(following.failures, std::nullopt)));
  }
}

Async<> status(StatusOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  CO_TRY(auto const subject, co_await look_up(api, options.id));
  CO_CHECK(co_await print_subject(api, subject, options.json));
  if (options.follow) CO_CHECK(co_await follow(api, subject, options.json));
  co_return Result<void>{};
}

}  // namespace

int status_command(StatusOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return status(options, *connection); });
  return done ? 0 : report(done.error());
}

}  // namespace hoist::cli
