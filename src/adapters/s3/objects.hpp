// Objects in S3 or a store that speaks as S3 does. Clients send and fetch their bytes there by presigned
// URLs; what is here is what Hoist does to objects itself.
//
// Version  is the ETag. An object that is read is fetched in pieces of piece_bytes, all of one version.
// Limits   put() holds its bytes in memory; copy() takes objects of up to 5 GiB, which is more than virus
//          scanners read, and only what they found is copied.
// Needs    s3:GetObject, PutObject, DeleteObject, AbortMultipartUpload, ListMultipartUploadParts,
//          GetObjectTagging and PutObjectTagging on the objects, s3:ListBucket on the buckets: without it S3
//          answers 403 for an object that is absent.
// Threads  any.   Lifetime  the account outlives it; it outlives its readers.
// Errors   those of client.hpp; conflict for another version.
#pragma once

#include "adapters/s3/client.hpp"
#include "adapters/s3/options.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"

namespace hoist::s3 {

inline constexpr std::int64_t piece_bytes = std::int64_t{8} << 20;
// All parts but the last; S3's own limit.
inline constexpr std::int64_t part_bytes_min = std::int64_t{5} << 20;

[[nodiscard]] aws::CallOptions default_calls();

class Objects final : public ObjectStore, public Multiparts {
 public:
  // Errors: invalid for an endpoint that is none.
  static Result<std::unique_ptr<Objects>> open(Options const& options, aws::Account& account,
                                               aws::CallOptions calls = default_calls());

  // Is the bucket there, and may we look into it? Errors: invalid, in words for who configured it.
  Async<> check_bucket(std::string bucket, Deadline deadline);

  Async<> put(ObjectRef ref, std::string bytes, PutOptions options, Deadline deadline) override;
  Async<ObjectInfo> head(ObjectRef ref, Deadline deadline) override;
  Async<std::unique_ptr<ObjectReader>> open(ObjectRef ref, std::optional<ByteRange> range,
                                            Deadline deadline) override;
  Async<> remove(ObjectRef ref, Deadline deadline) override;
  Async<ObjectInfo> copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) override;

  Async<std::string> create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) override;
  Async<std::vector<PartInfo>> list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                          Deadline deadline) override;
  Async<ObjectInfo> assemble(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                             Deadline deadline) override;
  Async<> abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) override;

 private:
  Objects(Address address, std::string region, aws::Account& account, aws::CallOptions calls)
      : client_{std::move(address), std::move(region), account, std::move(calls)} {}
  Async<StringMap> tags_of(ObjectRef ref, Deadline deadline);

  Client client_;
};

}  // namespace hoist::s3
