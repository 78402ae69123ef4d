// What memory::Objects keeps, with the changes that happen under its lock.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/memory/objects.hpp"
#include "base/mutex.hpp"

namespace hoist::memory {

struct Objects::State {
  using Bytes = std::shared_ptr<std::string const>;
  struct Object {
    ObjectInfo info;
    Bytes bytes;
    std::string digest;  // of the bytes when they were stored
  };
  struct Part {
    PartInfo info;
    Bytes bytes;
  };
  enum class Phase { open, completed, aborted };
  struct Multipart {
    MultipartInfo info;
    Phase phase = Phase::open;
    std::map<int, Part> parts;
    std::vector<std::string> completed_etags;
    ObjectInfo result;
  };

  State(std::vector<std::string> names, Clock const& time, std::int64_t part_min)
      : buckets{std::move(names)}, clock{time}, part_bytes_min{part_min} {}

  // Consumes a planned failure, then checks the bucket.
  [[nodiscard]] Result<void> enter(std::string const& bucket) HOIST_REQUIRES(mutex);
  [[nodiscard]] Result<void> enter() HOIST_REQUIRES(mutex);
  [[nodiscard]] bool is_configured(std::string const& bucket) const HOIST_REQUIRES(mutex);
  Result<bool> create_bucket(std::string const& name) HOIST_REQUIRES(mutex);
  Result<void> remove_bucket(std::string const& name) HOIST_REQUIRES(mutex);
  Result<ObjectInfo> put(ObjectInfo info, Bytes bytes, WriteConditions const& conditions)
      HOIST_REQUIRES(mutex);
  Result<ObjectInfo> complete(ObjectRef const& ref, std::string const& upload_id,
                              std::vector<PartInfo> const& parts, CompleteOptions const& options)
      HOIST_REQUIRES(mutex);
  [[nodiscard]] Multipart* find_open(ObjectRef const& ref, std::string const& upload_id)
      HOIST_REQUIRES(mutex);
  [[nodiscard]] ObjectPage list(ListRequest const& request) const HOIST_REQUIRES(mutex);

  mutable Mutex mutex;
  std::vector<std::string> buckets;  // of the configuration
  std::map<std::string, Time> made;
  Clock const& clock;
  std::int64_t part_bytes_min;
  std::map<ObjectRef, Object> objects HOIST_GUARDED_BY(mutex);
  std::map<std::string, Multipart> multiparts HOIST_GUARDED_BY(mutex);
  Code planned HOIST_GUARDED_BY(mutex) = Code::internal;
  int planned_times HOIST_GUARDED_BY(mutex) = 0;
};

[[nodiscard]] std::unexpected<Error> no_such_upload();

}  // namespace hoist::memory
