// What the subcommands of `hoist events` do.
#pragma once

#include <cstdint>
#include <string>

#include "bin/cli/connection.hpp"

namespace hoist::cli {

struct EventsOptions {
  ConnectionOptions connection;
  std::string user;  // empty: everybody's
  std::string type;
  std::string from;
  std::string to;
  std::int64_t limit = 100;
  bool audit = false;  // the audit trail instead
  bool json = false;
};
[[nodiscard]] int events_list_command(EventsOptions const& options);
// The last few, then every new one as it is recorded.
[[nodiscard]] int events_tail_command(EventsOptions const& options);
[[nodiscard]] int events_key_command(EventsOptions const& options);

struct EventsExportOptions {
  ConnectionOptions connection;
  std::string output = "-";
  std::string format = "ndjson";
  bool audit = false;
};
// The file appears under its name only once it is whole.
[[nodiscard]] int events_export_command(EventsExportOptions const& options);

struct EventsVerifyOptions {
  std::string file;   // "-": standard input
  std::string key;    // base64url, or a file that holds it
  std::string since;  // a file that holds an earlier checkpoint; empty: none
  bool json = false;
};
[[nodiscard]] int events_verify_command(EventsVerifyOptions const& options);

}  // namespace hoist::cli
