#include "bin/cli/tickets.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/api.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

Async<> add(TicketOptions const& options, Api& api) {
  auto types = json::array{};
  for (auto const& type : options.types) types.emplace_back(type);
  auto wanted = json::object{{"name", options.name},
                             {"project_id", options.project},
                             {"files_max", options.files},
                             {"bytes_max", options.bytes},
                             {"lifetime_s", options.life_s}};
  if (!types.empty()) wanted["types"] = std::move(types);
  CO_TRY(auto const made, co_await api.post("/upload-tickets", wanted));
  // Alone, for LINK=$(hoist ticket add ...) and for what makes a QR code of it.
  if (options.json)
    print_line(made);
  else
    fmt::print("{}{}\n", api.connection().api, text_of(made, "page"));
  co_return Result<void>{};
}

std::string state_of(json::object const& ticket) {
  return ticket.contains("revoked_at") ? "revoked" : short_time(text_of(ticket, "expires_at"));
}

Async<> list(TicketOptions const& options, Api& api) {
  CO_TRY(auto const answer, co_await api.get("/upload-tickets"));
  auto rows = std::vector<std::vector<std::string>>{{"ID", "NAME", "PROJECT", "FILES", "SIZE", "UNTIL"}};
  for (auto const& entry : array_of(answer, "tickets")) {
    if (!entry.is_object()) continue;
    auto const& ticket = entry.get_object();
    if (options.json) print_line(ticket);
    rows.push_back({text_of(ticket, "id"), text_of(ticket, "name"), text_of(ticket, "project_id"),
                    fmt::format("{} of {}", number_of(ticket, "files_used"), number_of(ticket, "files_max")),
                    fmt::format("{} of {}", human_bytes(number_of(ticket, "bytes_used")),
                                human_bytes(number_of(ticket, "bytes_max"))),
                    state_of(ticket)});
  }
  if (options.json) co_return Result<void>{};
  if (rows.size() == 1)
    fmt::print("No links. One is made by: hoist ticket add --project ID --name NAME\n");
  else
    print_table(rows, {3, 4});
  co_return Result<void>{};
}

Async<> revoke(TicketOptions const& options, Api& api) {
  CO_CHECK(co_await api.remove("/upload-tickets/" + percent_encode(options.id)));
  fmt::print("Revoked; it is dead at once.\n");
  co_return Result<void>{};
}

int run(TicketOptions const& options, Async<> (*work)(TicketOptions const&, Api&)) {
  auto const connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&]() -> Async<> {
    auto client = net::Client{};
    auto api = Api{client, *connection, brief};
    co_return co_await work(options, api);
  });
  return done ? 0 : report(done.error());
}

}  // namespace

int add_ticket_command(TicketOptions const& options) {
  return run(options, add);
}
int list_tickets_command(TicketOptions const& options) {
  return run(options, list);
}
int revoke_ticket_command(TicketOptions const& options) {
  return run(options, revoke);
}

}  // namespace hoist::cli
