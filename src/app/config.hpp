// Everything that can be configured, read once at start and validated whole.
//
// Sources  defaults, then a TOML file, then HOIST_... environment variables, then flags; later ones
//          win. `uploads.url_lifetime_s` is HOIST_UPLOADS_URL_LIFETIME_S and
//          --set uploads.url_lifetime_s=900.
// Errors   every wrong setting is named at once, with its source.
// Fields   the table in config.cpp gives name, range and meaning; docs/configuration.md is printed
//          from it (`hoist serve --config-reference`), and a test holds the two equal.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace hoist::app {

struct Config {
  struct {
    std::string data = "hoist-data";
    std::string listen = "127.0.0.1:8080";
    std::string objects_listen = "127.0.0.1:9000";
    std::string public_url;   // as users reach the API; empty: from `listen`
    std::string objects_url;  // as users reach the objects; empty: from `objects_listen`
    std::int64_t threads = 0;
    std::int64_t connections_max = 4096;
    std::int64_t connections_per_address_max = 1024;
    std::int64_t body_memory_bytes = 64 * 1024 * 1024;
    std::int64_t shutdown_grace_s = 10;
    std::vector<std::string> cors_origins;
    std::vector<std::string> routes;  // "POST /tasks"; empty: all
    std::vector<std::string> trusted_proxies;
    bool metrics_open = false;
    std::string tls_certificate_file;
    std::string tls_key_file;
  } server;
  struct {
    std::string level = "info";
    std::string format = "text";
  } log;
  struct {
    std::int64_t requests_per_minute_per_ip = 1000;
    std::int64_t requests_per_minute_per_user = 100;
    std::int64_t initiations_per_minute_per_user = 50;
    std::int64_t storage_bytes_per_tenant = std::int64_t{50} * 1000 * 1000 * 1000;
  } limits;
  struct {
    std::int64_t url_lifetime_s = 15 * 60;
    std::int64_t file_bytes_max = 100 * 1000 * 1000;
    std::int64_t multipart_threshold_bytes = 16 * 1024 * 1024;
    std::int64_t part_bytes = 5 * 1024 * 1024;
    std::int64_t batch_files_max = 1000;
    std::int64_t pending_deadline_s = 24 * 60 * 60;
    std::int64_t processing_deadline_s = 60 * 60;
    bool allow_unscanned = false;
    std::vector<std::string> types_allowed;
    std::vector<std::string> types_denied;
    std::string unscannable = "refuse";
  } uploads;
  struct {
    std::string region = "us-east-1";
    std::string bucket = "hoist";
    std::string quarantine_bucket = "hoist-quarantine";
    bool md5_of_uploads = false;
  } objects;
  struct {
    std::int64_t workers = 0;
    std::int64_t attempts_max = 3;
  } processing;
  struct {
    std::string handler = "record";
    std::int64_t workers = 8;
    std::int64_t attempts_max = 3;
    std::int64_t retry_first_ms = 1000;
    std::string on_dead = "skip";
    std::int64_t depth_max = 1'000'000;
    std::int64_t retention_days = 30;
    std::string webhook_url;
    std::string webhook_secrets_file;
    bool webhook_allow_private = false;
    std::vector<std::string> command;
    std::int64_t command_timeout_s = 60;
  } tasks;
  struct {
    std::string socket;
    std::string signatures = "/var/lib/clamav";
  } scanner;
  struct {
    std::int64_t retention_days = 0;
  } events;
};

struct ConfigSources {
  std::string file;  // empty: none
  std::map<std::string, std::string> environment;
  std::vector<std::string> settings;  // "name=value", from flags, in order
};

[[nodiscard]] Result<Config> load_config(ConfigSources const& sources);
[[nodiscard]] std::string print_config(Config const& config);  // TOML
[[nodiscard]] std::string config_reference();                  // Markdown table of all fields
[[nodiscard]] std::map<std::string, std::string> hoist_environment();

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
};
// "127.0.0.1:8080" or "[::1]:8080".
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

}  // namespace hoist::app
