#include "bin/serve.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <unistd.h>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"
#include "hosts/server.hpp"

namespace hoist::bin {
namespace {

struct ServeFlags {
  std::string config_file;
  std::string engine;
  std::string role;
  std::string data;
  std::string listen;
  std::string objects_listen;
  std::vector<std::string> settings;
  bool print_config = false;
  bool config_reference = false;
  bool accept_loss = false;
};

// How the lines of this process are written; also where nothing can be asked or allocated any more.
std::atomic<bool> as_json{false};

// Going on without memory could acknowledge what was not done.
[[noreturn]] void out_of_memory() {
  constexpr auto text =
      std::string_view{"hoist: unavailable: no memory is left; look at the limits of memory\n"};
  constexpr auto line = std::string_view{"{\"level\":\"error\",\"message\":\"no memory is left\"}\n"};
  auto const said = as_json ? line : text;
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, said.data(), said.size());
  ::_exit(info(Code::unavailable).cli_exit);
}

// As far as that can be told before the settings are read: what is wrong with them is told so too.
bool asks_for_json(ServeFlags const& flags) {
  auto const* found = std::getenv("HOIST_LOG_FORMAT");
  return (found != nullptr && std::string_view{found} == "json") ||
         std::ranges::find(flags.settings, "log.format=json") != flags.settings.end();
}

Result<hosts::Config> read_config(ServeFlags const& flags) {
  auto sources = hosts::ConfigSources{};
  sources.file = flags.config_file;
  sources.environment = hosts::hoist_environment();
  auto const add = [&](std::string_view name, std::string const& value) {
    if (!value.empty()) sources.settings.push_back(std::string{name} + "=" + value);
  };
  sources.settings = flags.settings;
  add("server.engine", flags.engine);
  add("server.role", flags.role);
  add("server.data", flags.data);
  add("server.listen", flags.listen);
  add("server.objects_listen", flags.objects_listen);
  return hosts::load_config(sources);
}

// For machines: a line like those of the log, with no secret in it.
void print_as_json(std::FILE* to, std::string_view level, std::string_view message, json::object fields) {
  auto line = json::object{{"time", to_rfc3339(SystemClock{}.now())}, {"level", level}, {"message", message}};
  for (auto const& [name, value] : fields) line[name] = value;
  std::fprintf(to, "%s\n", json::serialize(line).c_str());
  std::fflush(to);
}

// The signals that ask us to stop wait for the one thread that takes them: every thread started later
// inherits the mask.
void block_stop_signals(sigset_t& set) {
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void greet(hosts::Server& server, std::string const& data, hosts::ProcessRole role) {
  std::printf("ready api=%s objects=%s\n", server.api_url().c_str(), server.objects_url().c_str());
  if (role == hosts::ProcessRole::worker) return void(std::fflush(stdout));
  if (server.first_start() || isatty(STDOUT_FILENO) != 0) {
    std::printf("console %s    (opens once, within 15 minutes)\n", server.sign_in_url().c_str());
    auto const elsewhere = data == "hoist-data" ? std::string{} : " --data " + data;
    std::printf("try     %s put PHOTO.jpg --project demo%s    (from another terminal, in this folder)\n",
                program_invocation_name, elsewhere.c_str());
  }
  std::fflush(stdout);
}

Result<void> serve(ServeFlags const& flags) {
  TRY(auto const config, read_config(flags));
  as_json = config.log.format == log::Format::json;
  if (flags.print_config) {
    std::fputs(hosts::print_config(config).c_str(), stdout);
    return {};
  }
  log::configure(config.log.level, config.log.format);
  auto stop_signals = sigset_t{};
  block_stop_signals(stop_signals);
  TRY(auto const server, hosts::Server::open(config, flags.accept_loss));
  CHECK(server->start());
  if (as_json)
    print_as_json(stdout, "info", "ready", {{"api", server->api_url()}, {"objects", server->objects_url()}});
  else
    greet(*server, config.server.data, config.server.role);
  auto received = 0;
  sigwait(&stop_signals, &received);
  log::info("stopping", {{"signal", received == SIGINT ? "SIGINT" : "SIGTERM"}});
  server->stop();
  log::info("stopped");
  return {};
}

// Out of threads or memory, the system says so by throwing from wherever it is noticed.
Result<void> serve_or_say_why(ServeFlags const& flags) {
  try {
    return serve(flags);
  } catch (std::exception const& thrown) {
    return fail(Error{Code::unavailable,
                      "the system does not give what a server needs; look at its limits of "
                      "memory, threads and open files"}
                    .with_cause(thrown.what()));
  }
}

int run(ServeFlags const& flags) {
  if (flags.config_reference) {
    std::fputs(hosts::config_reference().c_str(), stdout);
    return 0;
  }
  as_json = asks_for_json(flags);
  when_out_of_memory(out_of_memory);
  auto const served = serve_or_say_why(flags);
  if (served) return 0;
  auto const why = served.error().to_string();
  if (as_json)
    print_as_json(stderr, "error", "hoist ends", {{"cause", why}});
  else
    std::fprintf(stderr, "hoist: %s\n", why.c_str());
  return info(served.error().code()).cli_exit;
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("serve", "Run the API, the object endpoint, the workers and the scanner");
  auto flags = std::make_shared<ServeFlags>();
  command->add_option("--data", flags->data, "Folder of everything (default hoist-data; created if absent)");
  command->add_option("--engine", flags->engine,
                      "embedded (default), postgres, or memory, which keeps nothing: for trying things");
  command->add_option(
      "--role", flags->role,
      "all (default), api or worker: what this process does of an installation on PostgreSQL");
  command->add_option("--listen", flags->listen, "ADDRESS:PORT of the API (default 127.0.0.1:8080)");
  command->add_option("--objects-listen", flags->objects_listen,
                      "ADDRESS:PORT of the object endpoint (default 127.0.0.1:9000)");
  command->add_option("--config", flags->config_file, "TOML file; see docs/configuration.md")
      ->check(CLI::ExistingFile);
  command->add_option("--set", flags->settings, "NAME=VALUE of any setting; may be repeated");
  command->add_flag("--accept-loss", flags->accept_loss,
                    "Start although the databases are missing, damaged or older than the data folder");
  command->add_flag("--print-config", flags->print_config, "Show the settings in force and exit");
  command->add_flag("--config-reference", flags->config_reference, "Show every setting as a table and exit");
  command->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace hoist::bin
