#include "hosts/config.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <toml++/toml.h>

#include <charconv>
#include <utility>

#include "hosts/config_fields.hpp"
#include "model/file_types.hpp"
#include "net/url.hpp"

extern char** environ;

namespace hoist::hosts {
namespace {

std::string environment_name(std::string_view field) {
  auto name = std::string{"HOIST_"};
  for (auto const c : field) name += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return name;
}

class Loader {
 public:
  void set(std::string_view name, std::string_view value, std::string const& source) {
    auto const* field = find_field(name);
    if (field == nullptr) return refuse(name, "is not a setting (" + source + ")");
    if (name == "server.engine") engine_named_ = true;
    if (!field->set(config_, value))
      refuse(name, fmt::format("must be {}, not \"{}\" ({})", field->range, value, source));
  }

  void set_list(std::string_view name, toml::array const& array, std::string const& source) {
    auto const* field = find_field(name);
    if (field == nullptr) return refuse(name, "is not a setting (" + source + ")");
    auto items = texts_of(array);
    if (!field->set_list || !items || !field->set_list(config_, *std::move(items)))
      refuse(name, fmt::format("must be {} ({})", field->range, source));
  }

  void read_file(std::string const& path) {
    auto parsed = toml::table{};
    try {
      parsed = toml::parse_file(path);
    } catch (toml::parse_error const& error) {
      return refuse(path, fmt::format("is not valid TOML: {} (line {})", error.description(),
                                      error.source().begin.line));
    }
    for (auto const& [section, node] : parsed) {
      auto const* table = node.as_table();
      if (table == nullptr) {
        refuse(section.str(), "must be inside a [section] (" + path + ")");
        continue;
      }
      for (auto const& [key, value] : *table) {
        auto const name = fmt::format("{}.{}", section.str(), key.str());
        if (auto const* array = value.as_array())
          set_list(name, *array, path);
        else
          set(name, as_text(value), path);
      }
    }
  }

  Result<Config> finish() {
    check_relations();
    if (!errors_.empty()) return invalid_config();
    if (auto* chosen = std::get_if<memory::Settings>(&config_.engine)) *chosen = config_.memory;
    return config_;
  }

 private:
  static std::string as_text(toml::node const& node) {
    if (auto const value = node.value<std::string>(); node.is_string()) return *value;
    if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
    if (node.is_integer()) return fmt::format("{}", *node.value<std::int64_t>());
    return "(not text, a number or a list)";
  }

  // As browsers send it in Origin: nothing else is ever equal to one.
  static bool is_origin(std::string const& text) {
    auto const url = net::parse_url(text);
    return url && text == (url->tls ? "https://" : "http://") + url->authority;
  }

  // As the address of a peer is written: another spelling would never be equal to one.
  static bool is_address(std::string const& text) {
    auto error = boost::system::error_code{};
    auto const address = boost::asio::ip::make_address(text, error);
    return !error && address.to_string() == text;
  }

  void check_listener(std::string_view name, std::string const& listened) {
    auto const endpoint = parse_endpoint(listened);
    auto error = boost::system::error_code{};
    if (endpoint) boost::asio::ip::make_address(endpoint->address, error);
    if (error) refuse(name, fmt::format("must begin with an IP address, not \"{}\"", listened));
  }

  void check_addresses() {
    auto const& server = config_.server;
    check_listener("server.listen", server.listen);
    check_listener("server.objects_listen", server.objects_listen);
    constexpr auto origin = "must be http:// or https:// with a host, without a path, not \"{}\"";
    if (!server.public_url.empty() && !is_origin(server.public_url))
      refuse("server.public_url", fmt::format(origin, server.public_url));
    if (!server.objects_url.empty() && !is_origin(server.objects_url))
      refuse("server.objects_url", fmt::format(origin, server.objects_url));
    for (auto const& item : server.cors_origins)
      if (item != "*" && !is_origin(item)) refuse("server.cors_origins", fmt::format(origin, item));
    for (auto const& item : server.trusted_proxies)
      if (!is_address(item))
        refuse("server.trusted_proxies", fmt::format("must be IP addresses, not \"{}\"", item));
  }

  void check_types(std::string_view name, std::vector<std::string>& entries) {
    for (auto& entry : entries)
      if (auto const type = read_file_type(entry))
        entry = *type;
      else
        refuse(name, fmt::format("must have entries like image/jpeg, image/* "
                                 "or .dwg, not \"{}\"",
                                 entry));
  }

  void check_engine() {
    auto& engine = config_.engine;
    auto const named = std::holds_alternative<postgres::Settings>(engine);
    if (named && config_.database.url.empty()) refuse("database.url", "is needed by the engine postgres");
    auto const by_url = std::holds_alternative<embedded::Settings>(engine) && !config_.database.url.empty();
    if (by_url && engine_named_)
      refuse("server.engine", "embedded and database.url contradict each other; leave one of them out");
    if (named || by_url) engine = config_.database;
    if (config_.server.role != ProcessRole::all && !std::holds_alternative<postgres::Settings>(engine))
      refuse("server.role", "other than all needs the engine postgres, which several processes share");
  }

