#include "app/task_worker.hpp"

#include <filesystem>
#include <thread>

#include "adapters/sqlite/database.hpp"
#include "app/check_settings.hpp"
#include "app/parts.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"

namespace hoist::app {

TaskWorker::TaskWorker(std::unique_ptr<App::Parts> parts) : parts_{std::move(parts)} {}
TaskWorker::~TaskWorker() = default;

Result<std::unique_ptr<TaskWorker>> TaskWorker::open(Config config) {
  CHECK(check_settings(config));
  auto const data = config.server.data;
  if (!std::filesystem::exists(data + "/hoist.db"))
    return fail(Code::not_found, data + " holds no data of Hoist; start the server first");
  TRY(auto folder, DataFolder::open(data));
  auto parts = std::make_unique<App::Parts>(std::move(config), std::move(folder));
  auto const cores = std::max(1U, std::thread::hardware_concurrency());
  parts->runtime =
      std::make_unique<Runtime>(parts->config.server.threads > 0 ? parts->config.server.threads : cores);
  // Tables and checkpoints are the server's business.
  auto options = sqlite::Options{};
  options.path = parts->folder.path("hoist.db");
  options.readers = 1;
  options.checkpoints = false;
  TRY(parts->database, sqlite::open_database(std::move(options), parts->metrics));
  CHECK(sql::check_schema(*parts->database, "sqlite"));
  TRY(auto const last, sql_engine::last_queue_time(*parts->database));
  TRY(parts->queue_clock,
      QueueClock::open(parts->folder.path("clock"), QueueClock::Role::follows, parts->clock, last));
  parts->queue = sql_engine::make_queue(*parts->database, *parts->queue_clock, parts->metrics);
  CHECK(wire_task_processor(*parts));
  return std::unique_ptr<TaskWorker>{new TaskWorker{std::move(parts)}};
}

void TaskWorker::start() {
  parts_->runtime->start();
  parts_->task_processor->start(parts_->executors());
}

void TaskWorker::stop() {
  auto const grace = std::chrono::seconds{parts_->config.server.shutdown_grace_s};
  auto const stop_tasks = [this, grace] { return parts_->task_processor->stop(grace); };
  if (auto const finished = run_to_end<bool>(stop_tasks); finished && !*finished)
    log::warn("tasks that run are delivered again: the grace was too short");
  parts_->runtime->stop();
}

}  // namespace hoist::app
