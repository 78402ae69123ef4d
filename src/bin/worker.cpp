#include "bin/worker.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>

#include "base/log.hpp"
#include "base/try.hpp"
#include "hosts/worker.hpp"

namespace hoist::bin {
namespace {

struct Flags {
  std::string config_file;
  std::string data;
  std::vector<std::string> settings;
};

Result<void> work(Flags const& flags) {
  auto sources = hosts::ConfigSources{};
  sources.file = flags.config_file;
  sources.environment = hosts::hoist_environment();
  sources.settings = flags.settings;
  if (!flags.data.empty()) sources.settings.push_back("server.data=" + flags.data);
  TRY(auto config, hosts::load_config(sources));
  log::configure(config.log.level, config.log.format);
  // Every thread started later inherits the mask.
  auto stop_signals = sigset_t{};
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  TRY(auto const worker, hosts::Worker::open(std::move(config)));
  worker->start();
  std::printf("working\n");
  std::fflush(stdout);
  auto received = 0;
  sigwait(&stop_signals, &received);
  worker->stop();
  return {};
}

}  // namespace

void add_worker_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand(
      "worker", "Work on tasks in a process of its own, beside a server of the same data folder");
  auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  command->add_option("--config", flags->config_file, "TOML file; the [tasks] of the server")
      ->check(CLI::ExistingFile);
  command->add_option("--set", flags->settings, "NAME=VALUE of any setting; may be repeated");
  command->footer("Start the server with --set tasks.workers=0 when it is to leave the tasks to workers.");
  command->callback([flags, &exit_code] {
    auto const worked = work(*flags);
    if (!worked) std::fprintf(stderr, "hoist: %s\n", worked.error().to_string().c_str());
    exit_code = worked ? 0 : info(worked.error().code()).cli_exit;
  });
}

}  // namespace hoist::bin
