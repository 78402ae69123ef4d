// hoist ls, get and status: what the server has and what happens to it.
#pragma once

#include <string>

#include "bin/cli/connection.hpp"

namespace hoist::cli {

inline constexpr auto list_max = std::int64_t{1'000'000'000};

struct ListOptions {
  ConnectionOptions connection;
  std::string project;
  std::string status;
  std::string batch;
  std::string search;        // within names and folders
  std::int64_t limit = 100;  // 0: all; at most list_max
  bool json = false;
};
[[nodiscard]] int list_command(ListOptions const& options);

struct GetOptions {
  ConnectionOptions connection;
  std::string id;
  std::string output;  // empty: the file's own name, here; "-": standard output
  int thumbnail = 0;
};
// The file appears under its name only once it is whole and its SHA-256 is right.
[[nodiscard]] int get_command(GetOptions const& options);

struct ProjectsOptions {
  ConnectionOptions connection;
  bool json = false;
};
[[nodiscard]] int projects_command(ProjectsOptions const& options);

struct EachOptions {
  ConnectionOptions connection;
  std::vector<std::string> ids;
  bool json = false;
};
[[nodiscard]] int remove_command(EachOptions const& options);
[[nodiscard]] int retry_command(EachOptions const& options);

struct StatusOptions {
  ConnectionOptions connection;
  std::string id;  // of an upload or a batch; empty: everything
  bool follow = false;
  bool json = false;
};
[[nodiscard]] int status_command(StatusOptions const& options);

}  // namespace hoist::cli
