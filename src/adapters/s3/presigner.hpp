// Presigned URLs of S3 itself, as clients reach it.
//
// Danger   a URL that was signed with a role's credentials ends with them, perhaps before its own lifetime.
// Threads  any.
#pragma once

#include <memory>

#include "adapters/s3/address.hpp"
#include "aws/client/account.hpp"
#include "base/mutex.hpp"
#include "ports/presigner.hpp"

namespace hoist::s3 {

class Presigner final : public hoist::Presigner {
 public:
  Presigner(Address address, std::string region) : address_{std::move(address)}, region_{std::move(region)} {}

  // Signs with the account's credentials of now from here on. Once before the first URL, then every minute
  // or so: a role's credentials are renewed five minutes before they end.
  Async<> renew(aws::Account& account, Deadline deadline);
  [[nodiscard]] PresignedUrl presign(PresignRequest const& request, Time now) const override;

 private:
  Address address_;
  std::string region_;
  mutable Mutex mutex_;
  std::shared_ptr<aws::Signer const> signer_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::s3
