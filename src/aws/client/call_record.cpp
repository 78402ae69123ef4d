#include "aws/client/call_record.hpp"

namespace hoist::aws {

void CallRecord::add(std::string_view service, std::string_view action, std::string_view resource,
                     std::string_view outcome, int attempts, std::chrono::steady_clock::duration took) {
  auto const labels = Labels{{"service", std::string{service}}, {"action", std::string{action}}};
  auto with_outcome = labels;
  with_outcome.emplace("outcome", outcome);
  metrics_.counter("hoist_aws_calls_total", "Calls to AWS, by outcome", with_outcome).add();
  if (attempts > 1)
    metrics_.counter("hoist_aws_retries_total", "Attempts of calls to AWS after the first", labels)
        .add(attempts - 1);
  metrics_
      .histogram("hoist_aws_call_seconds", "Time of calls to AWS with all their attempts",
                 Metrics::seconds_bounds(), labels)
      .observe(std::chrono::duration<double>(took).count());
  auto const lock = Lock{mutex_};
  if (grants_.size() >= entries_max) return;
  grants_.insert({std::string{service} + ":" + std::string{action}, std::string{resource}});
}

std::set<Grant> CallRecord::grants() const {
  auto const lock = Lock{mutex_};
  return grants_;
}

}  // namespace hoist::aws
