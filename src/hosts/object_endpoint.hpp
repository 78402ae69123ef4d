// The objects of an engine that keeps them itself, served over S3: a listener, and URLs signed for it. A
// process that serves none, a worker, binds nothing, and signs for the address that is configured.
//
// Threads   all by the one that starts and stops the server.
// Lifetime  the stores, the credentials and the runtime outlive it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "adapters/sigv4/presigner.hpp"
#include "assembly/engine.hpp"
#include "base/metrics.hpp"
#include "base/runtime.hpp"
#include "hosts/config.hpp"
#include "net/body_budget.hpp"
#include "net/server.hpp"
#include "s3api/s3api.hpp"

namespace hoist::hosts {

struct ObjectEndpointNeeds {
  ServedObjects& objects;
  Clock const& clock;
  S3Credentials const& credentials;
  std::shared_ptr<net::BodyBudget> bodies;
  std::string api_url;  // the page there talks to the objects
  std::size_t connections_max = 0;
  Runtime& runtime;
  Metrics& metrics;
};

class ObjectEndpoint {
 public:
  static Result<std::unique_ptr<ObjectEndpoint>> open(Config const& config, ObjectEndpointNeeds needs);

  [[nodiscard]] Presigner const& presigner() const { return *presigner_; }
  [[nodiscard]] std::string const& url() const { return url_; }
  // Nothing: no listener was bound.
  [[nodiscard]] std::optional<std::uint16_t> port() const {
    return server_ ? std::optional{server_->port()} : std::nullopt;
  }
  void start();
  void stop(std::chrono::milliseconds grace);

 private:
  ObjectEndpoint() = default;
  std::unique_ptr<s3api::AccessKeys> keys_;
  std::unique_ptr<s3api::S3Api> api_;
  std::unique_ptr<net::Server> server_;  // null: of a worker
  std::string url_;
  std::unique_ptr<sigv4::Presigner> presigner_;
};

}  // namespace hoist::hosts
