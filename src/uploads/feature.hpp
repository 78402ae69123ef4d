// Uploads as a host sees them.
//
//   auto intake = uploads::make_intake(engine.records(), options);
//   TRY(auto stores, engine.open_objects(intake->arrivals(), intake->recovery()));
//   TRY(auto uploads, uploads::Feature::make(stores, *intake, needs, metrics));
//
// In two steps, because what arrives in the store is a record before there is a store.
#pragma once

#include <memory>

#include "assembly/feature.hpp"
#include "assembly/stores.hpp"
#include "base/metrics.hpp"
#include "ports/caller_check.hpp"
#include "uploads/follower.hpp"
#include "uploads/services.hpp"

namespace hoist::uploads {

[[nodiscard]] std::unique_ptr<Intake> make_intake(Records const& records, Options options);

struct Needs {
  TenantLimitsSource& limits;
  CallerCheck& callers;  // asked about open streams
  Presigner const& presigner;
  Scanner const& scanner;         // only asked whether files wait for it
  std::int64_t attempts_max = 3;  // at processing a file
};

class Feature final : public hoist::Feature {
 public:
  // Errors: those of the queue's declaration.
  static Result<std::unique_ptr<Feature>> make(Stores const& stores, Intake& intake, Needs const& needs,
                                               Metrics& metrics);

  void add_routes(net::Router& router) override;
  std::vector<Job> jobs() override;
  // From now on uploads whose last part arrived are completed by themselves.
  void start(std::vector<asio::any_io_executor> const& executors) override;
  Async<bool> stop(std::chrono::milliseconds grace) override;
  [[nodiscard]] UploadLedger& ledger() { return services_.ledger; }
  // For the notifications of a store that does not report by itself.
  [[nodiscard]] ObjectNews& store_news() { return services_.store_news; }

 private:
  Feature(Ports const& ports, Intake& intake, CallerCheck& callers)
      : callers_{callers},
        options_{intake.options()},
        journal_{intake.journal()},
        follower_{intake.options()},
        services_{ports, intake} {}

  CallerCheck& callers_;
  Options const& options_;
  SharingJournal& journal_;
  ProcessingFollower follower_;
  Services services_;
};

}  // namespace hoist::uploads
