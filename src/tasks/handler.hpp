// What a task is handed to. One handler serves one lane of the processor, one task at a time.
//
// Promise  deliveries repeat (at least once), always with the same effect key: a receiver that has an effect
//          elsewhere tells repeats apart by it.
// Threads  one: the executor of its lane.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "ports/consumer.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

struct Delivery {
  TaskId id;  // also the effect key: the same for every attempt, redrives included
  TenantId tenant;
  std::string group;
  std::int64_t sequence = 0;  // 0: the queue numbers in its own way
  std::int64_t attempt = 0;   // 1 at first; goes on counting after a redrive
  std::string body;           // message_body()
  Time accepted_at;
};

struct Outcome {
  bool done = false;
  std::string cause;            // of a failure, for people
  bool permanent = false;       // trying again cannot help
  std::optional<Micros> delay;  // until the next attempt; absent: the queue's backoff

  [[nodiscard]] QueueFailure as_failure() const {
    return {.cause = cause, .delay = delay, .permanent = permanent};
  }
  static Outcome success() { return {.done = true}; }
  static Outcome failure(std::string cause) { return {.cause = std::move(cause)}; }
  static Outcome refused(std::string cause) { return {.cause = std::move(cause), .permanent = true}; }
};

class Handler {
 public:
  virtual ~Handler() = default;
  virtual asio::awaitable<Outcome> run(Delivery delivery, Deadline deadline) = 0;
};

// One for each lane. No function: tasks are only recorded as done.
using MakeHandler = std::function<std::unique_ptr<Handler>()>;

}  // namespace hoist::tasks
