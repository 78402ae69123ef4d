#include "tasks/webhook_target.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <algorithm>
#include <array>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "net/url.hpp"

namespace hoist::tasks {
namespace {

namespace ip = boost::asio::ip;

constexpr std::uint16_t first_free_port = 1024;
constexpr auto service_ports =
    std::to_array<std::uint16_t>({1433, 1521, 2049, 2181, 2375, 2376, 2379, 3306, 3389,  4369,  5432,
                                  5672, 5900, 6379, 6443, 9042, 9092, 9200, 9300, 10250, 11211, 27017});

struct Range4 {
  std::uint32_t network;
  int bits;
};
constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}
constexpr auto special4 = std::to_array<Range4>({
    {v4(0, 0, 0, 0), 8},        // this network
    {v4(10, 0, 0, 0), 8},       // private
    {v4(100, 64, 0, 0), 10},    // shared by carriers
    {v4(127, 0, 0, 0), 8},      // loopback
    {v4(169, 254, 0, 0), 16},   // link local, and where clouds keep credentials
    {v4(172, 16, 0, 0), 12},    // private
    {v4(192, 0, 0, 0), 24},     // protocol assignments
    {v4(192, 0, 2, 0), 24},     // documentation
    {v4(192, 88, 99, 0), 24},   // 6to4 relays
    {v4(192, 168, 0, 0), 16},   // private
    {v4(198, 18, 0, 0), 15},    // benchmarks
    {v4(198, 51, 100, 0), 24},  // documentation
    {v4(203, 0, 113, 0), 24},   // documentation
    {v4(224, 0, 0, 0), 4},      // multicast
    {v4(240, 0, 0, 0), 4},      // reserved, and broadcast
});

bool is_public(ip::address_v4 const& address) {
  auto const value = address.to_uint();
  return std::ranges::none_of(
      special4, [&](Range4 const& range) { return (value ^ range.network) >> (32 - range.bits) == 0; });
}

// Only what is assigned to the Internet (2000::/3) without the tunnels that carry an IPv4 address or
// lead elsewhere; NAT64 is judged by the address inside.
bool is_public(ip::address_v6 const& address) {
  auto const bytes = address.to_bytes();
  auto const starts = [&](std::initializer_list<unsigned> prefix) {
    return std::equal(prefix.begin(), prefix.end(), bytes.begin(),
                      [](unsigned a, unsigned char b) { return a == b; });
  };
  if (address.is_v4_mapped()) return is_public(ip::make_address_v4(ip::v4_mapped, address));
  if (starts({0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0}))
    return is_public(ip::address_v4{ip::address_v4::bytes_type{bytes[12], bytes[13], bytes[14], bytes[15]}});
  if ((bytes[0] & 0xE0) != 0x20) return false;
  return !starts({0x20, 0x01, 0x00}) && !starts({0x20, 0x01, 0x0D, 0xB8}) && !starts({0x20, 0x02}) &&
         !starts({0x3F, 0xFE}) && !starts({0x3F, 0xFF}) && !address.is_multicast();
}

// Spellings of IPv4 addresses that resolvers accept and readers do not recognise.
bool looks_numeric(std::string_view host) {
  auto const last = host.substr(host.rfind('.') + 1);
  auto const digits = std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
  return last.empty() || digits || last.starts_with("0x") || last.starts_with("0X");
}

// The host as it is written. Boost.URL 1.81 reads "http://127.0.0.1./" as 127.0.0.1 and a path.
std::string written_host(std::string_view url) {
  auto const rest = url.substr(url.find("://") + 3);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  if (auto const colon = host.rfind(':'); colon != host.npos && !host.ends_with(']'))
    host = host.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return to_lower(host);
}

}  // namespace

bool is_public_address(std::string_view address) {
  auto error = boost::system::error_code{};
  auto const parsed = ip::make_address(std::string{address}, error);
  if (error) return false;
  return parsed.is_v4() ? is_public(parsed.to_v4()) : is_public(parsed.to_v6());
}

Result<void> check_webhook_url(std::string_view url, TargetRules const& rules) {
  TRY(auto const parsed, net::parse_url(url));
  auto const wrong = [](std::string reason) {
    return fail(Code::invalid, "The webhook's address " + reason);
  };
  if (std::ranges::any_of(url, [](char c) { return c <= 0x20 || c >= 0x7F || c == '@'; }))
    return wrong("must be plain ASCII without a user name.");
  if (written_host(url) != parsed.host) return wrong("is spelled in an unusual way.");
  auto error = boost::system::error_code{};
  auto const address = ip::make_address(parsed.host, error);
  if (!error) {
    if (address.to_string() != to_lower(parsed.host)) return wrong("is spelled in an unusual way.");
    if (!rules.allow_private && !is_public_address(parsed.host))
      return wrong("is not a public one; tasks.webhook_allow_private permits it.");
  } else if (parsed.host.ends_with('.') || looks_numeric(parsed.host)) {
    return wrong("is spelled in an unusual way.");
  } else if (!rules.allow_private &&
             (to_lower(parsed.host) == "localhost" || to_lower(parsed.host).ends_with(".localhost"))) {
    return wrong("is this machine; tasks.webhook_allow_private permits it.");
  }
  auto const usual = parsed.port == 80 || parsed.port == 443;
  if (!usual &&
      (parsed.port < first_free_port || std::ranges::find(service_ports, parsed.port) != service_ports.end()))
    return wrong("has a port of another service.");
  if (rules.ports_refused.contains(parsed.port) && (rules.allow_private || !usual))
    return wrong("has a port of this server.");
  return {};
}

}  // namespace hoist::tasks
