// Messages of a FIFO queue in the shape in which Lambda hands them to a function.
// Source   as aws/function/queue_event.hpp; written by hand after the sample of the AWS documentation.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace hoist::testing {

struct HandedToFunction {
  std::string id;
  std::string group = "default";
  std::string body;
  int receives = 1;
  std::string sequence = "18850082374461439488";
};

inline json::object queue_event(std::vector<HandedToFunction> const& messages) {
  auto records = json::array{};
  for (auto const& message : messages)
    records.push_back(json::object{{"messageId", message.id},
                                   {"receiptHandle", "handle of " + message.id},
                                   {"body", message.body},
                                   {"attributes",
                                    {{"ApproximateReceiveCount", std::to_string(message.receives)},
                                     {"SentTimestamp", "1763700000123"},
                                     {"SequenceNumber", message.sequence},
                                     {"MessageGroupId", message.group},
                                     {"MessageDeduplicationId", "key of " + message.id}}},
                                   {"messageAttributes", json::object{}},
                                   {"md5OfBody", "00000000000000000000000000000000"},
                                   {"eventSource", "aws:sqs"},
                                   {"eventSourceARN", "arn:aws:sqs:eu-west-1:123456789012:hoist-tasks.fifo"},
                                   {"awsRegion", "eu-west-1"}});
  return {{"Records", std::move(records)}};
}

}  // namespace hoist::testing
