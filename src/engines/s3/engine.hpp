// Another engine with its objects in S3 instead: rows, queues and events stay where they are. Clients send
// and fetch bytes there by URLs that S3 itself takes; no byte of theirs passes through us but for processing.
//
// Journal  there is none, nor are notes kept beside the objects: rows that are lost are not made again from a
//          bucket.
// Errors   invalid for an endpoint that is none; unauthenticated without credentials; those of a bucket that
//          is not there or not ours; conflict where the other engine holds objects already.
#pragma once

#include <memory>
#include <vector>

#include "adapters/s3/objects.hpp"
#include "adapters/s3/presigner.hpp"
#include "assembly/engine_over.hpp"
#include "aws/client/account.hpp"

namespace hoist::s3 {

class EngineWithObjects final : public EngineOver {
 public:
  static Result<std::unique_ptr<Engine>> open(std::unique_ptr<Engine> rest, Options options,
                                              std::vector<std::string> buckets, aws::Environment environment,
                                              Metrics& metrics);

  Records records() override;
  // Looks into the buckets: a server that could store nothing does not start.
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override;
  std::vector<Job> jobs() override;
  [[nodiscard]] std::optional<StorageSpace> space() const override { return std::nullopt; }

 private:
  EngineWithObjects(std::unique_ptr<Engine> rest, Options options, std::vector<std::string> buckets,
                    aws::Environment environment, Metrics& metrics)
      : EngineOver{std::move(rest)},
        options_{std::move(options)},
        buckets_{std::move(buckets)},
        account_{std::move(environment), clock_, metrics} {}
  Result<void> refuse_objects_elsewhere();

  Options options_;
  std::vector<std::string> buckets_;
  SystemClock clock_;
  aws::Account account_;
  std::string origin_;
  std::unique_ptr<Objects> objects_;
  std::unique_ptr<Presigner> presigner_;
};

}  // namespace hoist::s3
