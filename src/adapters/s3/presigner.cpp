#include "adapters/s3/presigner.hpp"

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::s3 {

Async<> Presigner::renew(aws::Account& account, Deadline deadline) {
  CO_TRY(auto credentials, co_await account.credentials().get(deadline));
  auto signer = std::make_shared<aws::Signer const>(std::move(credentials), region_);
  auto const lock = Lock{mutex_};
  signer_ = std::move(signer);
  co_return Result<void>{};
}

PresignedUrl Presigner::presign(PresignRequest const& request, Time now) const {
  auto const signer = [&] {
    auto const lock = Lock{mutex_};
    return signer_;
  }();
  HOIST_ASSERT(signer);
  auto signed_url = PresignedUrl{};
  for (auto const& [name, value] : request.headers) signed_url.headers.emplace(to_lower(name), value);
  auto const origin = address_.origin(request.ref.bucket);
  auto const host = address_.host(request.ref.bucket);
  auto const path = address_.path(request.ref);
  signed_url.url = signer->presign(
      aws::UrlToSign{request.method, origin, host, path, signed_url.headers, request.query, request.lifetime},
      now);
  signed_url.expires_at = std::chrono::floor<std::chrono::seconds>(now) + request.lifetime;
  return signed_url;
}

}  // namespace hoist::s3
