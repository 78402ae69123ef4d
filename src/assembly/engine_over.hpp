// An engine that is another one but for something: whoever derives from it says for what.
// Lifetime  what it wraps is its own.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assembly/engine.hpp"

namespace hoist {

class EngineOver : public Engine {
 public:
  Records records() override { return rest_->records(); }
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override {
    return rest_->open_objects(arrivals, notes);
  }
  [[nodiscard]] S3Credentials const& s3_credentials() const override { return rest_->s3_credentials(); }
  std::vector<Job> jobs() override { return rest_->jobs(); }
  std::vector<Check> checks() override { return rest_->checks(); }
  void start(asio::any_io_executor executor) override { rest_->start(std::move(executor)); }
  Async<bool> drain(Deadline deadline) override { return rest_->drain(deadline); }
  [[nodiscard]] bool leads() const override { return rest_->leads(); }
  [[nodiscard]] std::optional<StorageSpace> space() const override { return rest_->space(); }
  [[nodiscard]] bool damaged() const override { return rest_->damaged(); }
  [[nodiscard]] bool is_new() const override { return rest_->is_new(); }
  [[nodiscard]] std::string_view durability() const override { return rest_->durability(); }
  [[nodiscard]] std::string path(std::string_view name) const override { return rest_->path(name); }

 protected:
  explicit EngineOver(std::unique_ptr<Engine> rest) : rest_{std::move(rest)} {}
  [[nodiscard]] Engine& rest() { return *rest_; }

 private:
  std::unique_ptr<Engine> rest_;
};

}  // namespace hoist
