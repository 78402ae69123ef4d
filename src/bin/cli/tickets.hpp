// hoist ticket: links that let people without an account upload.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bin/cli/connection.hpp"

namespace hoist::cli {

struct TicketOptions {
  ConnectionOptions connection;
  std::string id;  // to revoke
  std::string name;
  std::string project;
  std::int64_t files = 500;
  std::uint64_t bytes = 5'000'000'000;
  std::vector<std::string> types;
  std::int64_t life_s = 7 * 86'400;
  bool json = false;
};
[[nodiscard]] int add_ticket_command(TicketOptions const& options);
[[nodiscard]] int list_tickets_command(TicketOptions const& options);
[[nodiscard]] int revoke_ticket_command(TicketOptions const& options);

}  // namespace hoist::cli
