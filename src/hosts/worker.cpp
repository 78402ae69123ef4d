#include "hosts/worker.hpp"

#include "base/try.hpp"
#include "hosts/check_settings.hpp"
#include "hosts/local_access.hpp"
#include "hosts/open_engine.hpp"
#include "tasks/feature.hpp"

namespace hoist::hosts {

Worker::Worker(Config config) : config_{std::move(config)}, host_{config_.server.threads} {}

Result<std::unique_ptr<Worker>> Worker::open(Config config) {
  CHECK(check_settings(config));
  auto worker = std::unique_ptr<Worker>{new Worker{std::move(config)}};
  TRY(worker->engine_, open_engine(worker->config_, Mode::beside, worker->host_.metrics()));
  // Where the server listens now, and where it will by these settings.
  auto ports = ports_in_use(worker->engine_->path(cli_file));
  ports.merge(configured_ports(worker->config_));
  TRY(worker->tasks_, tasks::Feature::make(worker->engine_->records(), worker->config_.tasks,
                                           std::move(ports), worker->host_.metrics()));
  worker->host_.add(*worker->tasks_);
  return worker;
}

}  // namespace hoist::hosts
