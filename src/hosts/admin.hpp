// The data of one folder, for a command that looks at it or mends it: beside a running server, or alone.
//
// Errors   those of embedded::Engine.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "base/try.hpp"
#include "engines/embedded/engine.hpp"

namespace hoist::hosts {

class Admin {
 public:
  static Result<std::unique_ptr<Admin>> open(std::string const& data, Mode mode = Mode::beside) {
    auto admin = std::unique_ptr<Admin>{new Admin{}};
    auto options = EngineOptions{};
    options.data = data;
    TRY(admin->engine_, embedded::Engine::open(std::move(options), mode, admin->metrics_));
    return admin;
  }

  [[nodiscard]] embedded::Engine& engine() { return *engine_; }
  [[nodiscard]] Records records() { return engine_->records(); }
  [[nodiscard]] Metrics& metrics() { return metrics_; }

 private:
  Admin() = default;
  Metrics metrics_;
  std::unique_ptr<embedded::Engine> engine_;
};

}  // namespace hoist::hosts
