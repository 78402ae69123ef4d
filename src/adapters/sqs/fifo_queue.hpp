// One FIFO queue of SQS.
//
// Promise  a message is on several machines of SQS when send() answers. Of a group, SQS hands out what comes
//          before the first message that somebody holds, in order. A repeat of a key within five minutes of
//          the first is answered as that was, also when that has been deleted since.
// Danger   SQS forgets keys after five minutes, so a repeat after that is a message of its own. A message
//          that was received too often goes to the queue's dead letters, and its group goes on without it.
//          Every receive counts, whatever came of it.
// Batches  succeed and fail entry by entry. Sending is one message at a time for that reason: an entry that
//          failed, sent again, would stand behind its successors.
// Limits   body_bytes_max; batch_max; names of name_length_max; a body is text that XML 1.0 could carry.
// Needs    sqs:SendMessage, ReceiveMessage, DeleteMessage, ChangeMessageVisibility, GetQueueAttributes, each
//          for the function of its name.
// Threads  any.   Lifetime  the account outlives it.
// Source   Amazon SQS API Reference, 2012-11-05, by the AWS JSON 1.0 protocol; Developer Guide, "FIFO
// queues".
#pragma once

#include <cstdint>
#include <memory>

#include "aws/client/json_caller.hpp"
#include "ports/ordered_queue.hpp"

namespace hoist::sqs {

inline constexpr std::size_t body_bytes_max = 1 << 20;
inline constexpr std::size_t batch_max = 10;
inline constexpr std::size_t name_length_max = 128;  // of a group or a key
inline constexpr auto wait_max = std::chrono::seconds{20};
inline constexpr auto hidden_max = std::chrono::hours{12};

struct Delivered {
  std::string id;
  std::string handle;  // of this delivery
  std::string group;
  std::string key;
  std::string sequence;
  std::string body;
  std::int64_t receives = 0;  // this one included
  Time sent_at;
};

struct ReceiveOptions {
  std::size_t max = batch_max;
  std::chrono::seconds wait{0};     // for the first message
  std::chrono::seconds hidden{30};  // from others, unless it is removed or put off
};

struct QueueCounts {
  std::int64_t waiting = 0;
  std::int64_t held = 0;  // received, and neither removed nor visible again; what waits behind is not counted
};

class FifoQueue final : public OrderedSender, public Redelivery {
 public:
  // `url` is the queue's address, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME.fifo.
  // Errors: invalid for an address that is none of a FIFO queue, and those of JsonCaller.
  static Result<std::unique_ptr<FifoQueue>> open(std::string url, aws::Account& account,
                                                 aws::CallOptions calls = {});

  Async<Queued> send(OrderedMessage message, Deadline deadline) override;
  Async<> put_off(std::vector<std::string> handles, std::chrono::seconds delay, Deadline deadline) override;

  // Waits for a message no longer than told; none: the queue, or what may be delivered of it, was empty.
  Async<std::vector<Delivered>> receive(ReceiveOptions options, Deadline deadline);
  // One outcome for each handle. gone: its delivery is over, and the message may be somebody else's.
  Async<std::vector<Result<void>>> remove(std::vector<std::string> handles, Deadline deadline);
  Async<QueueCounts> counts(Deadline deadline);

 private:
  FifoQueue(std::string url, std::unique_ptr<aws::JsonCaller> caller,
            std::unique_ptr<aws::JsonCaller> long_caller);
  Async<json::object> call(std::string action, json::object input, Deadline deadline);
  Async<std::vector<Result<void>>> call_batch(std::string action, json::array entries, Deadline deadline);

  std::string url_;
  std::string name_;  // what policies call it
  std::unique_ptr<aws::JsonCaller> caller_;
  std::unique_ptr<aws::JsonCaller> long_caller_;  // waits for messages
};

}  // namespace hoist::sqs
