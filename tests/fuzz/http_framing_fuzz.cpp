// Any bytes as the start of a connection. What admit() lets through must mean the same to another
// parser (Beast's), and the chunked decoder must give the same body however the bytes are cut.

#include <boost/beast/http.hpp>

#include <cstdint>
#include <random>
#include <set>
#include <string>

#include "base/assert.hpp"
#include "net/detail/admit.hpp"
#include "net/detail/chunked.hpp"
#include "net/detail/inbound.hpp"

namespace {

namespace http = boost::beast::http;
using namespace hoist;

void agree_with_beast(std::string_view bytes, net::Head const& head) {
  auto parser = http::request_parser<http::empty_body>{};
  parser.header_limit(1U << 20U);
  parser.body_limit(boost::none);
  parser.eager(false);
  auto error = boost::system::error_code{};
  parser.put(boost::asio::buffer(bytes), error);
  HOIST_ASSERT(!error && parser.is_header_done());
  HOIST_ASSERT(parser.chunked() == head.chunked);
  auto const length = parser.content_length();
  HOIST_ASSERT(length.has_value() == head.content_length.has_value());
  HOIST_ASSERT(!length || static_cast<std::int64_t>(*length) == *head.content_length);
  HOIST_ASSERT(parser.get().target() == boost::beast::string_view(head.target.data(), head.target.size()));
}

struct Decoded {
  bool failed = false;
  std::string body;
  bool operator==(Decoded const&) const = default;
};

Decoded decode(std::string_view bytes, std::size_t piece) {
  auto decoder = net::ChunkedDecoder{};
  auto decoded = Decoded{};
  auto held = std::string{};
  while (!decoder.done()) {
    auto const step = decoder.next(held);
    if (!step) {
      decoded.failed = true;
      break;
    }
    decoded.body += held.substr(step->framing, step->data);
    held.erase(0, step->framing + step->data);
    if (step->data > 0) decoder.took(step->data);
    if (step->framing + step->data > 0) continue;
    if (bytes.empty()) break;
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const bytes = std::string_view{reinterpret_cast<char const*>(data), size};
  auto const limits = net::HeadLimits{};
  auto const end = net::find_head_end(bytes, 0, limits);
  if (!end || *end == 0) return 0;
  auto head = net::Head{};
  if (!net::admit(bytes.substr(0, *end), limits, head)) return 0;
  HOIST_ASSERT(!(head.chunked && head.content_length));
  agree_with_beast(bytes.substr(0, *end), head);
  auto random = std::mt19937_64{1};
  auto const trusted = std::set<std::string, std::less<>>{"10.0.0.1"};
  (void)net::make_request(head, {"10.0.0.1", trusted, random});
  if (head.chunked) {
    auto const body = bytes.substr(*end);
    HOIST_ASSERT(decode(body, 1) == decode(body, body.size() + 1));
  }
  return 0;
}
