// A server: an engine opened to serve, every feature, the API's listener and the object endpoint's.
//
// Errors   everything that keeps a server from starting, in words.
// Lifetime start() after open(); stop() before destruction; both from one thread.
#pragma once

#include <memory>
#include <string>

#include "assembly/engine.hpp"
#include "hosts/config.hpp"
#include "hosts/host.hpp"
#include "hosts/local_access.hpp"
#include "hosts/object_endpoint.hpp"
#include "hosts/ops_routes.hpp"
#include "hosts/scanning.hpp"
#include "net/router.hpp"
#include "uploads/feature.hpp"

namespace hoist::hosts {

class Server {
 public:
  // `accept_loss`: start although the data is not what it was; see the engine.
  static Result<std::unique_ptr<Server>> open(Config config, bool accept_loss = false);

  Result<void> start();
  // Stops accepting, lets what is in flight finish within the grace, then stops the rest.
  void stop();

  [[nodiscard]] std::string const& api_url() const { return api_url_; }
  // Where clients send the bytes.
  [[nodiscard]] std::string const& objects_url() const {
    return objects_ ? objects_->url() : stores_->direct->origin;
  }
  // The page's address with a ticket that lets its bearer in, once and soon; a secret.
  [[nodiscard]] std::string sign_in_url() { return access_->sign_in_url(); }
  [[nodiscard]] bool first_start() const { return engine_->is_new(); }

  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] net::Router& router() { return *router_; }

 private:
  explicit Server(Config config);
  Result<void> open_api();
  Result<void> open_objects();
  Result<void> open_features();
  Result<void> open_processing();
  void add_operations();
  [[nodiscard]] std::vector<Job> jobs();
  [[nodiscard]] std::set<std::uint16_t> ports() const;
  [[nodiscard]] json::object health() const;

  // In the order in which they need each other.
  Config config_;
  Host host_;
  std::unique_ptr<Engine> engine_;
  std::size_t connections_max_ = 0;  // of each listener
  std::shared_ptr<net::BodyBudget> bodies_;
  std::unique_ptr<Scanning> scanning_;
  std::unique_ptr<Media> media_;
  std::unique_ptr<tenants::Feature> tenants_;
  std::unique_ptr<net::Router> router_;
  std::unique_ptr<net::Server> api_server_;
  std::string api_url_;
  std::unique_ptr<uploads::Intake> intake_;
  std::optional<Stores> stores_;
  std::unique_ptr<ObjectEndpoint> objects_;  // null: clients reach the store by itself
  std::unique_ptr<uploads::Feature> uploads_;
  std::unique_ptr<Feature> events_;
  std::unique_ptr<Feature> tasks_;
  std::unique_ptr<Feature> dead_letters_;
  std::unique_ptr<Feature> processing_;
  std::unique_ptr<LocalAccess> access_;
  Operations operations_;
};

}  // namespace hoist::hosts
