// Any bytes as an aws-chunked body: however they are cut, they decode the same, and never to more
// than was declared.
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "s3api/aws_chunked.hpp"

namespace {

using namespace hoist;

struct Decoded {
  bool failed = false;
  std::string bytes;
  std::map<std::string, std::string> trailers;
  bool operator==(Decoded const&) const = default;
};

Decoded decode(std::string_view input, std::int64_t declared, std::size_t piece) {
  auto parser =
      s3api::AwsChunkedParser{{.decoded_bytes = declared, .signatures = std::nullopt, .trailers = true}};
  auto decoded = Decoded{};
  while (!input.empty() && !decoded.failed) {
    auto rest = input.substr(0, piece);
    input.remove_prefix(rest.size());
    while (!rest.empty()) {
      auto const step = parser.step(rest);
      decoded.failed = !step;
      if (!step) break;
      HOIST_ASSERT(step->consumed > 0);
      decoded.bytes += step->bytes;
      rest.remove_prefix(step->consumed);
    }
  }
  HOIST_ASSERT(static_cast<std::int64_t>(decoded.bytes.size()) <= declared);
  decoded.failed = decoded.failed || !parser.finish();
  HOIST_ASSERT(decoded.failed || static_cast<std::int64_t>(decoded.bytes.size()) == declared);
  // What a refused body had decoded before does not count: nothing of it is kept.
  if (decoded.failed) decoded = Decoded{.failed = true, .bytes = {}, .trailers = {}};
  if (!decoded.failed) decoded.trailers = parser.trailers();
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size < 2) return 0;
  auto const declared = std::int64_t{data[0]};
  auto const piece = std::size_t{data[1]} % 16 + 1;
  auto const input = std::string_view{reinterpret_cast<char const*>(data) + 2, size - 2};
  HOIST_ASSERT(decode(input, declared, input.size() + 1) == decode(input, declared, piece));
  return 0;
}
