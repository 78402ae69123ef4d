// The S3 protocol over ServedObjects: what the AWS SDKs and command line speak, path-style.
//
// Threads     any; one coroutine per request.
// Promise     a request changes something only when it is signed by a known key, exactly as it
//             arrived, and its body is exactly what its headers promise.
// Rules       a presigned URL grants its method on its key and nothing else: copying is refused,
//             every x-amz-* header is signed, and what the signer fixed (length, type, condition)
//             must be sent so. A header that would be stored is refused unless it is signed, but
//             for a type that the signer left open. Operations and sub-resources not listed are
//             NotImplemented: none is ever mistaken for another.
//             Preconditions, checksums and directives are obeyed or refused, never passed over.
// Invariants  signatures and query strings are never logged.
// Source      Amazon S3 API reference, 2006-03-01.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/time.hpp"
#include "net/body_budget.hpp"
#include "net/message.hpp"
#include "ports/served_objects.hpp"
#include "s3api/access_keys.hpp"

namespace hoist::s3api {

struct Options {
  std::string region;
  std::string scheme = "http";            // of the address that clients use
  std::vector<std::string> cors_origins;  // exact origins; "*" for any
  std::int64_t object_bytes_max = std::int64_t{5} << 30;
  std::shared_ptr<net::BodyBudget> bodies = std::make_shared<net::BodyBudget>();  // shared with the API
};

class S3Api final : public net::Handler {
 public:
  S3Api(ServedObjects& store, AccessKeys const& keys, Options options, Clock const& clock, Metrics& metrics);
  ~S3Api() override;
  asio::awaitable<net::Response> handle(net::Request request) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hoist::s3api
