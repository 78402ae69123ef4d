// Tasks as a host sees them: with their routes in a server, without them in a worker.
#pragma once

#include <cstdint>
#include <memory>
#include <set>

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "base/metrics.hpp"
#include "tasks/follower.hpp"
#include "tasks/settings.hpp"

namespace hoist::tasks {

// The rules of the task queue, the same in every process that touches it.
[[nodiscard]] QueuePolicy task_rules(Settings const& settings);

// The handler webhook as the settings want it. Errors: what is wrong with them.
[[nodiscard]] Result<MakeHandler> make_webhook_of(Settings const& settings, Clock const& clock);

class Feature final : public hoist::Feature {
 public:
  // Webhooks never go to `own_ports` of this machine. Errors: what is wrong with the handler's settings.
  static Result<std::unique_ptr<Feature>> make(Records const& records, Settings settings,
                                               std::set<std::uint16_t> own_ports, Metrics& metrics);

  void add_routes(net::Router& router) override;
  std::vector<Job> jobs() override;
  void start(std::vector<asio::any_io_executor> const& executors) override;
  Async<bool> stop(std::chrono::milliseconds grace) override;

 private:
  Feature(Records const& records, Options options, Metrics& metrics);
  Result<MakeHandler> make_handler(Records const& records, Settings const& settings);

  Clock const& clock_;
  TaskFollower follower_;
  GroupEnds ends_;
  bool serves_ = false;  // tasks are accepted here, so their ends are signed here
  Service service_;
  std::unique_ptr<CommandThreads> commands_;
  std::unique_ptr<Processor> processor_;
};

}  // namespace hoist::tasks
