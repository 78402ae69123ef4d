// Writes one object or part: bytes are collected in one buffer while the pool writes and hashes the
// other.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "adapters/disk/context.hpp"

namespace hoist::disk {

struct PartTarget {
  std::string upload_id;
  int number = 0;
};

class Writer final : public ObjectWriter {
 public:
  Writer(std::shared_ptr<Objects::Context> context, ObjectRef ref, std::optional<PartTarget> part,
         std::optional<std::int64_t> size, Deadline deadline, EtagKind etag);
  ~Writer() override;
  Async<> write(std::string_view bytes) override;
  Async<ObjectInfo> commit(PutOptions options) override;

 private:
  struct Stage;
  Async<> hand_over(std::optional<Label> label);  // with the last bytes
  Async<Label> make_label(PutOptions const& options);
  Async<ObjectInfo> record(PutOptions const& options);

  std::shared_ptr<Objects::Context> context_;
  ObjectRef ref_;
  std::optional<PartTarget> part_;
  Deadline deadline_;
  std::string filling_;
  std::shared_ptr<Stage> stage_;
};

}  // namespace hoist::disk
