// Preconditions of the protocol: what must be so of an object before it is read, replaced, copied or
// deleted. Whatever of them is not offered is refused: a condition that is passed over loses data.
//
// Source   RFC 9110 section 13; Amazon S3 "Conditional requests".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "s3api/operations.hpp"

namespace hoist::s3api {

[[nodiscard]] std::unexpected<Error> precondition_failed();

// If-Match and its like, named with `prefix` before them. True: not modified since the reader has it.
// Errors: precondition.
[[nodiscard]] Result<bool> weigh_conditions(Call const& call, std::string_view prefix,
                                            ObjectInfo const& info);

// The conditions of a write.
[[nodiscard]] Result<WriteConditions> read_conditions(Call const& call);

// The conditions of a deletion, from headers or from an element of a list.
struct DeleteConditions {
  std::string if_match;
  std::optional<std::int64_t> size;
  std::optional<Time> modified_at;
};
[[nodiscard]] Result<DeleteConditions> read_delete_conditions(Call const& call);
[[nodiscard]] Result<DeleteConditions> parse_delete_conditions(std::string etag, std::string_view size,
                                                               std::string_view modified);
// Deletes what the conditions hold for, and nothing that took its place. An absent key is success.
Async<> remove_if(Service& service, Call const& call, ObjectRef ref, DeleteConditions conditions);

// A time as HTTP writes it, or as ISO 8601 does. Errors: InvalidArgument naming `field`.
[[nodiscard]] Result<Time> parse_time(std::string_view field, std::string_view text);

// x-amz-expected-bucket-owner: the owner of every bucket is the access key that asks.
[[nodiscard]] Result<void> check_owner(Call const& call);

}  // namespace hoist::s3api
