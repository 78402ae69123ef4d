#include "adapters/sqs/fifo_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "aws/client/service_error.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/json_members.hpp"
#include "base/try.hpp"
#include "net/url.hpp"

namespace hoist::sqs {
namespace {

constexpr auto suffix = std::string_view{".fifo"};
constexpr std::size_t queue_name_length_max = 80;
constexpr int status_sender = 400;
constexpr int status_service = 500;

aws::JsonService service() {
  return {.name = "sqs", .target = "AmazonSQS", .batches_by_single_right = true};
}

// The name at the end of a queue's address, or nothing where it is none of a FIFO queue.
std::optional<std::string> name_of(std::string const& url) {
  if (!net::parse_url(url)) return std::nullopt;
  auto name = url.substr(url.rfind('/') + 1);
  auto const allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.ends_with(suffix) || name.size() == suffix.size() || name.size() > queue_name_length_max)
    return std::nullopt;
  if (!std::ranges::all_of(name.substr(0, name.size() - suffix.size()), allowed)) return std::nullopt;
  return name;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= name_length_max &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

// What XML 1.0 could carry: SQS refuses a body with anything else.
bool is_carried(std::string_view text) {
  auto const refused = [](char c) {
    return static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r';
  };
  return is_utf8(text) && std::ranges::none_of(text, refused) && !text.contains("\xEF\xBF\xBE") &&
         !text.contains("\xEF\xBF\xBF");
}

Result<void> check(OrderedMessage const& message) {
  if (!is_name(message.group) || !is_name(message.key))
    return fail(Code::invalid,
                fmt::format("A {} of SQS must be 1 to {} printable characters of ASCII without a space.",
                            is_name(message.group) ? "deduplication id" : "group", name_length_max));
  if (message.body.empty() || message.body.size() > body_bytes_max)
    return fail(Code::too_large, fmt::format("A message of SQS is 1 to {} bytes, and this one is {}.",
                                             body_bytes_max, message.body.size()));
  if (!is_carried(message.body))
    return fail(Code::invalid, "A message of SQS cannot hold the control characters that this one has.");
  return {};
}

std::int64_t whole_number(std::string const& text) {
  auto value = std::int64_t{0};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The text at `name`, moved out: bodies are large.
std::string take_text(json::object& from, std::string_view name) {
  auto* found = from.if_contains(name);
  return found != nullptr && found->is_string() ? std::string{found->get_string()} : std::string{};
}

Delivered delivered(json::object& message) {
  auto const& attributes = object_of(message, "Attributes");
  constexpr std::int64_t us_a_ms = 1'000;
  return {.id = text_of(message, "MessageId"),
          .handle = text_of(message, "ReceiptHandle"),
          .group = text_of(attributes, "MessageGroupId"),
          .key = text_of(attributes, "MessageDeduplicationId"),
          .sequence = text_of(attributes, "SequenceNumber"),
          .body = take_text(message, "Body"),
          .receives = whole_number(text_of(attributes, "ApproximateReceiveCount")),
          .sent_at = from_us(whole_number(text_of(attributes, "SentTimestamp")) * us_a_ms)};
}

Result<void> outcome_of_failed(std::string_view action, json::object const& entry) {
  auto const* fault = entry.if_contains("SenderFault");
  auto const sender = fault != nullptr && fault->is_bool() && fault->get_bool();
  auto const said = aws::ServiceError{.name = aws::bare_error_name(text_of(entry, "Code")),
                                      .message = text_of(entry, "Message"),
                                      .status = sender ? status_sender : status_service};
  auto error = said.to_error(fmt::format("sqs:{}", action));
  // A handle whose time is over is an invalid parameter to SQS; nothing else of these entries is ours to
  // choose.
  if (error.code() == Code::invalid)
    error = Error{Code::gone, "The delivery of the message is over."}.with_cause(error.to_string());
  return std::unexpected{std::move(error)};
}

// A batch names its entries; these are their places.
std::optional<std::size_t> place_of(json::object const& entry, std::size_t count) {
  auto const id = text_of(entry, "Id");
  auto place = std::size_t{0};
  auto const [end, error] = std::from_chars(id.data(), id.data() + id.size(), place);
  if (error != std::errc{} || end != id.data() + id.size() || place >= count) return std::nullopt;
  return place;
}

}  // namespace

FifoQueue::FifoQueue(std::string url, std::unique_ptr<aws::JsonCaller> caller,
                     std::unique_ptr<aws::JsonCaller> long_caller)
    : url_{std::move(url)},
      name_{*name_of(url_)},
      caller_{std::move(caller)},
      long_caller_{std::move(long_caller)} {}

Result<std::unique_ptr<FifoQueue>> FifoQueue::open(std::string url, aws::Account& account,
                                                   aws::CallOptions calls) {
  if (!name_of(url))
    return fail(Code::invalid, fmt::format("\"{}\" is no address of a FIFO queue of SQS, which ends in "
                                           "/ACCOUNT/NAME.fifo.",
                                           url));
  auto patient = calls;
  patient.attempt_timeout += wait_max;
  TRY(auto caller, aws::JsonCaller::open(service(), account, std::move(calls)));
  TRY(auto long_caller, aws::JsonCaller::open(service(), account, std::move(patient)));
  return std::unique_ptr<FifoQueue>{new FifoQueue{std::move(url), std::move(caller), std::move(long_caller)}};
}

Async<json::object> FifoQueue::call(std::string action, json::object input, Deadline deadline) {
  input["QueueUrl"] = url_;
  co_return co_await caller_->call(std::move(action), std::move(input), name_, deadline);
}

Async<Queued> FifoQueue::send(OrderedMessage message, Deadline deadline) {
  CO_CHECK(check(message));
  auto input = json::object{{"MessageBody", std::move(message.body)},
                            {"MessageGroupId", std::move(message.group)},
                            {"MessageDeduplicationId", std::move(message.key)}};
  CO_TRY(auto const answer, co_await call("SendMessage", std::move(input), deadline));
  auto queued = Queued{text_of(answer, "MessageId"), text_of(answer, "SequenceNumber")};
  if (queued.id.empty()) co_return fail(Code::unavailable, "The queue did not say that it has the message.");
  co_return queued;
}

Async<std::vector<Delivered>> FifoQueue::receive(ReceiveOptions options, Deadline deadline) {
  auto input =
      json::object{{"QueueUrl", url_},
                   {"MaxNumberOfMessages", std::min(options.max, batch_max)},
                   {"WaitTimeSeconds", std::min(options.wait, wait_max).count()},
                   {"VisibilityTimeout", options.hidden.count()},
                   // An attempt whose answer was lost is repeated under this id, and gets the same messages.
                   {"ReceiveRequestAttemptId", new_uuid7(SystemClock{}.now())},
                   {"MessageSystemAttributeNames",
                    {"ApproximateReceiveCount", "MessageDeduplicationId", "MessageGroupId", "SentTimestamp",
                     "SequenceNumber"}}};
  CO_TRY(auto answer, co_await long_caller_->call("ReceiveMessage", std::move(input), name_, deadline));
  auto messages = std::vector<Delivered>{};
  if (auto* found = answer.if_contains("Messages"); found != nullptr && found->is_array())
    for (auto& message : found->get_array())
      if (message.is_object()) messages.push_back(delivered(message.get_object()));
  co_return messages;
}

// One outcome for each entry, in their order: what the answer does not mention did not happen.
Async<std::vector<Result<void>>> FifoQueue::call_batch(std::string action, json::array entries,
                                                       Deadline deadline) {
  auto const count = entries.size();
  auto outcomes = std::vector<Result<void>>{};
  for (auto i = std::size_t{0}; i < count; ++i) {
    entries[i].as_object()["Id"] = std::to_string(i);
    outcomes.emplace_back(fail(Code::unavailable, "The queue did not say what became of the message."));
  }
  CO_TRY(auto const answer, co_await call(action, {{"Entries", std::move(entries)}}, deadline));
  for (auto const& entry : array_of(answer, "Successful"))
    if (auto const* object = entry.if_object())
      if (auto const place = place_of(*object, count)) outcomes[*place] = {};
  for (auto const& entry : array_of(answer, "Failed"))
    if (auto const* object = entry.if_object())
      if (auto const place = place_of(*object, count)) outcomes[*place] = outcome_of_failed(action, *object);
  co_return outcomes;
}

Async<std::vector<Result<void>>> FifoQueue::remove(std::vector<std::string> handles, Deadline deadline) {
  auto outcomes = std::vector<Result<void>>{};
  for (auto from = std::size_t{0}; from < handles.size(); from += batch_max) {
    auto entries = json::array{};
    for (auto i = from; i < std::min(from + batch_max, handles.size()); ++i)
      entries.push_back(json::object{{"ReceiptHandle", handles[i]}});
    CO_TRY(auto some, co_await call_batch("DeleteMessageBatch", std::move(entries), deadline));
    std::ranges::move(some, std::back_inserter(outcomes));
  }
  co_return outcomes;
}

Async<> FifoQueue::put_off(std::vector<std::string> handles, std::chrono::seconds delay, Deadline deadline) {
  auto const hidden = std::clamp<std::chrono::seconds>(delay, std::chrono::seconds{0}, hidden_max);
  auto first_error = Result<void>{};
  for (auto from = std::size_t{0}; from < handles.size(); from += batch_max) {
    auto entries = json::array{};
    for (auto i = from; i < std::min(from + batch_max, handles.size()); ++i)
      entries.push_back(json::object{{"ReceiptHandle", handles[i]}, {"VisibilityTimeout", hidden.count()}});
    CO_TRY(auto const some,
           co_await call_batch("ChangeMessageVisibilityBatch", std::move(entries), deadline));
    for (auto const& outcome : some)
      if (!outcome && first_error) first_error = outcome;
  }
  co_return first_error;
}

Async<QueueCounts> FifoQueue::counts(Deadline deadline) {
  auto input = json::object{
      {"AttributeNames", {"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}}};
  CO_TRY(auto const answer, co_await call("GetQueueAttributes", std::move(input), deadline));
  auto const& attributes = object_of(answer, "Attributes");
  co_return QueueCounts{whole_number(text_of(attributes, "ApproximateNumberOfMessages")),
                        whole_number(text_of(attributes, "ApproximateNumberOfMessagesNotVisible"))};
}

}  // namespace hoist::sqs