  void check_objects() {
    auto const& s3 = config_.s3;
    for (auto const& [name, url] : {std::pair{"objects.endpoint", &s3.endpoint},
                                    std::pair{"objects.public_endpoint", &s3.public_endpoint}})
      if (!url->empty() && !is_origin(*url))
        refuse(name,
               fmt::format("must be http:// or https:// with a host, without a path, not \"{}\"", *url));
    if (!s3.endpoint.empty()) {
      if (config_.objects.md5_of_uploads)
        refuse("objects.md5_of_uploads", "is for objects that Hoist keeps itself, without objects.endpoint");
      return;
    }
    if (!s3.public_endpoint.empty()) refuse("objects.public_endpoint", "needs objects.endpoint");
    if (s3.path_style) refuse("objects.path_style", "needs objects.endpoint");
    if (!config_.objects.events_token.empty()) refuse("objects.events_token", "needs objects.endpoint");
  }

  void check_relations() {
    check_addresses();
    for (auto& error : tenants::check_issuer(config_.tenants.issuer)) errors_.push_back(std::move(error));
    check_types("uploads.types_allowed", config_.tenants.types_allowed);
    check_types("uploads.types_denied", config_.tenants.types_denied);
    if (config_.server.tls_certificate_file.empty() != config_.server.tls_key_file.empty())
      refuse("server.tls_key_file", "and server.tls_certificate_file go together");
    if (config_.uploads.bucket == config_.uploads.quarantine_bucket)
      refuse("objects.quarantine_bucket", "must differ from objects.bucket");
    if (config_.tasks.handler == tasks::HandlerKind::webhook && config_.tasks.webhook.url.empty())
      refuse("tasks.webhook_url", "is needed by the handler webhook");
    if (config_.tasks.handler == tasks::HandlerKind::command && config_.tasks.command.command.empty())
      refuse("tasks.command", "is needed by the handler command");
    if (config_.server.data.empty()) refuse("server.data", "must not be empty");
    check_objects();
    check_engine();
  }

  void refuse(std::string_view name, std::string reason) {
    errors_.push_back(FieldError{std::string{name}, std::move(reason)});
  }

  std::unexpected<Error> invalid_config() {
    auto detail = std::string{"The configuration has errors:"};
    for (auto const& error : errors_) detail += fmt::format("\n  {} {}", error.field, error.reason);
    return fail(Error{Code::invalid, std::move(detail)}.with_fields(std::move(errors_)));
  }

  Config config_;
  std::vector<FieldError> errors_;
  bool engine_named_ = false;
};

}  // namespace

Result<Config> load_config(ConfigSources const& sources) {
  auto loader = Loader{};
  if (!sources.file.empty()) loader.read_file(sources.file);
  for (auto const& field : fields()) {
    auto const name = environment_name(field.name);
    if (auto const found = sources.environment.find(name); found != sources.environment.end())
      loader.set(field.name, found->second, name);
  }
  for (auto const& setting : sources.settings) {
    auto const equals = setting.find('=');
    auto const value =
        equals == setting.npos ? std::string_view{} : std::string_view{setting}.substr(equals + 1);
    loader.set(std::string_view{setting}.substr(0, equals), value, "flag");
  }
  return loader.finish();
}

std::string print_config(Config const& config) {
  auto out = std::string{};
  auto section = std::string{};
  for (auto const& field : fields()) {
    auto const dot = field.name.find('.');
    if (field.name.substr(0, dot) != section) {
      section = field.name.substr(0, dot);
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    out += fmt::format("{} = {}\n", field.name.substr(dot + 1), field.show(config));
  }
  return out;
}

std::string config_reference() {
  auto out = std::string{"| Setting | Default | Range | Meaning |\n|---|---|---|---|\n"};
  for (auto const& field : fields())
    out += fmt::format("| `{}` | `{}` | {} | {} |\n", field.name, field.show(Config{}), field.range,
                       field.meaning);
  return out;
}

std::map<std::string, std::string> hoist_environment() {
  auto found = std::map<std::string, std::string>{};
  for (auto** entry = environ; *entry != nullptr; ++entry) {
    auto const text = std::string_view{*entry};
    auto const equals = text.find('=');
    if (text.starts_with("HOIST_") && equals != text.npos)
      found.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  auto const colon = text.rfind(':');
  auto port = std::uint16_t{0};
  if (colon == text.npos || colon == 0) return fail(Code::invalid, "not ADDRESS:PORT");
  auto const digits = text.substr(colon + 1);
  auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return fail(Code::invalid, "not ADDRESS:PORT");
  auto address = text.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  return Endpoint{std::string{address}, port};
}

}  // namespace hoist::hosts
