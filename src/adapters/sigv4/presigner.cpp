#include "adapters/sigv4/presigner.hpp"

#include "base/encode.hpp"

namespace hoist::sigv4 {

Result<Presigner> Presigner::open(PresignerOptions options) {
  auto const& url = options.base_url;
  auto const scheme_end = url.find("://");
  auto const good_scheme = url.starts_with("http://") || url.starts_with("https://");
  if (!good_scheme) return invalid_field("base_url", "must start with http:// or https://");
  auto const host_start = scheme_end + 3;
  auto const host_end = std::min(url.find('/', host_start), url.size());
  auto host = url.substr(host_start, host_end - host_start);
  if (host.empty() || host.find_first_of("?#@ ") != host.npos)
    return invalid_field("base_url", "must name a host and nothing but a path after it");
  auto prefix = url.substr(host_end);
  while (prefix.ends_with('/')) prefix.pop_back();
  // Clients leave the default port out of the Host header, and the Host header is signed.
  auto const default_port = url.starts_with("https://") ? ":443" : ":80";
  if (host.ends_with(default_port)) host.resize(host.size() - std::string_view{default_port}.size());
  auto origin = url.substr(0, host_start) + host;
  return Presigner{std::move(origin), std::move(host), std::move(prefix),
                   aws::Signer{std::move(options.credentials), std::move(options.region)}};
}

Presigner::Presigner(std::string origin, std::string host, std::string prefix, aws::Signer signer)
    : origin_{std::move(origin)},
      host_{std::move(host)},
      prefix_{std::move(prefix)},
      signer_{std::move(signer)} {}

PresignedUrl Presigner::presign(PresignRequest const& request, Time now) const {
  auto headers = StringMap{};
  for (auto const& [name, value] : request.headers) headers.emplace(to_lower(name), value);
  auto const path = prefix_ + "/" + request.ref.bucket + "/" + request.ref.key;
  auto result = PresignedUrl{};
  result.url = signer_.presign(
      aws::UrlToSign{request.method, origin_, host_, path, headers, request.query, request.lifetime}, now);
  result.headers = std::move(headers);
  result.expires_at = std::chrono::floor<std::chrono::seconds>(now) + request.lifetime;
  return result;
}

}  // namespace hoist::sigv4
