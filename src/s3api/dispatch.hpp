// Which operation a request asks for.
// Rule     a sub-resource or parameter that the operation does not know makes it NotImplemented, so
//          that PUT /bucket/key?acl never replaces the object.
#pragma once

#include <string_view>

#include "s3api/operations.hpp"

namespace hoist::s3api {

struct Operation {
  std::string_view name;  // "PutObject": the metric's label
  Answer (*answer)(Service&, Call const&);
};

[[nodiscard]] Result<Operation> find_operation(net::Request const& request, ObjectRef const& ref);

}  // namespace hoist::s3api
