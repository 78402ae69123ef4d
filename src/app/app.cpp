#include "app/app.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "app/check_settings.hpp"
#include "app/parts.hpp"
#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::app {
namespace {

constexpr auto sweep_interval = std::chrono::seconds{2};
constexpr auto scanner_look_interval = std::chrono::seconds{1};
constexpr auto scanner_patience = std::chrono::seconds{5};  // a busy machine is not a frozen scanner
constexpr auto maintenance_interval = std::chrono::minutes{1};
constexpr auto renewal_interval = std::chrono::hours{1};
constexpr auto cli_token_age_max = std::chrono::hours{24};
constexpr auto memory_interval = std::chrono::seconds{10};

json::object health(App::Parts const& parts) {
  auto const away = parts.scanner->away();
  auto scanner = json::object{{"private", parts.clamd != nullptr}, {"answering", !away}};
  if (away) scanner["away"] = *away;
  if (parts.clamd) scanner["test_signatures_only"] = parts.clamd->test_signatures_only();
  return {{"status", "ok"},
          {"version", HOIST_VERSION},
          {"durability", "fsync"},
          {"ready", parts.operations.ready.load()},
          {"scanner", std::move(scanner)}};
}

// What the command line on this machine needs to find and enter this server.
Result<void> write_cli_file(App::Parts const& parts) {
  auto const text = json::serialize(
      json::object{{"api", parts.api_url}, {"objects", parts.objects_url}, {"token", parts.cli_token}});
  return write_secret_file(parts.folder.path("cli.json"), text + "\n");
}

}  // namespace

void add_periodic_jobs(App::Parts& parts) {
  auto const deadline = [] { return deadline_in(std::chrono::seconds{60}); };
  parts.periodic = std::make_unique<Periodic>(parts.runtime->next_executor());
  parts.periodic->add("watchdog", sweep_interval, [&parts, deadline]() -> Async<bool> {
    CO_CHECK(co_await parts.watchdog->sweep(deadline()));
    co_return false;
  });
  auto waiting = parts.metrics.gauge("hoist_pool_waiting", "Jobs waiting for a thread of the pool",
                                     {{"pool", parts.files->options().name}});
  auto bodies = parts.metrics.gauge("hoist_http_body_bytes", "Memory held by the bodies of requests");
  parts.periodic->add("gauges", sweep_interval, [&parts, waiting, bodies]() mutable -> Async<bool> {
    waiting.set(static_cast<double>(parts.files->waiting()));
    bodies.set(static_cast<double>(parts.bodies->held()));
    parts.storage->look();
    co_return false;
  });
  // Allocators keep what a burst needed, each thread its own.
  parts.periodic->add("memory", memory_interval, [&parts]() -> Async<bool> {
    for (std::size_t i = 0; i < parts.runtime->threads(); ++i)
      asio::post(parts.runtime->context(i), [] { release_free_memory(); });
    co_return false;
  });
  parts.periodic->add("scanner", scanner_look_interval, [&parts]() -> Async<bool> {
    CO_CHECK(co_await parts.scanner->look(deadline_in(scanner_patience)));
    co_return false;
  });
  parts.periodic->add("queue", maintenance_interval, [&parts, deadline]() -> Async<bool> {
    CO_CHECK(co_await parts.queue->maintain(deadline()));
    auto purge = [now = parts.clock.now()](sql::Transaction& tx) {
      return sql_engine::purge_idempotency(tx, now);
    };
    CO_CHECK(co_await parts.database->write(system_scope(), purge, deadline()));
    co_return false;
  });
  parts.periodic->add("witness", maintenance_interval, [&parts, deadline]() -> Async<bool> {
    CO_CHECK(co_await parts.witness->note(*parts.files, deadline()));
    co_return false;
  });
  parts.periodic->add("tasks", maintenance_interval, [&parts, deadline]() -> Async<bool> {
    CO_CHECK(co_await parts.tasks->maintain(deadline()));
    co_return false;
  });
  // So that a command that starts now has days before its token ends.
  parts.periodic->add("cli token", renewal_interval, [&parts, deadline]() -> Async<bool> {
    auto const age = parts.clock.now() - parts.cli_token_made_at;
    if (age > Micros{0} && age < cli_token_age_max) co_return false;
    CO_CHECK(co_await make_cli_token(parts, deadline()));
    CO_CHECK(write_cli_file(parts));
    co_return false;
  });
  parts.periodic->add("objects", maintenance_interval, [&parts]() -> Async<bool> {
    CO_CHECK(co_await parts.objects->sweep(parts.clock.now()));
    co_return false;
  });
  events::add_background(*parts.periodic, *parts.events, *parts.checkpoints, *parts.retention);
}

