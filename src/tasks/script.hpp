// A handler that does what a test says.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "tasks/handler.hpp"

namespace hoist::tasks {

// Notes what it is given and answers what the test says.
class Script {
 public:
  using Answer = std::function<Outcome(Delivery const&)>;
  explicit Script(Answer answer = [](Delivery const&) { return Outcome::success(); })
      : answer_{std::move(answer)} {}

  MakeHandler handlers() {
    return [this] { return std::make_unique<One>(*this); };
  }
  [[nodiscard]] std::vector<Delivery> deliveries() {
    auto const lock = Lock{mutex_};
    return deliveries_;
  }
  [[nodiscard]] std::vector<std::int64_t> sequences() {
    auto all = std::vector<std::int64_t>{};
    for (auto const& delivery : deliveries()) all.push_back(delivery.sequence);
    return all;
  }

 private:
  class One final : public Handler {
   public:
    explicit One(Script& script) : script_{script} {}
    asio::awaitable<Outcome> run(Delivery delivery, Deadline) override {
      auto const lock = Lock{script_.mutex_};
      script_.deliveries_.push_back(delivery);
      co_return script_.answer_(delivery);
    }

   private:
    Script& script_;
  };

  Mutex mutex_;
  Answer answer_;
  std::vector<Delivery> deliveries_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::tasks
