#include "aws/client/call_record.hpp"

namespace hoist::aws {

void CallRecord::add(Called call) {
  auto const labels = Labels{{"service", std::string{call.service}}, {"action", std::string{call.action}}};
  auto with_outcome = labels;
  with_outcome.emplace("outcome", call.outcome);
  metrics_.counter("hoist_aws_calls_total", "Calls to AWS, by outcome", with_outcome).add();
  if (call.attempts > 1)
    metrics_.counter("hoist_aws_retries_total", "Attempts of calls to AWS after the first", labels)
        .add(call.attempts - 1);
  metrics_
      .histogram("hoist_aws_call_seconds", "Time of calls to AWS with all their attempts",
                 Metrics::seconds_bounds(), labels)
      .observe(std::chrono::duration<double>(call.took).count());
  auto const lock = Lock{mutex_};
  if (grants_.size() >= entries_max) return;
  grants_.insert({std::string{call.service} + ":" + std::string{call.right}, std::string{call.resource}});
}

std::set<Grant> CallRecord::grants() const {
  auto const lock = Lock{mutex_};
  return grants_;
}

}  // namespace hoist::aws
