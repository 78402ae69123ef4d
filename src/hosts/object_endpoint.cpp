#include "hosts/object_endpoint.hpp"

#include "base/try.hpp"
#include "hosts/listeners.hpp"

namespace hoist::hosts {
namespace {

Result<s3api::AccessKeys> keys_of(Config const& config, S3Credentials const& credentials) {
  auto keys = std::vector<s3api::AccessKey>{};
  auto const& [root, signer] = credentials;
  keys.push_back({root.access_key_id, root.secret_access_key, ""});
  keys.push_back({signer.access_key_id, signer.secret_access_key, "", config.objects.md5_of_uploads});
  return s3api::AccessKeys::make(std::move(keys));
}

s3api::Options options_of(Config const& config, ObjectEndpointNeeds const& needs) {
  auto options = s3api::Options{};
  options.region = config.s3.region;
  auto const& public_url = config.server.objects_url;
  auto const secure =
      public_url.empty() ? !config.server.tls_certificate_file.empty() : public_url.starts_with("https://");
  options.scheme = secure ? "https" : "http";
  options.cors_origins = config.server.cors_origins;
  options.cors_origins.push_back(needs.api_url);
  options.bodies = needs.bodies;
  return options;
}

}  // namespace

// Bound at once, because URLs are signed for the port that the listener got.
Result<std::unique_ptr<ObjectEndpoint>> ObjectEndpoint::open(Config const& config,
                                                             ObjectEndpointNeeds needs) {
  auto endpoint = std::unique_ptr<ObjectEndpoint>{new ObjectEndpoint{}};
  TRY(auto keys, keys_of(config, needs.credentials));
  endpoint->keys_ = std::make_unique<s3api::AccessKeys>(std::move(keys));
  endpoint->api_ = std::make_unique<s3api::S3Api>(needs.objects, *endpoint->keys_, options_of(config, needs),
                                                  needs.clock, needs.metrics);
  auto listener = Listener{"objects", config.server.objects_listen, config.server.objects_url};
  // A large object over a weak link takes as long as it takes; idle connections still end.
  listener.request_timeout = std::chrono::milliseconds{0};
  TRY(auto const configured, parse_endpoint(listener.where));
  if (config.server.role != ProcessRole::worker) {
    TRY(endpoint->server_,
        listen(config, listener, needs.connections_max, needs.runtime, *endpoint->api_, needs.metrics));
  }
  endpoint->url_ = url_of(config, listener, endpoint->port().value_or(configured.port));

  auto options = sigv4::PresignerOptions{};
  options.base_url = endpoint->url_;
  options.region = config.s3.region;
  options.credentials = {needs.credentials.signer.access_key_id, needs.credentials.signer.secret_access_key};
  TRY(auto presigner, sigv4::Presigner::open(std::move(options)));
  endpoint->presigner_ = std::make_unique<sigv4::Presigner>(std::move(presigner));
  return endpoint;
}

void ObjectEndpoint::start() {
  if (server_) server_->start();
}

void ObjectEndpoint::stop(std::chrono::milliseconds grace) {
  if (server_) server_->stop(grace);
}

}  // namespace hoist::hosts
