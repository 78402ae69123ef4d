#include "bin/admin.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>

#include "base/try.hpp"
#include "bin/dead_letters.hpp"
#include "bin/doctor.hpp"
#include "engines/postgres/engine.hpp"
#include "hosts/admin.hpp"
#include "model/names.hpp"
#include "tenants/key_ring.hpp"
#include "tenants/operator.hpp"
#include "tenants/tenant_table.hpp"

namespace hoist::bin {
namespace {

struct TokenFlags {
  std::string data = "hoist-data";
  std::string tenant = "main";
  std::string user;
  std::string role = "member";
  std::string ttl = "12h";
  std::string revoke;
};

// "90s", "15m", "12h" or "30d".
Result<std::chrono::seconds> parse_duration(std::string_view text) {
  auto number = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  auto const unit = std::string_view{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  auto const factor = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : unit == "d" ? 86'400 : 0;
  constexpr auto year = std::int64_t{366} * 86'400;
  if (error != std::errc{} || factor == 0 || number < 1 || number > year / factor)
    return fail(Code::invalid, "--ttl must be a number and s, m, h or d, at most a year; for example 12h");
  return std::chrono::seconds{number * factor};
}

constexpr auto patience = std::chrono::seconds{10};

// The operator of the data in a folder.
struct AdminCommands {
  std::unique_ptr<hosts::Admin> admin;
  Records records = admin->records();
  tenants::TenantTable table;
  tenants::Operator work{{records.database, table, records.audit, records.clock}};

  explicit AdminCommands(std::unique_ptr<hosts::Admin> open) : admin{std::move(open)} {}
};

Result<void> revoke_token(TokenFlags const& flags, tenants::KeyRing const& keys) {
  TRY(auto admin, hosts::Admin::open(flags.data));
  auto commands = AdminCommands{std::move(admin)};
  TRY(auto const caller, keys.verify(flags.revoke, commands.records.clock.now()));
  auto body =
      std::function<Async<>()>{[&] { return commands.work.revoke_token(caller, deadline_in(patience)); }};
  CHECK(run_to_end<void>(body));
  fmt::print("Revoked; a running server refuses it within a second.\n");
  return {};
}

Result<void> mint_token(TokenFlags const& flags, tenants::KeyRing const& keys) {
  if (!is_tenant_name(flags.tenant)) return fail(Code::invalid, "--tenant must be 1-63 of a-z, 0-9 and -");
  if (!is_user_name(flags.user))
    return fail(Code::invalid, "--user must have 1-128 visible characters and not begin with ticket:");
  auto request = tenants::TokenRequest{
      TenantId{flags.tenant}, UserId{flags.user}, parse_role(flags.role).value_or(Role::viewer), {}};
  TRY(request.lifetime, parse_duration(flags.ttl));
  TRY(auto admin, hosts::Admin::open(flags.data));
  auto commands = AdminCommands{std::move(admin)};
  auto body = std::function<Async<std::string>()>{
      [&] { return commands.work.mint_token(keys, request, deadline_in(patience)); }};
  auto const minted = run_to_end<std::string>(body);
  if (!minted && minted.error().code() == Code::not_found)
    return fail(Code::not_found,
                fmt::format("There is no tenant {}; make it with: hoist tenant add {} --data {}",
                            flags.tenant, flags.tenant, flags.data));
  if (!minted) return std::unexpected{minted.error()};
  fmt::print("{}\n", *minted);
  return {};
}

Result<void> token(TokenFlags const& flags) {
  // Looked at first: open() would make the folder.
  TRY(auto const settings, hosts::Admin::settings(flags.data));
  auto const kept = settings.database.url.empty() ? "/hoist.db" : "/keys";
  if (!std::filesystem::exists(flags.data + kept))
    return fail(Code::not_found, flags.data + " holds no data of Hoist; start the server first");
  TRY(auto const folder, DataFolder::open(flags.data));
  TRY(auto const keys, tenants::KeyRing::load_or_create(folder.path("keys/tokens"), SystemClock{}.now()));
  return flags.revoke.empty() ? mint_token(flags, keys) : revoke_token(flags, keys);
}

struct TenantFlags {
  std::string data = "hoist-data";
  std::string id;
  std::string name;
  std::optional<std::int64_t> storage_bytes_max;
  std::string unscannable;
  std::string language;

  [[nodiscard]] std::optional<bool> allow_unscannable() const {
    return unscannable.empty() || unscannable == "default" ? std::nullopt
                                                           : std::optional{unscannable == "allow"};
  }
};

Result<void> add_tenant(TenantFlags const& flags) {
  TRY(auto admin, hosts::Admin::open(flags.data));
  auto commands = AdminCommands{std::move(admin)};
  auto wanted = tenants::NewTenant{TenantId{flags.id},        flags.name.empty() ? flags.id : flags.name,
                                   flags.storage_bytes_max,   std::nullopt,
                                   flags.allow_unscannable(), parse_language(flags.language)};
  auto body = std::function<Async<tenants::Tenant>()>{
      [&] { return commands.work.create(wanted, deadline_in(patience)); }};
  TRY(auto const made, run_to_end<tenants::Tenant>(body));
  fmt::print(
      "Tenant {} can be used. A token for it: hoist token --tenant {} "
      "--user NAME --role admin\n",
      made.id.str(), made.id.str());
  return {};
}

struct TypesFlags {
  std::string data = "hoist-data";
  std::string id;
  std::vector<std::string> allow;
  std::vector<std::string> deny;
};

// A list that is not named is the configuration's; "none" is an empty one.
std::optional<std::vector<std::string>> type_list(std::vector<std::string> const& named) {
  if (named.empty()) return std::nullopt;
  return named == std::vector<std::string>{"none"} ? std::vector<std::string>{} : named;
}

Result<void> set_types(TypesFlags const& flags) {
  TRY(auto admin, hosts::Admin::open(flags.data));
  auto commands = AdminCommands{std::move(admin)};
  auto const lists = tenants::TypeLists{type_list(flags.allow), type_list(flags.deny)};
  auto body = std::function<Async<tenants::Tenant>()>{
      [&] { return commands.work.set_types(TenantId{flags.id}, lists, deadline_in(patience)); }};
  CHECK(run_to_end<tenants::Tenant>(body));
  fmt::print("A running server keeps to it at once.\n");
  return {};
}

struct MigrateFlags {
  std::string data = "hoist-data";
  std::string config_file;
  bool dry_run = false;
};

Result<void> migrate(MigrateFlags const& flags) {
  auto sources = hosts::ConfigSources{.file = flags.config_file, .environment = hosts::hoist_environment()};
  TRY(auto const config, hosts::load_config(sources));
  auto metrics = Metrics{};
  if (flags.dry_run) {
    if (config.database.url.empty()) return fail(Code::invalid, "--dry-run needs database.url");
    TRY(auto const waiting, postgres::plan_migrations(config.database));
    for (auto const& migration : waiting) fmt::print("would run {}\n", migration);
    return {};
  }
  auto const count = config.database.url.empty() ? embedded::migrate(flags.data, metrics)
                                                 : postgres::migrate(config.database, metrics);
  if (!count) return std::unexpected{count.error()};
  fmt::print("{} migration(s) ran\n", *count);
  return {};
}

// What is named; "default" gives a setting back to the configuration.
Async<> change(AdminCommands& commands, TenantFlags const& flags) {
  auto const id = TenantId{flags.id};
  if (flags.unscannable.empty() && flags.language.empty())
    co_return fail(Code::invalid, "Name what to change: --unscannable or --language.");
  if (!flags.unscannable.empty())
    CO_CHECK(co_await commands.work.allow_unscannable(id, flags.allow_unscannable(), deadline_in(patience)));
  if (!flags.language.empty())
    CO_CHECK(co_await commands.work.set_language(id, parse_language(flags.language), deadline_in(patience)));
  co_return Result<void>{};
}

Result<void> set_tenant(TenantFlags const& flags) {
  TRY(auto admin, hosts::Admin::open(flags.data));
  auto commands = AdminCommands{std::move(admin)};
  auto body = std::function<Async<>()>{[&] { return change(commands, flags); }};
  CHECK(run_to_end<void>(body));
  fmt::print("Tenant {} is changed; a running server keeps to it within seconds.\n", flags.id);
  return {};
}

int report(Result<void> const& outcome) {
  if (outcome) return 0;
  fmt::print(stderr, "hoist: {}\n", outcome.error().to_string());
  return info(outcome.error().code()).cli_exit;
}

void add_token_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("token", "Mint an access token (printed alone, for TOKEN=$(hoist token ...))");
  auto flags = std::make_shared<TokenFlags>();
  command->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  command->add_option("--tenant", flags->tenant, "Tenant (default main)");
  command->add_option("--user", flags->user, "Who it speaks for, 1-128 characters");
  command->add_option("--role", flags->role, "viewer reads, member uploads, admin manages (default member)")
      ->check(CLI::IsMember({"viewer", "member", "admin"}));
  command->add_option("--ttl", flags->ttl, "Lifetime, such as 15m, 12h or 30d (default 12h)");
  command->add_option("--revoke", flags->revoke, "Revoke this token instead of minting one");
  command->callback([flags, &exit_code] { exit_code = report(token(*flags)); });
}

void add_types_command(CLI::App& tenant, int& exit_code) {
  auto* types = tenant.add_subcommand("types",
                                      "Set which types of files a tenant takes; "
                                      "a list not named is the configuration's");
  auto flags = std::make_shared<TypesFlags>();
  types->add_option("id", flags->id, "The tenant")->required();
  types->add_option("--allow", flags->allow, "Only these, such as image/*,.dwg; none: no list")
      ->delimiter(',');
  types->add_option("--deny", flags->deny, "None of these, such as .exe,video/*; none: no list")
      ->delimiter(',');
  types->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  types->callback([flags, &exit_code] { exit_code = report(set_types(*flags)); });
}

void add_migrate_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("migrate",
                                     "Bring the tables up to this version: of a data folder with the server "
                                     "stopped, or of the database of HOIST_DATABASE_URL, as its owner "
                                     "(HOIST_DATABASE_OWNER_URL)");
  auto flags = std::make_shared<MigrateFlags>();
  command->add_option("--data", flags->data, "The data folder (default hoist-data)");
  command->add_option("--config", flags->config_file, "TOML file with a [database] section")
      ->check(CLI::ExistingFile);
  command->add_flag("--dry-run", flags->dry_run, "Only say what would run; of a PostgreSQL database");
  command->callback([flags, &exit_code] { exit_code = report(migrate(*flags)); });
}

void add_tenant_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("tenant", "Manage tenants");
  command->require_subcommand(1);
  auto* add = command->add_subcommand("add", "Create a tenant; a running server knows it at once");
  auto flags = std::make_shared<TenantFlags>();
  add->add_option("id", flags->id, "1-63 of a-z, 0-9 and -")->required();
  add->add_option("--name", flags->name, "For people (default: the id)");
  add->add_option("--storage-bytes", flags->storage_bytes_max,
                  "Limit of its own (default: the installation's)");
  auto* set = command->add_subcommand("set", "Change a tenant; a running server knows it at once");
  set->add_option("id", flags->id, "The tenant")->required();
  for (auto* each : {add, set}) {
    auto* rule = each->add_option("--unscannable", flags->unscannable,
                                  "Files that the virus scanner cannot look into (encrypted): refuse, allow, "
                                  "or default, which is as the server is configured");
    rule->check(CLI::IsMember({"refuse", "allow", "default"}));
    auto* language = each->add_option("--language", flags->language,
                                      "Of answers to requests that name none: en, es, pt, or default, which "
                                      "is as the server is configured");
    language->check(CLI::IsMember({"en", "es", "pt", "default"}));
    each->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  }
  add->callback([flags, &exit_code] { exit_code = report(add_tenant(*flags)); });
  set->callback([flags, &exit_code] { exit_code = report(set_tenant(*flags)); });
  add_types_command(*command, exit_code);
}

}  // namespace

void add_admin_commands(CLI::App& app, int& exit_code) {
  add_token_command(app, exit_code);
  add_tenant_command(app, exit_code);
  add_migrate_command(app, exit_code);
  add_dead_letters_command(app, exit_code);
  add_doctor_command(app, exit_code);
}

}  // namespace hoist::bin
