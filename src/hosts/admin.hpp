// The data of one installation, for a command that looks at it or mends it: beside running servers, or alone.
// It is in a folder, and its rows in PostgreSQL where HOIST_DATABASE_URL says so.
//
// Details of events are looked for where HOIST_EVENTS_DETAILS_TABLE says.
//
// Errors   those of the engine, and of the configuration.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "engines/dynamodb/engine.hpp"
#include "engines/embedded/engine.hpp"
#include "hosts/config.hpp"

namespace hoist::hosts {

class Admin {
 public:
  static Result<std::unique_ptr<Admin>> open(std::string const& data, Mode mode = Mode::beside);
  // The settings of the database alone, from the environment.
  [[nodiscard]] static Result<Config> settings(std::string const& data);

  [[nodiscard]] Engine& engine() { return *engine_; }
  // What only the embedded engine can do. Errors: conflict.
  [[nodiscard]] Result<embedded::Engine*> embedded();
  // The files of objects, of either engine.
  [[nodiscard]] Result<disk::Objects*> files();
  [[nodiscard]] Records records() {
    return details_ ? details_->beside(engine_->records()) : engine_->records();
  }
  [[nodiscard]] Metrics& metrics() { return metrics_; }

 private:
  Admin() = default;
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<dynamodb::DetailsTable> details_;  // null: they are with the rest
};

}  // namespace hoist::hosts
