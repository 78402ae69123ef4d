// Everything that can be configured, read once at start and validated whole.
//
// Sources  defaults, then a TOML file, then HOIST_... environment variables, then flags; later ones
//          win. `uploads.url_lifetime_s` is HOIST_UPLOADS_URL_LIFETIME_S and
//          --set uploads.url_lifetime_s=900.
// Errors   every wrong setting is named at once, with its source.
// Fields   the table in config_fields.cpp gives name, range and meaning; docs/configuration.md is printed
//          from it (`hoist serve --config-reference`), and a test holds the two equal.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "adapters/clamd/daemon.hpp"
#include "adapters/dynamodb/options.hpp"
#include "adapters/s3/options.hpp"
#include "base/error.hpp"
#include "base/log.hpp"
#include "engines/embedded/settings.hpp"
#include "engines/memory/settings.hpp"
#include "engines/postgres/settings.hpp"
#include "events/settings.hpp"
#include "model/sentences.hpp"
#include "processing/settings.hpp"
#include "tasks/settings.hpp"
#include "tenants/settings.hpp"
#include "uploads/options.hpp"

namespace hoist::hosts {

// Which part of the work a process does, where several share an installation.
enum class ProcessRole : std::uint8_t {
  all,
  api,    // answers requests, and works on nothing
  worker  // processes files and tasks, and answers for its health alone
};

// Each part's settings are the part's own type, which has their defaults.
struct Config {
  std::variant<embedded::Settings, memory::Settings, postgres::Settings> engine;
  postgres::Settings database;  // of the engine postgres, which its address chooses
  memory::Settings memory;      // goes into `engine` where that is chosen: the choice may be read later
  struct {
    ProcessRole role = ProcessRole::all;
    std::string data = "hoist-data";
    std::string listen = "127.0.0.1:8080";
    std::string objects_listen = "127.0.0.1:9000";
    std::string public_url;   // as users reach the API; empty: from `listen`
    std::string objects_url;  // as users reach the objects; empty: from `objects_listen`
    std::size_t threads = 0;
    std::size_t connections_max = 4096;
    std::size_t connections_per_address_max = 1024;
    std::size_t body_memory_bytes = 64 * 1024 * 1024;
    std::chrono::seconds shutdown_grace{10};
    std::vector<std::string> cors_origins;
    Language language = Language::english;  // of answers, where neither request nor tenant names one
    std::vector<std::string> routes;        // "POST /tasks"; empty: all
    std::vector<std::string> trusted_proxies;
    bool metrics_open = false;
    std::string tls_certificate_file;
    std::string tls_key_file;
  } server;
  struct {
    log::Level level = log::Level::info;
    log::Format format = log::Format::text;
  } log;
  tenants::Settings tenants;
  uploads::Options uploads;
  struct {
    bool md5_of_uploads = false;
    std::string events_token;  // whoever notifies us of objects in S3 shows it; empty: nobody may
  } objects;
  s3::Options s3;  // its region is that of our own endpoint, too
  processing::Settings processing;
  tasks::Settings tasks;
  struct {
    std::string socket;
    std::string signatures = clamd::DaemonOptions{}.signatures;
  } scanner;
  events::Settings events;
  dynamodb::EventDetailsOptions details;
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

}  // namespace hoist::hosts
