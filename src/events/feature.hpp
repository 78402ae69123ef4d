// The event log as a host sees it.
#pragma once

#include <memory>

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "base/ed25519.hpp"
#include "base/metrics.hpp"
#include "events/marks.hpp"
#include "events/routes.hpp"
#include "events/settings.hpp"

namespace hoist::events {

// In the engine's secrets.
inline constexpr auto key_secret = "keys/event_log.pem";
inline constexpr auto marks_secret = "keys/event_marks.json";

class Feature final : public hoist::Feature {
 public:
  // Makes the key that signs checkpoints where there is none. Blocks. Errors: those of the secrets and of
  // the database.
  static Result<std::unique_ptr<Feature>> make(Records const& records, Settings const& settings,
                                               Metrics& metrics);

  void add_routes(net::Router& router) override;
  std::vector<Job> jobs() override;
  Async<bool> stop(std::chrono::milliseconds grace) override;

 private:
  Feature(Records const& records, Settings const& settings, Metrics& metrics, Ed25519Key key,
          std::unique_ptr<Marks> marks);

  Cursors cursors_;
  Ed25519Key key_;
  std::unique_ptr<Marks> marks_;
  Service service_;
  Checkpoints checkpoints_;
  Retention retention_;
  Exports exports_;
  RouteNeeds for_routes_;
};

}  // namespace hoist::events