App::App(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
App::~App() = default;

Result<std::unique_ptr<App>> App::open(Config config, bool accept_loss) {
  CHECK(check_settings(config));
  TRY(auto folder, DataFolder::open(config.server.data));
  auto parts = std::make_unique<Parts>(std::move(config), std::move(folder));
  parts->accept_loss = accept_loss;
  CHECK(wire_storage(*parts));
  CHECK(wire_http(*parts));
  CHECK(wire_features(*parts));
  CHECK(wire_events(*parts));
  CHECK(wire_witness(*parts));
  CHECK(wire_tasks(*parts));
  CHECK(wire_processing(*parts));
  parts->operations.health = [raw = parts.get()] { return health(*raw); };
  parts->operations.objects_origin = parts->objects_url;
  parts->operations.metrics_open = parts->config.server.metrics_open;
  add_ops_routes(*parts->router, parts->operations, parts->metrics);
  return std::unique_ptr<App>{new App{std::move(parts)}};
}

Result<void> App::start() {
  auto& parts = *parts_;
  CHECK(write_cli_file(parts));
  parts.runtime->start();
  parts.worker->start(parts.executors());
  parts.task_processor->start(parts.executors());
  add_periodic_jobs(parts);
  if (parts.check_pages_later)
    spawn(parts.runtime->next_executor(), [&parts]() -> asio::awaitable<void> {
      if (auto const looked = co_await check_pages_behind(parts); !looked)
        log::warn("hoist.db could not be checked", {{"cause", looked.error().to_string()}});
    });
  spawn(parts.runtime->next_executor(), [&parts]() -> asio::awaitable<void> {
    if (parts.accept_loss) co_return;  // what the database no longer knows may be wanted
    auto const orphans = co_await parts.objects->set_orphans_aside(parts.clock.now());
    if (orphans && orphans->set_aside > 0)
      log::info("files of unfinished uploads were moved to lost+found",
                {{"files", std::to_string(orphans->set_aside)}});
    if (orphans && orphans->left > 0)
      log::error(
          "the database does not know many of the stored files, so they were left alone; "
          "see hoist doctor --recover",
          {{"files", std::to_string(orphans->left)}});
  });
  parts.objects_server->start();
  parts.api_server->start();
  parts.operations.ready = true;
  return {};
}

void App::stop() {
  auto& parts = *parts_;
  auto const grace = std::chrono::seconds{parts.config.server.shutdown_grace_s};
  parts.operations.ready = false;
  parts.api_server->stop(grace);
  parts.objects_server->stop(grace);
  auto const stop_worker = [&parts, grace] { return parts.worker->stop(grace); };
  if (auto const finished = run_to_end<bool>(stop_worker); finished && !*finished)
    log::warn("files in work go back to the queue: the grace was too short");
  auto const stop_tasks = [&parts, grace] { return parts.task_processor->stop(grace); };
  if (auto const finished = run_to_end<bool>(stop_tasks); finished && !*finished)
    log::warn("tasks that run are delivered again: the grace was too short");
  parts.periodic->stop();
  parts.runtime->stop();
}

std::string App::api_url() const {
  return parts_->api_url;
}
std::string App::objects_url() const {
  return parts_->objects_url;
}
std::string App::sign_in_url() {
  auto caller = Caller{};
  caller.tenant = parts_->first_tenant;
  caller.user = UserId{"console"};
  caller.role = Role::admin;
  auto const ticket = parts_->tickets->issue(std::move(caller), tenants::Tickets::Purpose::sign_in);
  return ticket ? fmt::format("{}/#sign-in={}", parts_->api_url, ticket->text) : parts_->api_url;
}
bool App::first_start() const {
  return parts_->folder.created();
}

}  // namespace hoist::app
