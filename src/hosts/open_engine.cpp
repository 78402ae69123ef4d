#include "hosts/open_engine.hpp"

#include "engines/embedded/engine.hpp"

namespace hoist::hosts {

Result<std::unique_ptr<Engine>> open_engine(Config const& config, Mode mode, Metrics& metrics,
                                            bool accept_loss) {
  auto options = embedded::Options{};
  options.data = config.server.data;
  options.region = config.objects.region;
  options.buckets = {config.uploads.bucket, config.uploads.quarantine_bucket};
  options.accept_loss = accept_loss;
  return embedded::Engine::open(std::move(options), mode, metrics);
}

}  // namespace hoist::hosts
