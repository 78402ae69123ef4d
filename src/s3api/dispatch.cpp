#include "s3api/dispatch.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "base/encode.hpp"
#include "s3api/checksum.hpp"

namespace hoist::s3api {
namespace {

enum class Target { service, bucket, object };

struct Row {
  std::string_view method;
  Target target;
  std::string_view marker;  // the parameter that chooses this operation; empty: none
  Operation operation;
  std::span<std::string_view const> parameters = {};
};

constexpr auto buckets = std::to_array<std::string_view>({"max-buckets", "continuation-token", "prefix"});
constexpr auto listing =
    std::to_array<std::string_view>({"prefix", "delimiter", "max-keys", "encoding-type", "marker"});
constexpr auto listing_v2 =
    std::to_array<std::string_view>({"list-type", "prefix", "delimiter", "max-keys", "encoding-type",
                                     "continuation-token", "start-after", "fetch-owner"});
constexpr auto uploads = std::to_array<std::string_view>(
    {"prefix", "delimiter", "max-uploads", "encoding-type", "key-marker", "upload-id-marker"});
constexpr auto parts = std::to_array<std::string_view>({"max-parts", "part-number-marker"});
constexpr auto versions = std::to_array<std::string_view>(
    {"prefix", "delimiter", "max-keys", "encoding-type", "key-marker", "version-id-marker"});
constexpr auto part = std::to_array<std::string_view>({"partNumber"});
constexpr auto overrides = std::to_array<std::string_view>(
    {"response-content-type", "response-content-language", "response-expires", "response-cache-control",
     "response-content-disposition", "response-content-encoding", "partNumber"});

// The first row that fits is the one, so rows with a marker come before those without.
constexpr auto rows = std::to_array<Row>({
    {"GET", Target::service, "", {"ListBuckets", list_buckets}, buckets},
    {"GET", Target::bucket, "location", {"GetBucketLocation", get_location}},
    {"GET", Target::bucket, "uploads", {"ListMultipartUploads", list_multiparts}, uploads},
    {"GET", Target::bucket, "versions", {"ListObjectVersions", list_versions}, versions},
    {"GET", Target::bucket, "acl", {"GetBucketAcl", get_bucket_setting}},
    {"GET", Target::bucket, "versioning", {"GetBucketVersioning", get_bucket_setting}},
    {"GET", Target::bucket, "accelerate", {"GetBucketAccelerateConfiguration", get_bucket_setting}},
    {"GET", Target::bucket, "logging", {"GetBucketLogging", get_bucket_setting}},
    {"GET", Target::bucket, "notification", {"GetBucketNotificationConfiguration", get_bucket_setting}},
    {"GET", Target::bucket, "requestPayment", {"GetBucketRequestPayment", get_bucket_setting}},
    {"GET", Target::bucket, "policyStatus", {"GetBucketPolicyStatus", get_bucket_setting}},
    {"GET", Target::bucket, "publicAccessBlock", {"GetPublicAccessBlock", get_bucket_setting}},
    {"GET", Target::bucket, "ownershipControls", {"GetBucketOwnershipControls", get_bucket_setting}},
    {"GET", Target::bucket, "cors", {"GetBucketCors", get_bucket_setting}},
    {"GET", Target::bucket, "encryption", {"GetBucketEncryption", get_bucket_setting}},
    {"GET", Target::bucket, "lifecycle", {"GetBucketLifecycleConfiguration", get_bucket_setting}},
    {"GET", Target::bucket, "object-lock", {"GetObjectLockConfiguration", get_bucket_setting}},
    {"GET", Target::bucket, "policy", {"GetBucketPolicy", get_bucket_setting}},
    {"GET", Target::bucket, "replication", {"GetBucketReplication", get_bucket_setting}},
    {"GET", Target::bucket, "tagging", {"GetBucketTagging", get_bucket_setting}},
    {"GET", Target::bucket, "website", {"GetBucketWebsite", get_bucket_setting}},
    {"GET", Target::bucket, "list-type", {"ListObjectsV2", list_objects_v2}, listing_v2},
    {"GET", Target::bucket, "", {"ListObjects", list_objects}, listing},
    {"HEAD", Target::bucket, "", {"HeadBucket", head_bucket}},
    {"PUT", Target::bucket, "", {"CreateBucket", create_bucket}},
    {"DELETE", Target::bucket, "", {"DeleteBucket", delete_bucket}},
    {"POST", Target::bucket, "delete", {"DeleteObjects", delete_objects}},
    {"GET", Target::object, "tagging", {"GetObjectTagging", get_tagging}},
    {"GET", Target::object, "acl", {"GetObjectAcl", get_object_acl}},
    {"GET", Target::object, "attributes", {"GetObjectAttributes", get_attributes}},
    {"PUT", Target::object, "tagging", {"PutObjectTagging", put_tagging}},
    {"DELETE", Target::object, "tagging", {"DeleteObjectTagging", delete_tagging}},
    {"GET", Target::object, "uploadId", {"ListParts", list_parts}, parts},
    {"PUT", Target::object, "uploadId", {"UploadPart", upload_part}, part},
    {"POST", Target::object, "uploads", {"CreateMultipartUpload", create_multipart}},
    {"POST", Target::object, "uploadId", {"CompleteMultipartUpload", complete_multipart}},
    {"DELETE", Target::object, "uploadId", {"AbortMultipartUpload", abort_multipart}},
    {"GET", Target::object, "", {"GetObject", get_object}, overrides},
    {"HEAD", Target::object, "", {"HeadObject", get_object}, overrides},
    {"PUT", Target::object, "", {"PutObject", put_object}},
    {"DELETE", Target::object, "", {"DeleteObject", delete_object}},
});

// Authentication, and what SDKs add to any URL without changing its meaning.
bool is_neutral(std::string_view name) {
  constexpr auto neutral = std::to_array<std::string_view>(
      {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-expires", "x-amz-signedheaders",
       "x-amz-signature", "x-amz-user-agent", "x-amz-sdk-checksum-algorithm", "x-amz-checksum-mode"});
  auto const lower = to_lower(name);
  return name == "x-id" || std::ranges::find(neutral, lower) != neutral.end() ||
         (lower.starts_with("x-amz-checksum-") && parse_checksum(lower.substr(15)));
}

bool knows(Row const& row, net::Request const& request) {
  return std::ranges::all_of(request.query, [&](auto const& item) {
    auto const& [name, value] = item;
    if (is_neutral(name) || name == row.marker) return true;
    // The only version there is of an object has this name.
    if (name == "versionId")
      return row.target == Target::object && value == "null" && row.method != "PUT" && row.method != "POST";
    if (to_lower(name) == "x-amz-content-sha256") return value == aws::unsigned_payload;
    return std::ranges::find(row.parameters, name) != row.parameters.end();
  });
}

}  // namespace

Result<Operation> find_operation(net::Request const& request, ObjectRef const& ref) {
  auto const target = ref.bucket.empty() ? Target::service
                      : ref.key.empty()  ? Target::bucket
                                         : Target::object;
  auto known_method = false;
  for (auto const& row : rows) {
    if (row.method != request.method || row.target != target) continue;
    known_method = true;
    if (!row.marker.empty() && !request.query_value(row.marker)) continue;
    if (knows(row, request)) return row.operation;
    break;
  }
  if (known_method || target == Target::bucket)
    return not_implemented("A header or query you provided implies functionality that is not implemented.");
  return fail(Code::method_not_allowed, "The specified method is not allowed against this resource.");
}

}  // namespace hoist::s3api
