#include "adapters/s3/address.hpp"

#include "base/try.hpp"
#include "net/url.hpp"

namespace hoist::s3 {

Result<Address> Address::parse(std::string const& endpoint, bool path_style) {
  TRY(auto const url, net::parse_url(endpoint));
  auto scheme = std::string{url.tls ? "https://" : "http://"};
  if (endpoint != scheme + url.authority)
    return invalid_field("endpoint", "must be http:// or https:// with a host, without a path");
  return Address{std::move(scheme), url.authority, path_style};
}

std::string Address::host(std::string const& bucket) const {
  return path_style_ ? authority_ : bucket + "." + authority_;
}

std::string Address::origin(std::string const& bucket) const {
  return scheme_ + host(bucket);
}

std::string Address::path(ObjectRef const& ref) const {
  auto const bucket = path_style_ ? "/" + ref.bucket : std::string{};
  return bucket + "/" + ref.key;
}

}  // namespace hoist::s3
