#include "hosts/config_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ranges>
#include <type_traits>
#include <utility>

#include "base/encode.hpp"
#include "base/json.hpp"
#include "hosts/assets.hpp"

namespace hoist::hosts {
namespace {

using std::chrono::seconds;

std::string toml_text(std::string_view text) {
  auto out = std::string{"\""};
  for (auto const c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      out += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

// A flag or variable holds a list as a, b or, where an item has commas or outer spaces, as ["a", "b"].
std::optional<std::vector<std::string>> split_list(std::string_view value) {
  if (trim(value).starts_with('[')) try {
      auto const parsed = toml::parse("list = " + std::string{value});
      auto const* array = parsed["list"].as_array();
      return array == nullptr ? std::nullopt : texts_of(*array);
    } catch (toml::parse_error const&) {
      return std::nullopt;
    }
  auto items = std::vector<std::string>{};
  while (!value.empty()) {
    auto const comma = value.find(',');
    if (auto const item = trim(value.substr(0, comma)); !item.empty()) items.emplace_back(item);
    value = comma == value.npos ? std::string_view{} : value.substr(comma + 1);
  }
  return items;
}

// The value as the setting counts it: in `Unit` where the member is a duration.
template <class Unit, class Member>
std::int64_t count_of(Member const& member) {
  if constexpr (std::is_void_v<Unit>)
    return static_cast<std::int64_t>(member);
  else
    return std::chrono::duration_cast<Unit>(member).count();
}

template <class Unit, class Member>
void set_count(Member& member, std::int64_t value) {
  if constexpr (std::is_void_v<Unit>)
    member = static_cast<Member>(value);
  else
    member = std::chrono::duration_cast<Member>(Unit{value});
}

template <class Unit = void, class At>
Field number(std::string name, At at, std::int64_t min, std::int64_t max, std::string meaning) {
  return {std::move(name), std::move(meaning), fmt::format("{} to {}", min, max),
          [=](Config& config, std::string_view text) {
            auto value = std::int64_t{0};
            auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
              return false;
            set_count<Unit>(at(config), value);
            return true;
          },
          [=](Config const& config) { return fmt::format("{}", count_of<Unit>(at(config))); }};
}

template <class At>
Field text(std::string name, At at, std::string meaning) {
  return {std::move(name), std::move(meaning), "text",
          [=](Config& config, std::string_view value) {
            at(config) = std::string{value};
            return true;
          },
          [=](Config const& config) { return toml_text(at(config)); }};
}

// What is set is not shown again.
template <class At>
Field secret(std::string name, At at, std::string meaning) {
  auto field = text(std::move(name), at, std::move(meaning));
  field.range = "text, a secret";
  field.show = [=](Config const& config) { return toml_text(at(config).empty() ? "" : "(set)"); };
  return field;
}

template <class Value>
using Names = std::vector<std::pair<std::string_view, Value>>;

template <class Value, class At>
Field choice(std::string name, At at, std::string meaning, Names<Value> names) {
  return {std::move(name), std::move(meaning), fmt::format("{}", fmt::join(names | std::views::keys, ", ")),
          [=](Config& config, std::string_view text) {
            auto const found = std::ranges::find(names, text, &Names<Value>::value_type::first);
            if (found == names.end()) return false;
            at(config) = found->second;
            return true;
          },
          [=](Config const& config) {
            auto const found = std::ranges::find(names, at(config), &Names<Value>::value_type::second);
            return toml_text(found->first);
          }};
}

template <class At>
Field flag(std::string name, At at, std::string meaning) {
  return {std::move(name), std::move(meaning), "true or false",
          [=](Config& config, std::string_view value) {
            if (value != "true" && value != "false") return false;
            at(config) = value == "true";
            return true;
          },
          [=](Config const& config) { return std::string{at(config) ? "true" : "false"}; }};
}

using ItemRule = bool (*)(std::string const&);

bool any_item(std::string const&) {
  return true;
}

template <class At>
Field list(std::string name, At at, std::string meaning, std::string range = "list of texts",
           ItemRule allowed = any_item) {
  auto set_list = [=](Config& config, std::vector<std::string> items) {
    if (!std::ranges::all_of(items, allowed)) return false;
    at(config) = std::move(items);
    return true;
  };
  return {std::move(name),
          std::move(meaning),
          std::move(range),
          [=](Config& config, std::string_view value) {
            auto items = split_list(value);
            return items && set_list(config, *std::move(items));
          },
          [=](Config const& config) {
            auto items = std::vector<std::string>{};
            for (auto const& item : at(config)) items.push_back(toml_text(item));
            return fmt::format("[{}]", fmt::join(items, ", "));
          },
          set_list};
}

template <class At>
Field endpoint(std::string name, At at, std::string meaning) {
  auto field = text(std::move(name), at, std::move(meaning));
  field.range = "ADDRESS:PORT";
  field.set = [=](Config& config, std::string_view value) {
    if (!parse_endpoint(value)) return false;
    at(config) = std::string{value};
    return true;
  };
  return field;
}

constexpr auto engine_names =
    std::array{"embedded", "memory", "postgres"};  // in the order of the alternatives
static_assert(engine_names.size() == std::variant_size_v<decltype(Config::engine)>);

template <std::size_t... I>
bool choose_engine(Config& config, std::string_view name, std::index_sequence<I...>) {
  return ((name == engine_names[I] && (config.engine.emplace<I>(), true)) || ...);
}

Field engine_field() {
  return {"server.engine",
          "where rows are kept; memory keeps nothing, for trying things; database.url chooses postgres",
          fmt::format("{}", fmt::join(engine_names, ", ")),
          [](Config& config, std::string_view name) {
            return choose_engine(config, name, std::make_index_sequence<engine_names.size()>{});
          },
          [](Config const& config) { return toml_text(engine_names.at(config.engine.index())); }};
}

// "POST /tasks", spelled as in the API description, which a test holds equal to the routes.
bool is_described_route(std::string const& route) {
  auto const space = route.find(' ');
  if (space == route.npos) return false;
  auto const given = std::string_view{route}.substr(0, space);
  auto const method = to_lower(given);  // as it is a key there
  auto const described =
      std::ranges::find(all_assets(), std::string_view{"/openapi.json"}, &Asset::path)->bytes;
  auto const api = parse_json(described, {.depth_max = 64});
  auto const& paths = api->at("paths").get_object();
  auto const* operations = paths.if_contains(route.substr(space + 1));
  return operations != nullptr && given != method && operations->get_object().contains(method);
}

#define AT(member) [](auto& config) -> auto& { return config.member; }

std::vector<Field> server_fields() {
  return {
      engine_field(),
      choice<ProcessRole>(
          "server.role", AT(server.role),
          "what this process does, where several share a database: worker processes files and tasks",
          {{"all", ProcessRole::all}, {"api", ProcessRole::api}, {"worker", ProcessRole::worker}}),
      text("server.data", AT(server.data), "folder of the database, objects and keys"),
      endpoint("server.listen", AT(server.listen), "where the API and the page listen"),
      endpoint("server.objects_listen", AT(server.objects_listen), "where the object endpoint listens"),
      text("server.public_url", AT(server.public_url),
           "the API's address as users reach it; empty: as listened on"),
      text("server.objects_url", AT(server.objects_url),
           "the object endpoint's address as users reach it; it is signed into URLs"),
      number("server.threads", AT(server.threads), 0, 256, "event loops; 0: one a core"),
      number("server.connections_max", AT(server.connections_max), 16, 1'000'000,
             "open connections a listener; fewer when the limit of open files does not carry them"),
      number("server.connections_per_address_max", AT(server.connections_per_address_max), 1, 1'000'000,
             "open connections a listener of one address (an IPv6 /64); trusted proxies are not counted"),
      number("server.body_memory_bytes", AT(server.body_memory_bytes), 16 * 1024 * 1024, INT64_MAX / 2,
             "memory of all request bodies together, half of it for one tenant; 503 beyond it"),
      number<seconds>("server.shutdown_grace_s", AT(server.shutdown_grace), 0, 600,
                      "time to finish what is in flight"),
      choice<Language>("server.language", AT(server.language),
                       "language of answers, where neither request nor tenant names one",
                       {{"en", Language::english}, {"es", Language::spanish}, {"pt", Language::portuguese}}),
      list("server.cors_origins", AT(server.cors_origins), "origins of web pages that may call the API"),
      list("server.routes", AT(server.routes),
           "the only routes this server answers beside /health and /ready; empty: all of them",
           "list of routes of the API description, such as \"POST /tasks\"", is_described_route),
      list("server.trusted_proxies", AT(server.trusted_proxies), "peers whose X-Forwarded-For is believed"),
      flag("server.metrics_open", AT(server.metrics_open),
           "answer /metrics and the details of /health to other machines too"),
      text("server.tls_certificate_file", AT(server.tls_certificate_file), "PEM chain; empty: plain HTTP"),
      text("server.tls_key_file", AT(server.tls_key_file), "PEM key of the certificate"),
      secret("database.url", AT(database.url),
             "postgresql://USER:PASSWORD@HOST/NAME?sslmode=verify-full of the role that serves; empty: "
             "embedded"),
      secret("database.owner_url", AT(database.owner_url),
             "the same as the owner of the tables: migrations run at start; empty: hoist migrate runs them"),
      number("database.connections", AT(database.connections), 2, 1000, "connections of this process"),
      flag("database.pooled", AT(database.pooled),
           "through PgBouncer or the like in transaction mode: nothing is prepared, and nothing listened to"),
      number("memory.objects_bytes_max", AT(memory.objects_bytes_max), 1 << 20, INT64_MAX / 2,
             "all objects together, with server.engine memory"),
      choice<log::Level>("log.level", AT(log.level), "least severe line written",
                         {{"debug", log::Level::debug},
                          {"info", log::Level::info},
                          {"warn", log::Level::warn},
                          {"error", log::Level::error}}),
      choice<log::Format>("log.format", AT(log.format), "for people or for machines",
                          {{"text", log::Format::text}, {"json", log::Format::json}}),
      number("limits.requests_per_minute_per_ip", AT(tenants.rates.per_address.limit), 1, 1'000'000'000,
             "requests a minute from one address"),
      number("limits.requests_per_minute_per_user", AT(tenants.rates.per_user.limit), 1, 1'000'000'000,
             "requests a minute by one user"),
      number("limits.requests_per_minute_per_tenant", AT(tenants.rates.per_tenant.limit), 1, 1'000'000'000,
             "requests a minute by all users and keys of one tenant"),
      number("limits.initiations_per_minute_per_user", AT(tenants.rates.initiations_per_user.limit), 1,
             1'000'000'000, "uploads or batches started a minute by one user; a batch is one"),
      number("limits.storage_bytes_per_tenant", AT(tenants.storage_bytes_max), 0, INT64_MAX,
             "storage of a tenant that has no limit of its own"),
  };
}

std::vector<Field> identity_fields() {
  return {
      text("identity.issuer", AT(tenants.issuer.name),
           "iss of the tokens of an outside sign-in service that are taken too; empty: of none"),
      text("identity.audience", AT(tenants.issuer.audience), "what aud of its tokens must name"),
      text("identity.keys", AT(tenants.issuer.keys),
           "its JSON Web Key Set: a file, or an address that begins with https://"),
      number<seconds>("identity.keys_refresh_s", AT(tenants.issuer.keys_refresh), 10, 86'400,
                      "how often its keys are read again; a key not known yet has them read at once"),
      text("identity.tenant_claim", AT(tenants.issuer.tenant_claim),
           "claim that holds the tenant's id: a name, or a JSON Pointer such as /company/id"),
      text("identity.user_claim", AT(tenants.issuer.user_claim), "claim that holds the user"),
      text("identity.role_claim", AT(tenants.issuer.role_claim),
           "claim that holds a word for the role, or a list of words"),
      list("identity.admin_words", AT(tenants.issuer.admin_words), "words that stand for the role admin"),
      list("identity.member_words", AT(tenants.issuer.member_words), "words that stand for member"),
      list("identity.viewer_words", AT(tenants.issuer.viewer_words), "words that stand for viewer"),
  };
}

std::vector<Field> object_fields() {
  return {
      text("objects.endpoint", AT(s3.endpoint),
           "S3 or a store that speaks as S3 does, such as https://s3.eu-west-1.amazonaws.com; empty: Hoist "
           "keeps the objects itself"),
      text("objects.public_endpoint", AT(s3.public_endpoint),
           "the same as clients reach it; empty: objects.endpoint"),
      flag("objects.path_style", AT(s3.path_style),
           "the bucket is in the path of objects.endpoint, not in the name of its host"),
      secret("objects.events_token", AT(objects.events_token),
             "what POST /object-events has to show, by which S3 tells of objects; empty: it is refused"),
      number<seconds>("objects.look_after_s", AT(uploads.look_after), 1, 3600,
                      "with objects.endpoint: bytes whose notification was lost are looked for after this"),
      text("objects.region", AT(s3.region), "region in signatures"),
      text("objects.bucket", AT(uploads.bucket), "bucket of files and thumbnails"),
      text("objects.quarantine_bucket", AT(uploads.quarantine_bucket), "bucket of infected files"),
      flag("objects.md5_of_uploads", AT(objects.md5_of_uploads),
           "ETags of users' files are MD5, as those of S3 clients' files always are"),
  };
}

std::vector<Field> feature_fields() {
  constexpr auto gigabyte = std::int64_t{1} << 30;
  return {
      number<seconds>("uploads.url_lifetime_s", AT(uploads.url_lifetime), 10, 604'800,
                      "life of a presigned URL"),
      number("uploads.file_bytes_max", AT(uploads.file_bytes_max), 1, 5120 * gigabyte, "largest file"),
      number("uploads.multipart_threshold_bytes", AT(uploads.multipart_threshold_bytes), 1, 5 * gigabyte,
             "files above this get a multipart upload"),
      number("uploads.part_bytes", AT(uploads.part_bytes), 5 * 1024 * 1024, 5 * gigabyte, "size of a part"),
      number("uploads.batch_files_max", AT(uploads.batch_files_max), 1, 1000, "files in one batch"),
      number<seconds>("uploads.pending_deadline_s", AT(uploads.pending_deadline), 60, 7 * 86'400,
                      "an upload without its bytes expires after this"),
      number<seconds>(
          "uploads.processing_deadline_s", AT(uploads.processing_deadline), 60, 7 * 86'400,
          "a file whose turn was lost, and that no worker took when it was put back, fails after this"),
      flag("uploads.allow_unscanned", AT(uploads.allow_unscanned), "serve files before their scan"),
      list("uploads.types_allowed", AT(tenants.types_allowed),
           "types and extensions of the files that are taken, such as image/*, "
           ".dwg; none: all"),
      list("uploads.types_denied", AT(tenants.types_denied),
           "types and extensions of files that are refused; goes before "
           "uploads.types_allowed"),
      choice<bool>("uploads.unscannable", AT(tenants.allow_unscannable),
                   "files that the virus scanner cannot look into, of tenants without a rule of their own",
                   {{"refuse", false}, {"allow", true}}),
      number("processing.workers", AT(processing.workers), 0, 256, "files processed at once; 0: one a core"),
      number("processing.attempts_max", AT(processing.attempts_max), 1, 20, "tries before a file fails"),
      choice<tasks::HandlerKind>("tasks.handler", AT(tasks.handler),
                                 "what a task is handed to; record only marks it done",
                                 {{"record", tasks::HandlerKind::record},
                                  {"webhook", tasks::HandlerKind::webhook},
                                  {"command", tasks::HandlerKind::command}}),
      number("tasks.workers", AT(tasks.processor.workers), 0, 256,
             "tasks handled at once, of different groups; 0: none"),
      number("tasks.attempts_max", AT(tasks.rules.attempts_max), 1, 100,
             "tries before a task is a dead letter"),
      number<std::chrono::milliseconds>(
          "tasks.retry_first_ms", AT(tasks.rules.backoff_base), 1, 3'600'000,
          "wait before the second try; doubles with every failure, up to 5 minutes"),
      choice<OnDead>("tasks.on_dead", AT(tasks.rules.on_dead), "what a dead task means for its group",
                     {{"skip", OnDead::skip}, {"block", OnDead::block}, {"park_group", OnDead::park_group}}),
      number("tasks.depth_max", AT(tasks.rules.depth_max), 1, 1'000'000'000,
             "tasks of a tenant that may wait"),
      number<std::chrono::days>("tasks.retention_days", AT(tasks.service.retention), 1, 36'500,
                                "tasks that ended longer ago are forgotten"),
      text("tasks.webhook_url", AT(tasks.webhook.url), "receiver of the handler webhook"),
      text("tasks.webhook_secrets_file", AT(tasks.webhook_secrets_file),
           "file of whsec_... lines that webhooks are signed with; empty: unsigned"),
      flag("tasks.webhook_allow_private", AT(tasks.webhook.target.allow_private),
           "the receiver may be on this machine or in a private network"),
      list("tasks.command", AT(tasks.command.command), "full path and arguments of the handler command"),
      number<seconds>("tasks.command_timeout_s", AT(tasks.command.timeout), 1, 3600,
                      "time a command may take"),
      text("scanner.socket", AT(scanner.socket),
           "socket of a clamd of yours; empty: a private one is started"),
      text("scanner.signatures", AT(scanner.signatures), "signature database of the private clamd"),
      number<std::chrono::days>("events.retention_days", AT(events.retention), 0, 36'500,
                                "events older than this go; 0: never"),
      text("events.details_table", AT(details.table),
           "table of DynamoDB that keeps the details of events; empty: they are kept with the rest"),
      number<std::chrono::days>("events.details_keep_days", AT(details.keep), 0, 36'500,
                                "DynamoDB removes details this long after they came; 0: never"),
  };
}

#undef AT

}  // namespace

std::optional<std::vector<std::string>> texts_of(toml::array const& array) {
  auto items = std::vector<std::string>{};
  for (auto const& item : array) {
    if (!item.is_string()) return std::nullopt;
    items.push_back(*item.value<std::string>());
  }
  return items;
}

std::vector<Field> const& fields() {
  static auto const table = [] {
    auto all = server_fields();
    for (auto* more : {identity_fields, feature_fields, object_fields})
      for (auto& field : more()) all.push_back(std::move(field));
    return all;
  }();
  return table;
}

Field const* find_field(std::string_view name) {
  for (auto const& field : fields())
    if (field.name == name) return &field;
  return nullptr;
}

}  // namespace hoist::hosts
