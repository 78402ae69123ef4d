#include "hosts/ops_routes.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "hosts/assets.hpp"

namespace hoist::hosts {
namespace {

// Nothing inline, nothing from elsewhere; pictures and bytes come from the object endpoint.
std::string content_policy(std::string const& objects_origin) {
  return fmt::format(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: {0}; "
      "connect-src 'self' {0}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      objects_origin);
}

// Does a list such as "gzip, br;q=0.5" name gzip, and not only to refuse it?
bool takes_gzip(std::string_view accepted) {
  auto const at = accepted.find("gzip");
  if (at == accepted.npos) return false;
  auto const weight = trim(accepted.substr(at + 4, accepted.find(',', at) - at - 4));
  return weight != ";q=0" && !weight.starts_with(";q=0.0");
}

net::Response asset_response(Asset const& asset, net::Request const& request, std::string const& policy) {
  auto response = net::Response{.status = 304};
  if (!request.headers.get("If-None-Match").contains(asset.etag)) {
    auto const gzip = takes_gzip(request.headers.get("Accept-Encoding"));
    response = net::text_response(200, std::string{gzip ? asset.gzipped : asset.bytes},
                                  std::string{asset.content_type});
    if (gzip) response.headers.set("Content-Encoding", "gzip");
  }
  response.headers.set("ETag", "W/" + std::string{asset.etag});  // weak: one for both encodings
  response.headers.set("Vary", "Accept-Encoding");
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Content-Security-Policy", policy);
  response.headers.set("X-Frame-Options", "DENY");
  response.headers.set("Referrer-Policy", "no-referrer");
  return response;
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address == "::ffff:127.0.0.1";
}

void add_asset(net::Router& router, std::string path, Asset const& asset, std::string const& policy) {
  // A link to the page may carry any query.
  router.add({.method = "GET", .pattern = std::move(path), .reads_query = true},
             [&asset, policy](net::Request& request) -> Async<net::Response> {
               co_return asset_response(asset, request, policy);
             });
}

void add_assets(net::Router& router, std::string const& policy) {
  for (auto const& asset : all_assets()) {
    add_asset(router, std::string{asset.path}, asset, policy);
    if (asset.path == "/index.html") add_asset(router, "/", asset, policy);
    if (asset.path == "/docs.html") add_asset(router, "/docs", asset, policy);
  }
}

}  // namespace

void add_ops_routes(net::Router& router, Operations& operations, Metrics& metrics) {
  router.add({.method = "GET", .pattern = "/health"}, [&](net::Request& request) -> Async<net::Response> {
    auto const trusted = operations.metrics_open || is_loopback(request.remote_address);
    co_return net::json_response(200, trusted ? operations.health() : json::object{{"status", "ok"}});
  });
  router.add({.method = "GET", .pattern = "/ready"}, [&](net::Request&) -> Async<net::Response> {
    if (!operations.ready)
      co_return fail(Error{Code::unavailable, "Starting or stopping."}.with_retry_after(1));
    if (operations.damaged())
      co_return fail(Code::unavailable, "The database is damaged; the log and hoist doctor say where.");
    CO_CHECK(co_await operations.reach_database());
    // Reading goes on when the storage is full, so a full server is ready.
    auto answer = json::object{{"ready", true}};
    if (auto const space = operations.space())
      answer["storage"] = json::object{{"full", space->room() <= 0},
                                       {"free_bytes", space->free_bytes},
                                       {"reserve_bytes", space->reserve_bytes}};
    co_return net::json_response(200, answer);
  });
  router.add({.method = "GET", .pattern = "/metrics"}, [&](net::Request& request) -> Async<net::Response> {
    if (!operations.metrics_open && !is_loopback(request.remote_address))
      co_return fail(Code::forbidden, "Metrics are answered to this machine only; see server.metrics_open.");
    co_return net::text_response(200, metrics.render(), "text/plain; version=0.0.4; charset=utf-8");
  });
  router.add({.method = "GET", .pattern = "/console/config.json"},
             [&](net::Request&) -> Async<net::Response> {
               co_return net::json_response(200, json::object{{"objects", operations.objects_origin}});
             });
  add_assets(router, content_policy(operations.objects_origin));
}

}  // namespace hoist::hosts
