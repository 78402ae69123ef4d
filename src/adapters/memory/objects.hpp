// An object store that forgets everything: for tests of what stands on the port, and for the memory engine.
//
//   auto objects = memory::Objects{{"uploads"}, clock};
//   objects.fail_next(Code::unavailable);   // the next call answers this instead
//
// Promise  with a listener, a change is made when the transaction in which the listener heard of it has
//          committed, and not at all when the listener refused it.
// Errors   storage_full beyond bytes_max; conflict for a change with a condition while another of its key
//          commits.
// Threads  any.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "ports/arrivals.hpp"
#include "ports/served_objects.hpp"

namespace hoist::memory {

struct ObjectsOptions {
  std::vector<std::string> buckets;
  std::int64_t part_bytes_min = 5 * 1024 * 1024;  // all but the last part of a multipart upload
  std::int64_t bytes_max = INT64_MAX;             // of all objects and parts together
};

// Who hears of changes, in whose transactions; both outlive the store.
struct Listening {
  sql::Database& database;
  Arrivals& arrivals;
};

class Objects final : public ServedObjects {
 public:
  Objects(std::vector<std::string> buckets, Clock const& clock,
          std::int64_t part_bytes_min = 5 * 1024 * 1024);
  Objects(ObjectsOptions options, Clock const& clock, std::optional<Listening> listening = {});
  ~Objects() override;

  [[nodiscard]] std::int64_t held_bytes() const;

  // The next `times` calls of the port, writers and readers included, answer `code`.
  void fail_next(Code code, int times = 1);
  // Flips a bit of what is stored, so that whole reads are corrupt.
  void damage(ObjectRef const& ref);
  [[nodiscard]] std::size_t count() const;
  // The bytes; empty when absent.
  [[nodiscard]] std::string bytes(ObjectRef const& ref) const;

  Async<std::unique_ptr<ObjectWriter>> create(ObjectRef ref, std::optional<std::int64_t> size,
                                              Deadline deadline, EtagKind etag = EtagKind::sha256) override;
  Async<ObjectInfo> head(ObjectRef ref, Deadline deadline) override;
  Async<std::unique_ptr<ObjectReader>> open(ObjectRef ref, std::optional<ByteRange> range,
                                            Deadline deadline) override;
  Async<> remove_version(ObjectRef ref, std::string version, Deadline deadline) override;
  Async<ObjectInfo> copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) override;
  Async<> set_tags(ObjectRef ref, StringMap tags, Deadline deadline) override;
  Async<ObjectPage> list(ListRequest request, Deadline deadline) override;
  Async<std::vector<BucketInfo>> list_buckets(Deadline deadline) override;
  Async<bool> create_bucket(std::string name, Deadline deadline) override;
  Async<> remove_bucket(std::string name, Deadline deadline) override;
  Async<std::string> create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) override;
  Async<std::unique_ptr<ObjectWriter>> create_part(ObjectRef ref, std::string upload_id, int number,
                                                   Deadline deadline,
                                                   EtagKind etag = EtagKind::sha256) override;
  Async<MultipartInfo> head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) override;
  Async<std::vector<PartInfo>> list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                          Deadline deadline) override;
  Async<ObjectInfo> complete_multipart(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                                       Deadline deadline, CompleteOptions options = {}) override;
  Async<> abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) override;
  Async<std::vector<MultipartInfo>> list_multiparts(MultipartListRequest request, Deadline deadline) override;

  struct State;

 private:
  Result<void> enter(std::string const& bucket);

  std::shared_ptr<State> state_;
};

}  // namespace hoist::memory
