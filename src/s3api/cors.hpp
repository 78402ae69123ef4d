// Which web pages may use the endpoint from a browser. Credentials are never allowed: signatures
// travel in URLs and headers, not in cookies.
// Source   Fetch standard, "CORS protocol".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/message.hpp"

namespace hoist::s3api {

class Cors {
 public:
  explicit Cors(std::vector<std::string> origins) : origins_{std::move(origins)} {}
  [[nodiscard]] net::Response preflight(net::Request const& request) const;
  void expose(net::Request const& request, net::Response& response) const;

 private:
  // The value of Access-Control-Allow-Origin; empty: not allowed.
  [[nodiscard]] std::string allowed(std::string_view origin) const;
  std::vector<std::string> origins_;
};

}  // namespace hoist::s3api
