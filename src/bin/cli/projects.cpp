#include <fmt/format.h>

#include "base/try.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

Async<> list_projects(ProjectsOptions const& options, Connection connection) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  CO_TRY(auto const answer, co_await api.get("/projects"));
  auto rows = std::vector<std::vector<std::string>>{
      {"PROJECT", "FILES", "SIZE", "COMPLETED", "ON THE WAY", "FAILED", "CHANGED"}};
  for (auto const& entry : array_of(answer, "projects")) {
    if (!entry.is_object()) continue;
    auto const& project = entry.get_object();
    if (options.json) {
      print_line(project);
      continue;
    }
    auto const& counts = object_of(project, "counts");
    auto const on_the_way =
        number_of(counts, "PENDING") + number_of(counts, "UPLOADED") + number_of(counts, "PROCESSING");
    rows.push_back({text_of(project, "id"), std::to_string(number_of(project, "files")),
                    human_bytes(number_of(project, "bytes")), std::to_string(number_of(counts, "COMPLETED")),
                    std::to_string(on_the_way), std::to_string(number_of(counts, "FAILED")),
                    short_time(text_of(project, "updated_at"))});
  }
  if (options.json) co_return Result<void>{};
  if (rows.size() == 1)
    fmt::print("No projects. The first file that is put into one makes it.\n");
  else
    print_table(rows, {1, 2, 3, 4, 5});
  co_return Result<void>{};
}

}  // namespace

int projects_command(ProjectsOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return list_projects(options, *connection); });
  return done ? 0 : report(done.error());
}

}  // namespace hoist::cli
