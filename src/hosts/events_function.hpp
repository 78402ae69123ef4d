// The events API as a Lambda function: POST /events and GET /events/{userId}, by the routes and the gate of a
// server, in process. Nothing listens.
//
// Promise  what an invocation began has ended before the next one: details that their table did not take are
// tried
//          once more after the answer, and wait in the outbox otherwise.
// Errors   everything that keeps it from starting, in words. not_implemented where the settings name an index
// that
//          this build has no engine for.
// Threads  invocations from the executor of run(); the rest has its own.
#pragma once

#include <memory>

#include "assembly/engine.hpp"
#include "events/feature.hpp"
#include "hosts/config.hpp"
#include "hosts/function.hpp"
#include "hosts/gateway_gate.hpp"
#include "hosts/host.hpp"
#include "net/router.hpp"
#include "tenants/feature.hpp"

namespace hoist::hosts {

class EventsFunction final : public Function {
 public:
  static Result<std::unique_ptr<EventsFunction>> open(Config config);
  ~EventsFunction() override;

  Async<std::string> invoke(aws::Invocation invocation) override;
  asio::awaitable<void> after_answer(Deadline deadline) override;

  [[nodiscard]] net::Router& router() { return *router_; }

 private:
  explicit EventsFunction(Config config) : config_{std::move(config)}, host_{1} {}
  Result<void> open_features();

  Config config_;
  Host host_;
  SystemClock clock_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<tenants::Feature> tenants_;
  std::unique_ptr<GatewayGate> gate_;
  std::unique_ptr<net::Router> router_;
  std::unique_ptr<events::Feature> events_;
  std::vector<Job> jobs_;
};

// Its settings, from its environment: data is kept below /tmp.
[[nodiscard]] Result<Config> events_function_config(FunctionEnvironment environment);

}  // namespace hoist::hosts
