#include "aws/function/queue_event.hpp"

#include <charconv>

#include "base/json_members.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

std::unexpected<Error> no_queue() {
  return fail(Code::invalid, "This function takes messages of a FIFO queue, and the event is none.");
}

Result<QueueRecord> read_record(json::object const& record) {
  if (text_of(record, "eventSource") != "aws:sqs") return no_queue();
  auto const& attributes = object_of(record, "attributes");
  auto read = QueueRecord{.id = text_of(record, "messageId"),
                          .handle = text_of(record, "receiptHandle"),
                          .group = text_of(attributes, "MessageGroupId"),
                          .sequence = text_of(attributes, "SequenceNumber"),
                          .body = text_of(record, "body")};
  auto const receives = text_of(attributes, "ApproximateReceiveCount");
  std::from_chars(receives.data(), receives.data() + receives.size(), read.receives);
  // Without a group there is no order, and without an id nothing could be given back.
  if (read.id.empty() || read.handle.empty() || read.group.empty() || read.receives < 1) return no_queue();
  return read;
}

}  // namespace

Result<std::vector<QueueRecord>> read_queue_event(json::object const& event) {
  auto const& records = array_of(event, "Records");
  if (records.empty() || event.contains("requestContext") || event.contains("httpMethod")) return no_queue();
  auto read = std::vector<QueueRecord>{};
  for (auto const& record : records) {
    if (!record.is_object()) return no_queue();
    TRY(auto one, read_record(record.get_object()));
    read.push_back(std::move(one));
  }
  return read;
}

std::string write_batch_answer(std::vector<std::string> const& again) {
  auto failures = json::array{};
  for (auto const& id : again) failures.push_back(json::object{{"itemIdentifier", id}});
  return json::serialize(json::object{{"batchItemFailures", std::move(failures)}});
}

}  // namespace hoist::aws
