// Reads one version of an object, or a range of it, verifying every file it reads whole.
#pragma once

#include <memory>

#include "adapters/disk/context.hpp"

namespace hoist::disk {

class Reader final : public ObjectReader {
 public:
  // `range` lies within the object.
  Reader(std::shared_ptr<Objects::Context> context, Stored stored, ByteRange range);
  Async<std::size_t> read(std::span<char> buffer) override;
  [[nodiscard]] ObjectInfo const& info() const override;

 private:
  struct State;
  std::shared_ptr<Objects::Context> context_;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::disk
