// Effects in memory, with faults on demand.
#pragma once

#include <map>
#include <optional>

#include "base/mutex.hpp"
#include "ports/effects.hpp"

namespace hoist::testing {

class EffectsInMemory final : public Effects {
 public:
  Async<bool> is_recorded(std::string key, Deadline) override {
    auto const lock = Lock{mutex_};
    if (reading_) co_return std::unexpected{*reading_};
    co_return effects_.contains(key);
  }
  Async<bool> record(Effect effect, Deadline) override {
    auto const lock = Lock{mutex_};
    if (writing_) co_return std::unexpected{*writing_};
    auto key = effect.key;
    co_return effects_.try_emplace(std::move(key), std::move(effect)).second;
  }

  void fail_reading(std::optional<Error> error) {
    auto const lock = Lock{mutex_};
    reading_ = std::move(error);
  }
  void fail_writing(std::optional<Error> error) {
    auto const lock = Lock{mutex_};
    writing_ = std::move(error);
  }
  [[nodiscard]] std::map<std::string, Effect> all() const {
    auto const lock = Lock{mutex_};
    return effects_;
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, Effect> effects_ HOIST_GUARDED_BY(mutex_);
  std::optional<Error> reading_ HOIST_GUARDED_BY(mutex_);
  std::optional<Error> writing_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::testing
