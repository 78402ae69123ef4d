// Presigned URLs for any S3 endpoint, addressed path-style: BASE/bucket/key?X-Amz-...
//
// Threads  any.
#pragma once

#include <string>

#include "aws/sigv4.hpp"
#include "ports/presigner.hpp"

namespace hoist::sigv4 {

struct PresignerOptions {
  std::string base_url;  // "http://127.0.0.1:9000", as clients reach it; a path is kept as prefix
  std::string region;
  aws::Credentials credentials;
};

class Presigner final : public hoist::Presigner {
 public:
  // Errors: invalid for a base URL that is not http(s)://host.
  static Result<Presigner> open(PresignerOptions options);
  [[nodiscard]] PresignedUrl presign(PresignRequest const& request, Time now) const override;

 private:
  Presigner(std::string origin, std::string host, std::string prefix, aws::Signer signer);

  std::string origin_;
  std::string host_;
  std::string prefix_;
  aws::Signer signer_;
};

}  // namespace hoist::sigv4
