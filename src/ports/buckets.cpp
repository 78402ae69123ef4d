#include "ports/buckets.hpp"

namespace hoist {

std::unexpected<Error> too_many_buckets() {
  return fail(Error{Code::invalid, "You have attempted to create more buckets than allowed."}.with_slug(
      "TooManyBuckets"));
}
std::unexpected<Error> bucket_not_empty() {
  return fail(
      Error{Code::conflict, "The bucket you tried to delete is not empty."}.with_slug("BucketNotEmpty"));
}
std::unexpected<Error> bucket_configured() {
  return fail(
      Error{Code::forbidden, "The bucket belongs to the server's configuration."}.with_slug("AccessDenied"));
}

}  // namespace hoist
