#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

constexpr auto page_limit = std::int64_t{200};

std::string query_of(ListOptions const& options, std::int64_t limit) {
  auto query = fmt::format("/uploads?limit={}", limit);
  auto add = [&](std::string_view name, std::string const& value) {
    if (!value.empty()) query += fmt::format("&{}={}", name, percent_encode(value));
  };
  add("project_id", options.project);
  add("status", options.status);
  add("batch_id", options.batch);
  add("search", options.search);
  return query;
}

// With its folders, where they are known.
std::string place_of(json::object const& upload) {
  auto path = text_of(upload, "path");
  return path.empty() ? text_of(upload, "filename") : path;
}

std::string remark(json::object const& upload) {
  auto const& error = object_of(upload, "error");
  if (!error.empty()) return text_of(error, "message");
  if (auto stage = stage_of(upload); !stage.empty()) return stage;
  auto const& media = object_of(upload, "media");
  auto text = std::string{};
  if (number_of(media, "width") > 0)
    text = fmt::format("{}x{}", number_of(media, "width"), number_of(media, "height"));
  auto const& gps = object_of(media, "gps");
  auto const* latitude = gps.if_contains("latitude");
  auto const* longitude = gps.if_contains("longitude");
  if (latitude != nullptr && longitude != nullptr && latitude->is_number() && longitude->is_number())
    text += fmt::format("  {:.5f},{:.5f}", latitude->to_number<double>(), longitude->to_number<double>());
  return text;
}

Async<> list(ListOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  auto rows = std::vector<std::vector<std::string>>{{"ID", "STATUS", "SIZE", "CREATED", "NAME", ""}};
  auto left = options.limit == 0 ? INT64_MAX : options.limit;
  auto const deleted_wanted = !options.status.empty();
  auto cursor = std::string{};
  do {
    auto path = query_of(options, std::min(left, page_limit));
    if (!cursor.empty()) path += "&cursor=" + percent_encode(cursor);
    CO_TRY(auto const page, co_await api.get(std::move(path)));
    for (auto const& entry : array_of(page, "uploads")) {
      if (!entry.is_object()) continue;
      auto const& upload = entry.get_object();
      if (text_of(upload, "status") == "DELETED" && !deleted_wanted) continue;
      --left;
      if (options.json)
        print_line(upload);
      else
        rows.push_back({text_of(upload, "id"), text_of(upload, "status"),
                        upload.contains("size") ? human_bytes(number_of(upload, "size")) : std::string{},
                        short_time(text_of(upload, "created_at")), place_of(upload), remark(upload)});
    }
    cursor = text_of(page, "next_cursor");
  } while (!cursor.empty() && left > 0);
  if (options.json) co_return Result<void>{};
  if (rows.size() == 1)
    fmt::print("No uploads.\n");
  else
    print_table(rows, {2});
  if (!cursor.empty()) fmt::print("There are more; see --limit.\n");
  co_return Result<void>{};
}

}  // namespace

int list_command(ListOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return list(options, *connection); });
  return done ? 0 : report(done.error());
}

}  // namespace hoist::cli
