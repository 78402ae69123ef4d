#include "hosts/open_engine.hpp"

#include "base/try.hpp"
#include "engines/dynamodb/engine.hpp"
#include "engines/embedded/engine.hpp"
#include "engines/memory/engine.hpp"
#include "engines/postgres/engine.hpp"
#include "engines/s3/engine.hpp"

namespace hoist::hosts {
namespace {

using Opened = Result<std::unique_ptr<Engine>>;

template <class... Arms>
struct ByAlternative : Arms... {
  using Arms::operator()...;
};

}  // namespace

Opened open_engine(Config const& config, Mode mode, Metrics& metrics, bool accept_loss) {
  auto options = EngineOptions{};
  options.data = config.server.data;
  options.region = config.s3.region;
  options.buckets = {config.uploads.bucket, config.uploads.quarantine_bucket};
  options.accept_loss = accept_loss;
  auto const arms = ByAlternative{
      [&](embedded::Settings const&) -> Opened { return embedded::Engine::open(options, mode, metrics); },
      [&](memory::Settings const& settings) -> Opened {
        return memory::Engine::open(options, settings, mode, metrics);
      },
      [&](postgres::Settings const& settings) -> Opened {
        return postgres::Engine::open(options, settings, mode, metrics);
      }};
  TRY(auto engine, std::visit(arms, config.engine));
  if (!config.s3.endpoint.empty()) {
    TRY(engine, s3::EngineWithObjects::open(std::move(engine), config.s3, options.buckets,
                                            aws::process_environment(), metrics));
  }
  if (config.details.table.empty()) return engine;
  return dynamodb::EngineWithDetails::open(std::move(engine), config.details, aws::process_environment(),
                                           metrics);
}

}  // namespace hoist::hosts
