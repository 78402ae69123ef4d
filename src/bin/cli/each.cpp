// Commands that do one thing to each upload that is named.
#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

using Act = Async<json::object> (*)(Api& api, std::string path);

Async<json::object> remove(Api& api, std::string path) {
  co_return co_await api.remove(std::move(path));
}

Async<json::object> retry(Api& api, std::string path) {
  co_return co_await api.post(path + "/retry", json::object{});
}

// Every id is tried; the first failure is the answer.
Async<> act_on_each(EachOptions const& options, Connection connection, Act act) {
  auto client = net::Client{};
  auto api = Api{client, std::move(connection), brief};
  auto outcome = Result<void>{};
  for (auto const& id : options.ids) {
    auto const answer = co_await act(api, "/uploads/" + percent_encode(id));
    if (answer && options.json) {
      print_line(*answer);
    } else if (answer) {
      fmt::print("{}  {}  {}\n", id, text_of(*answer, "status"), printable(text_of(*answer, "filename")));
    } else if (outcome) {
      outcome = fail(Error{answer.error().code(), id + ": " + answer.error().detail()});
    } else {
      [[maybe_unused]] auto const told =
          report(Error{answer.error().code(), id + ": " + answer.error().detail()});
    }
  }
  co_return outcome;
}

int run_on_each(EachOptions const& options, Act act) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&] { return act_on_each(options, *connection, act); });
  return done ? 0 : report(done.error());
}

}  // namespace

int remove_command(EachOptions const& options) {
  return run_on_each(options, remove);
}

int retry_command(EachOptions const& options) {
  return run_on_each(options, retry);
}

}  // namespace hoist::cli
