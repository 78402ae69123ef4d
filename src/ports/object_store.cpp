#include "ports/object_store.hpp"

namespace hoist {

Result<void> WriteConditions::check(std::optional<std::string_view> etag) const {
  if (if_match && !etag) return no_such_key();
  auto const is_other = if_match && *if_match != "*" && *if_match != *etag;
  auto const is_there = if_none_match && etag && (*if_none_match == "*" || *if_none_match == *etag);
  if (!is_other && !is_there) return {};
  return fail(Code::precondition, "At least one of the preconditions you specified did not hold.");
}

std::unexpected<Error> no_such_key() {
  return fail(Error{Code::not_found, "The object does not exist."}.with_slug("NoSuchKey"));
}
std::unexpected<Error> no_such_bucket() {
  return fail(Error{Code::not_found, "The bucket does not exist."}.with_slug("NoSuchBucket"));
}

}  // namespace hoist
