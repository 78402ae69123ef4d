#include "bin/cli/events_log.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/api.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

constexpr std::int64_t page_limit = 200;
constexpr int wait_s = 25;  // of one long poll
constexpr std::size_t details_shown_max = 100;
constexpr auto export_timeout = std::chrono::hours{6};

std::string path_of(EventsOptions const& options, std::int64_t limit, std::string_view order) {
  auto path = options.user.empty() ? std::string{"/events"} : "/events/" + percent_encode(options.user);
  path += fmt::format("?limit={}&order={}", limit, order);
  auto const add = [&](std::string_view name, std::string const& value) {
    if (!value.empty()) path += fmt::format("&{}={}", name, percent_encode(value));
  };
  add("type", options.type);
  add("from", options.from);
  add("to", options.to);
  if (options.audit && options.user.empty()) path += "&log=audit";
  return path;
}

void show(json::object const& event, bool as_json) {
  if (as_json) return print_line(event);
  auto details = json::serialize(object_of(event, "details"));
  if (details.size() > details_shown_max) details = details.substr(0, details_shown_max) + "...";
  auto const user = text_of(event, "userId");
  fmt::print("{}\n", printable(fmt::format("{}  {:>8}  {:<24}  {:<20}  {}",
                                           text_of(event, "timestamp").substr(0, 23) + "Z",
                                           number_of(event, "sequence"), text_of(event, "eventType"),
                                           user.empty() ? "(erased)" : user, details)));
  std::fflush(stdout);
}

// The events of one answer, the oldest first when `reversed`.
void show_all(json::object const& page, bool reversed, bool as_json) {
  auto events = std::vector<json::object const*>{};
  for (auto const& entry : array_of(page, "events"))
    if (entry.is_object()) events.push_back(&entry.get_object());
  if (reversed) std::ranges::reverse(events);
  for (auto const* event : events) show(*event, as_json);
}

Async<> list(EventsOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  auto left = options.limit == 0 ? INT64_MAX : options.limit;
  auto cursor = std::string{};
  do {
    auto path = path_of(options, std::min(left, page_limit), "desc");
    if (!cursor.empty()) path += "&cursor=" + percent_encode(cursor);
    CO_TRY(auto const page, co_await api.get(std::move(path)));
    show_all(page, false, options.json);
    left -= static_cast<std::int64_t>(array_of(page, "events").size());
    cursor = text_of(page, "nextCursor");
  } while (!cursor.empty() && left > 0);
  co_return Result<void>{};
}

Async<> tail(EventsOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), persistent};
  CO_TRY(auto page, co_await api.get(path_of(options, options.limit, "desc")));
  show_all(page, true, options.json);
  while (true) {
    auto const cursor = percent_encode(text_of(page, "tailCursor"));
    CO_TRY(page, co_await api.get(fmt::format("{}&wait={}&cursor={}", path_of(options, page_limit, "asc"),
                                              wait_s, cursor)));
    show_all(page, false, options.json);
  }
}

// Written beside its name until it is whole.
class Target {
 public:
  explicit Target(std::string path) : path_{std::move(path)} {
    stream_ = path_ == "-" ? stdout : std::fopen(partial().c_str(), "wbe");
  }
  Target(Target const&) = delete;
  ~Target() {
    if (path_ == "-" || stream_ == nullptr) return;
    std::fclose(stream_);
    std::remove(partial().c_str());
  }
  Result<void> write(std::string_view bytes) {
    if (stream_ != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), stream_) == bytes.size()) return {};
    return fail(Code::storage_full, "Cannot write " + path_ + ".");
  }
  Result<void> finish() {
    auto const flushed = stream_ != nullptr && std::fflush(stream_) == 0;
    if (flushed && (path_ == "-" || std::rename(partial().c_str(), path_.c_str()) == 0)) return {};
    return fail(Code::storage_full, "Cannot write " + path_ + ".");
  }

 private:
  [[nodiscard]] std::string partial() const { return path_ + ".part"; }
  std::string path_;
  std::FILE* stream_ = nullptr;
};

Async<> write_export(EventsExportOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto target = Target{options.output};
  auto request = net::ClientRequest{};
  request.url =
      fmt::format("{}/events?format={}{}", connection.api, options.format, options.audit ? "&log=audit" : "");
  request.headers.set("Authorization", "Bearer " + connection.token);
  auto bytes = std::int64_t{0};
  request.sink = [&](std::string_view part) -> Async<> {
    bytes += static_cast<std::int64_t>(part.size());
    co_return target.write(part);
  };
  CO_TRY(auto const response, co_await client.send(std::move(request), deadline_in(export_timeout)));
  if (response.status != 200) co_return fail(error_of(response));
  CO_CHECK(target.finish());
  if (options.output != "-") fmt::print(stderr, "{}  {}\n", printable(options.output), human_bytes(bytes));
  co_return Result<void>{};
}

Async<> print_key(Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  CO_TRY(auto const key, co_await api.get("/event-key"));
  fmt::print("{}\n", text_of(key, "publicKey"));
  co_return Result<void>{};
}

template <class Work>
int with_connection(ConnectionOptions const& options, Work work) {
  auto connection = connect_with(options);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return work(*connection); });
  return done ? 0 : report(done.error());
}

}  // namespace

int events_list_command(EventsOptions const& options) {
  return with_connection(options.connection, [&](Connection const& c) { return list(options, c); });
}
int events_tail_command(EventsOptions const& options) {
  return with_connection(options.connection, [&](Connection const& c) { return tail(options, c); });
}
int events_key_command(EventsOptions const& options) {
  return with_connection(options.connection, [&](Connection const& c) { return print_key(c); });
}
int events_export_command(EventsExportOptions const& options) {
  return with_connection(options.connection, [&](Connection const& c) { return write_export(options, c); });
}

}  // namespace hoist::cli
