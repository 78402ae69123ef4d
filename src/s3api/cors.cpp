#include "s3api/cors.hpp"

#include <algorithm>

#include "s3api/call.hpp"

namespace hoist::s3api {
namespace {

constexpr auto methods = "GET, PUT, POST, HEAD, DELETE";
constexpr auto exposed =
    "ETag, Content-Range, Accept-Ranges, x-amz-request-id, x-amz-checksum-crc32, x-amz-checksum-crc32c, "
    "x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-checksum-sha512, "
    "x-amz-checksum-md5, x-amz-mp-parts-count, Location, Retry-After";
constexpr auto preflight_age_s = "600";

}  // namespace

std::string Cors::allowed(std::string_view origin) const {
  if (origin.empty()) return {};
  if (std::ranges::find(origins_, "*") != origins_.end()) return "*";
  // "null" is what every sandboxed page says it is, so it never counts as one of the list.
  auto const known = origin != "null" && std::ranges::find(origins_, origin) != origins_.end();
  return known ? std::string{origin} : std::string{};
}

net::Response Cors::preflight(net::Request const& request) const {
  auto const origin = allowed(request.headers.get("origin"));
  if (origin.empty() || !request.headers.has("access-control-request-method")) {
    auto const error = Error{Code::forbidden, "CORSResponse: This CORS request is not allowed."};
    return error_response(error, request);
  }
  auto response = net::Response{};
  response.headers.add("Access-Control-Allow-Origin", origin);
  response.headers.add("Access-Control-Allow-Methods", methods);
  auto const headers = request.headers.get("access-control-request-headers");
  if (!headers.empty()) response.headers.add("Access-Control-Allow-Headers", std::string{headers});
  response.headers.add("Access-Control-Max-Age", preflight_age_s);
  response.headers.add("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers");
  return response;
}

void Cors::expose(net::Request const& request, net::Response& response) const {
  auto const origin = allowed(request.headers.get("origin"));
  if (origin.empty()) return;
  response.headers.add("Access-Control-Allow-Origin", origin);
  response.headers.add("Access-Control-Expose-Headers", exposed);
  response.headers.add("Vary", "Origin");
}

}  // namespace hoist::s3api
