// What the headers of S3 say about an object.
#pragma once

#include "aws/canonical.hpp"
#include "net/message.hpp"
#include "ports/object_store.hpp"

namespace hoist::s3 {

// Of an object that is about to be made, without conditions.
[[nodiscard]] aws::Pairs headers_of(PutOptions const& options);
[[nodiscard]] aws::Pairs headers_of(WriteConditions const& conditions);
// Of one that is there, but for its tags.
[[nodiscard]] ObjectInfo read_headers(ObjectRef ref, net::Headers const& headers);
[[nodiscard]] std::string unquoted(std::string_view etag);

}  // namespace hoist::s3
