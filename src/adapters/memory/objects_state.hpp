// What memory::Objects keeps, with the changes that happen under its lock.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adapters/memory/objects.hpp"
#include "base/mutex.hpp"

namespace hoist::memory {

struct Change;

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

  State(ObjectsOptions given, Clock const& time, std::optional<Listening> listener)
      : options{std::move(given)}, clock{time}, listening{std::move(listener)} {}

  // Counted until the last of its users is gone.
  [[nodiscard]] Bytes keep(std::string bytes) const;
  [[nodiscard]] Result<void> take_room(std::int64_t bytes) const;  // Errors: storage_full

  // Consumes a planned failure, then checks the bucket.
  [[nodiscard]] Result<void> enter(std::string const& bucket) HOIST_REQUIRES(mutex);
  [[nodiscard]] Result<void> enter() HOIST_REQUIRES(mutex);
  [[nodiscard]] bool is_configured(std::string const& bucket) const HOIST_REQUIRES(mutex);
  Result<bool> create_bucket(std::string const& name) HOIST_REQUIRES(mutex);
  Result<void> remove_bucket(std::string const& name) HOIST_REQUIRES(mutex);
  Result<Change> plan_put(ObjectInfo info, Bytes bytes, WriteConditions const& conditions)
      HOIST_REQUIRES(mutex);
  Result<Change> plan_part(ObjectRef const& ref, std::string const& upload_id, PartInfo part, Bytes bytes)
      HOIST_REQUIRES(mutex);
  Result<Change> plan_complete(ObjectRef const& ref, std::string const& upload_id,
                               std::vector<PartInfo> const& parts, CompleteOptions const& conditions)
      HOIST_REQUIRES(mutex);
  Result<Change> plan_remove(ObjectRef const& ref, std::string const& version) HOIST_REQUIRES(mutex);
  // Committed or taken back.
  void end_change(ObjectRef const& ref, std::string const& completes) HOIST_REQUIRES(mutex);
  [[nodiscard]] Multipart* find_open(ObjectRef const& ref, std::string const& upload_id)
      HOIST_REQUIRES(mutex);
  [[nodiscard]] ObjectPage list(ListRequest const& request) const HOIST_REQUIRES(mutex);

  mutable Mutex mutex;
  ObjectsOptions options;
  std::map<std::string, Time> made HOIST_GUARDED_BY(mutex);  // buckets beside those of the options
  Clock const& clock;
  std::optional<Listening> listening;
  std::shared_ptr<std::atomic<std::int64_t>> held = std::make_shared<std::atomic<std::int64_t>>(0);
  std::set<std::string> completing
      HOIST_GUARDED_BY(mutex);  // multipart uploads whose end waits for its commit
  std::multiset<ObjectRef> changing HOIST_GUARDED_BY(mutex);  // changes that wait for their commit
  std::map<ObjectRef, Object> objects HOIST_GUARDED_BY(mutex);
  std::map<std::string, Multipart> multiparts HOIST_GUARDED_BY(mutex);
  Code planned HOIST_GUARDED_BY(mutex) = Code::internal;
  int planned_times HOIST_GUARDED_BY(mutex) = 0;
};

[[nodiscard]] std::unexpected<Error> no_such_upload();
[[nodiscard]] std::unexpected<Error> another_by_now();

}  // namespace hoist::memory
