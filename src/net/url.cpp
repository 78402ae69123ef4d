#include "net/url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <charconv>

#include "base/encode.hpp"

namespace hoist::net {

Result<Url> parse_url(std::string_view text) {
  auto const parsed = boost::urls::parse_uri(text);
  if (!parsed) return fail(Code::invalid, "This is not a URL.");
  auto const& view = *parsed;
  auto url = Url{};
  url.tls = view.scheme() == "https";
  if (!url.tls && view.scheme() != "http")
    return fail(Code::invalid, "Only http and https URLs are possible.");
  if (view.has_userinfo()) return fail(Code::invalid, "A URL must not hold a user name.");
  url.host = to_lower(std::string{view.host_address()});
  // Where Boost.URL 1.81 does not understand the host or the port, it takes them for a path.
  auto const behind_scheme = text.substr(view.scheme().size() + std::string_view{"://"}.size());
  auto const written = behind_scheme.substr(0, behind_scheme.find_first_of("/?#"));
  if (std::string_view{view.encoded_authority()} != written)
    return fail(Code::invalid, "The URL has no usable host and port.");
  if (url.host.empty() || view.host_type() == boost::urls::host_type::ipvfuture)
    return fail(Code::invalid, "The URL has no usable host.");
  auto const scheme_port = std::uint16_t{url.tls ? std::uint16_t{443} : std::uint16_t{80}};
  url.port = scheme_port;
  if (auto const port = std::string_view{view.port()}; !port.empty()) {
    auto const [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
    if (error != std::errc{} || end != port.data() + port.size()) url.port = 0;
  }
  if (url.port == 0) return fail(Code::invalid, "The URL has no usable port.");
  url.authority = std::string{view.encoded_host()};
  if (url.port != scheme_port) url.authority += ':' + std::to_string(url.port);
  url.target = std::string{view.encoded_target()};
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

}  // namespace hoist::net
