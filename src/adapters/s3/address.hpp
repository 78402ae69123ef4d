// Where a bucket and its objects are: the bucket in the name of the host, or in the path.
#pragma once

#include <string>

#include "base/error.hpp"
#include "ports/object_store.hpp"

namespace hoist::s3 {

class Address {
 public:
  // Errors: invalid unless `endpoint` is http:// or https:// and a host, and nothing else.
  static Result<Address> parse(std::string const& endpoint, bool path_style);

  [[nodiscard]] std::string host(std::string const& bucket) const;  // as in the Host field
  [[nodiscard]] std::string origin(
      std::string const& bucket) const;  // "https://hoist.s3.eu-west-1.amazonaws.com"
  // With its leading slash, decoded. Of the bucket where the key is empty.
  [[nodiscard]] std::string path(ObjectRef const& ref) const;

 private:
  Address(std::string scheme, std::string authority, bool path_style)
      : scheme_{std::move(scheme)}, authority_{std::move(authority)}, path_style_{path_style} {}
  std::string scheme_;
  std::string authority_;
  bool path_style_;
};

}  // namespace hoist::s3
