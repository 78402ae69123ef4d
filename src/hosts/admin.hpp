// The data of one folder, for a command that looks at it or mends it: beside a running server, or alone.
//
// Details of events are looked for where HOIST_EVENTS_DETAILS_TABLE says.
//
// Errors   those of embedded::Engine, and of the configuration where that is set.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "base/try.hpp"
#include "engines/dynamodb/engine.hpp"
#include "engines/embedded/engine.hpp"
#include "hosts/config.hpp"

namespace hoist::hosts {

class Admin {
 public:
  static Result<std::unique_ptr<Admin>> open(std::string const& data, Mode mode = Mode::beside) {
    auto admin = std::unique_ptr<Admin>{new Admin{}};
    auto options = EngineOptions{};
    options.data = data;
    TRY(admin->engine_, embedded::Engine::open(std::move(options), mode, admin->metrics_));
    auto const environment = hoist_environment();
    if (!environment.contains("HOIST_EVENTS_DETAILS_TABLE")) return admin;
    TRY(auto config, load_config({.environment = environment}));
    TRY(admin->details_,
        dynamodb::DetailsTable::open(config.details, aws::process_environment(), admin->metrics_));
    return admin;
  }

  [[nodiscard]] embedded::Engine& engine() { return *engine_; }
  [[nodiscard]] Records records() {
    return details_ ? details_->beside(engine_->records()) : engine_->records();
  }
  [[nodiscard]] Metrics& metrics() { return metrics_; }

 private:
  Admin() = default;
  Metrics metrics_;
  std::unique_ptr<embedded::Engine> engine_;
  std::unique_ptr<dynamodb::DetailsTable> details_;  // null: they are with the rest
};

}  // namespace hoist::hosts
