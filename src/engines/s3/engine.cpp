#include "engines/s3/engine.hpp"

#include "base/try.hpp"
#include "engines/object_rows.hpp"

namespace hoist::s3 {
namespace {

constexpr auto start_time_max = std::chrono::seconds{30};
constexpr auto renew_interval = std::chrono::minutes{1};

Deadline soon() {
  return deadline_in(start_time_max);
}

}  // namespace

Result<std::unique_ptr<Engine>> EngineWithObjects::open(std::unique_ptr<Engine> rest, Options options,
                                                        std::vector<std::string> buckets,
                                                        aws::Environment environment, Metrics& metrics) {
  auto engine = std::unique_ptr<EngineWithObjects>{new EngineWithObjects{
      std::move(rest), std::move(options), std::move(buckets), std::move(environment), metrics}};
  auto const& chosen = engine->options_;
  auto const& seen_by_clients = chosen.public_endpoint.empty() ? chosen.endpoint : chosen.public_endpoint;
  TRY(auto address, Address::parse(seen_by_clients, chosen.path_style));
  engine->origin_ = address.origin(engine->buckets_.front());
  engine->presigner_ = std::make_unique<Presigner>(std::move(address), chosen.region);
  TRY(engine->objects_, Objects::open(chosen, engine->account_));
  return engine;
}

Records EngineWithObjects::records() {
  auto all = rest().records();
  all.journal = nullptr;  // of objects on our own disk
  return all;
}

// The rows of an installation that kept its objects itself name bytes that are in no bucket.
Result<void> EngineWithObjects::refuse_objects_elsewhere() {
  TRY(auto const has_objects, has_object_rows(rest().records().database, soon()));
  if (!has_objects) return {};
  return fail(
      Code::conflict,
      "objects.endpoint: this installation keeps files of its own, which are not in the bucket; leave "
      "the setting out, or begin with other data");
}

Result<Stores> EngineWithObjects::open_objects(Arrivals&, ObjectNotes&) {
  CHECK(refuse_objects_elsewhere());
  CHECK(run_to_end<void>([&] { return presigner_->renew(account_, soon()); }));
  for (auto const& bucket : buckets_)
    CHECK(run_to_end<void>([&] { return objects_->check_bucket(bucket, soon()); }));
  return Stores{records(), *objects_, *objects_, nullptr, DirectObjects{*presigner_, origin_}};
}

std::vector<Job> EngineWithObjects::jobs() {
  auto all = rest().jobs();
  auto renew = [this]() -> Async<bool> {
    CO_CHECK(co_await presigner_->renew(account_, soon()));
    co_return false;
  };
  all.push_back({"s3 credentials", renew_interval, renew});
  return all;
}

}  // namespace hoist::s3
