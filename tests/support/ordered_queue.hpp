// A queue of groups in memory whose other end is the test, with faults on demand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "ports/ordered_queue.hpp"

namespace hoist::testing {

class OrderedQueue final : public OrderedSender, public Redelivery {
 public:
  struct PutOff {
    std::vector<std::string> handles;
    std::chrono::seconds delay;
    bool operator==(PutOff const&) const = default;
  };

  Async<Queued> send(OrderedMessage message, Deadline) override {
    auto const lock = Lock{mutex_};
    if (failing_) co_return std::unexpected{*failing_};
    auto const [at, is_new] = places_.try_emplace(message.key, sent_.size());
    if (is_new) sent_.push_back(std::move(message));
    co_return Queued{"message-" + std::to_string(at->second), std::to_string(1000 + at->second)};
  }
  Async<> put_off(std::vector<std::string> handles, std::chrono::seconds delay, Deadline) override {
    auto const lock = Lock{mutex_};
    if (failing_) co_return std::unexpected{*failing_};
    put_off_.push_back({std::move(handles), delay});
    co_return Result<void>{};
  }

  void fail_with(std::optional<Error> error) {
    auto const lock = Lock{mutex_};
    failing_ = std::move(error);
  }
  [[nodiscard]] std::vector<OrderedMessage> sent() const {
    auto const lock = Lock{mutex_};
    return sent_;
  }
  [[nodiscard]] std::vector<PutOff> put_off() const {
    auto const lock = Lock{mutex_};
    return put_off_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<Error> failing_ HOIST_GUARDED_BY(mutex_);
  std::map<std::string, std::size_t> places_ HOIST_GUARDED_BY(mutex_);
  std::vector<OrderedMessage> sent_ HOIST_GUARDED_BY(mutex_);
  std::vector<PutOff> put_off_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::testing
