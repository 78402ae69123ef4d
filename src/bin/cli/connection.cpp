#include "bin/cli/connection.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::cli {
namespace {

constexpr auto default_data = "hoist-data";

std::string member(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

Result<Connection> read_file(std::filesystem::path const& path) {
  auto stream = std::ifstream{path};
  if (!stream)
    return fail(Code::invalid,
                "Cannot read " + path.string() +
                    ". Start `hoist serve` with the same --data, or name --server and --token.");
  auto const text = std::string{std::istreambuf_iterator<char>{stream}, {}};
  TRY(auto const value, parse_json(text));
  if (!value.is_object()) return fail(Code::invalid, path.string() + " is not a JSON object.");
  return Connection{member(value.get_object(), "api"), member(value.get_object(), "token")};
}

}  // namespace

Result<Connection> connect_with(ConnectionOptions const& options) {
  auto connection = Connection{options.server, options.token};
  auto const folder =
      options.data.empty() ? std::filesystem::path{default_data} : std::filesystem::path{options.data};
  auto ignored = std::error_code{};
  auto const asked = !options.data.empty() || std::filesystem::exists(folder / "cli.json", ignored);
  // A token of the data folder belongs to that folder's server and is never sent to another one.
  if (asked && connection.api.empty()) {
    TRY(auto known, read_file(folder / "cli.json"));
    connection.api = std::move(known.api);
    if (connection.token.empty()) connection.token = std::move(known.token);
  }
  while (connection.api.ends_with('/')) connection.api.pop_back();
  if (connection.api.empty())
    return fail(Code::invalid,
                "No server is named. Use --server URL (or HOIST_SERVER), or --data DIR of a local server.");
  if (!connection.api.starts_with("http://") && !connection.api.starts_with("https://"))
    return fail(Code::invalid, "--server must begin with http:// or https://.");
  if (connection.token.empty())
    return fail(Code::unauthenticated,
                "No token is known. Use --token or HOIST_TOKEN; `hoist token` makes one.");
  return connection;
}

}  // namespace hoist::cli
