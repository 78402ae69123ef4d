// Uploads as a host sees them.
//
//   auto intake = uploads::Intake{engine.records(), options};
//   TRY(auto stores, engine.open_objects(intake.listener()));
//   TRY(auto uploads, uploads::Feature::make(stores, intake, needs, executor, metrics));
//
// In two steps, because what arrives in the store is a record before there is a store.
#pragma once

#include <memory>

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "base/metrics.hpp"
#include "ports/caller_check.hpp"
#include "ports/presigner.hpp"
#include "ports/scanner.hpp"
#include "ports/tenant_limits.hpp"
#include "uploads/feed.hpp"
#include "uploads/follower.hpp"
#include "uploads/ledger.hpp"
#include "uploads/listener.hpp"
#include "uploads/service.hpp"
#include "uploads/stages.hpp"
#include "uploads/watchdog.hpp"

namespace hoist::uploads {

// What the store tells of: objects that arrive in it and leave it.
class Intake {
 public:
  Intake(Records const& records, Options options);
  [[nodiscard]] ObjectListener& listener() { return listener_; }
  [[nodiscard]] Stages& stages() { return stages_; }
  [[nodiscard]] Options const& options() const { return options_; }

 private:
  Options options_;
  Stages stages_;
  ObjectListener listener_;
};

struct Needs {
  TenantLimitsSource& limits;
  CallerCheck& callers;  // asked about open streams
  Presigner const& presigner;
  Scanner const& scanner;         // only asked whether files wait for it
  std::int64_t attempts_max = 3;  // at processing a file
};

class Feature final : public hoist::Feature {
 public:
  // Uploads whose last part arrived are completed on `executor`. Errors: those of the queue's declaration.
  static Result<std::unique_ptr<Feature>> make(Stores const& stores, Intake& intake, Needs const& needs,
                                               asio::any_io_executor executor, Metrics& metrics);

  void add_routes(net::Router& router) override;
  std::vector<Job> jobs() override;
  [[nodiscard]] UploadLedger& ledger() { return ledger_; }

 private:
  Feature(Stores const& stores, Intake& intake, Needs const& needs, Metrics& metrics);

  CallerCheck& callers_;
  ProcessingFollower follower_;
  Service service_;
  Ledger ledger_;
  Feed feed_;
  Watchdog watchdog_;
};

}  // namespace hoist::uploads
