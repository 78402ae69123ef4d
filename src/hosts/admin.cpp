#include "hosts/admin.hpp"

#include "base/try.hpp"
#include "engines/postgres/engine.hpp"
#include "hosts/open_engine.hpp"

namespace hoist::hosts {

Result<Config> Admin::settings(std::string const& data) {
  auto sources = ConfigSources{};
  for (auto const& [name, value] : hoist_environment())
    if (name.starts_with("HOIST_DATABASE_")) sources.environment.emplace(name, value);
  sources.settings = {"server.data=" + data};
  return load_config(sources);
}

Result<std::unique_ptr<Admin>> Admin::open(std::string const& data, Mode mode) {
  auto admin = std::unique_ptr<Admin>{new Admin{}};
  TRY(auto const config, settings(data));
  TRY(admin->engine_, open_engine(config, mode, admin->metrics_));
  auto const environment = hoist_environment();
  if (!environment.contains("HOIST_EVENTS_DETAILS_TABLE")) return admin;
  TRY(auto const all, load_config({.environment = environment}));
  TRY(admin->details_,
      dynamodb::DetailsTable::open(all.details, aws::process_environment(), admin->metrics_));
  return admin;
}

Result<embedded::Engine*> Admin::embedded() {
  if (auto* const engine = dynamic_cast<embedded::Engine*>(engine_.get())) return engine;
  return fail(Code::conflict, "the rows are in PostgreSQL, whose own tools look after them");
}

Result<disk::Objects*> Admin::files() {
  if (auto* const engine = dynamic_cast<postgres::Engine*>(engine_.get())) return engine->files();
  TRY(auto* const engine, embedded());
  return engine->files();
}

}  // namespace hoist::hosts
