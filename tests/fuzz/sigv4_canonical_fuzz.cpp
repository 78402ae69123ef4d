// Any request target and headers: what the signer signs, the verifier takes; and nothing that is not
// well formed gets as far as a signature. Lines of the input: method, path, then name=value as
// query parameters until an empty line, then name:value as headers.
#include <cstdint>
#include <string>

#include "aws/sigv4.hpp"
#include "aws/verify.hpp"
#include "base/assert.hpp"
#include "base/encode.hpp"

namespace {

using namespace hoist;

constexpr std::string_view token_characters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string_view take_line(std::string_view& rest) {
  auto const line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return line;
}

void take_pair(aws::Pairs& pairs, std::string_view line, char separator) {
  auto const at = std::min(line.find(separator), line.size());
  pairs.emplace_back(line.substr(0, at), line.substr(std::min(at + 1, line.size())));
}

bool speaks_of_authentication(aws::Pairs const& pairs) {
  for (auto const& [name, value] : pairs)
    for (auto const* word : {"x-amz-", "authorization", "host", "aws"})
      if (to_lower(name).starts_with(word)) return true;
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto rest = std::string_view{reinterpret_cast<char const*>(data), size};
  auto const method = std::string{take_line(rest)};
  auto const path = std::string{take_line(rest)};
  auto query = aws::Pairs{};
  auto headers = aws::Pairs{};
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) take_pair(query, line, '=');
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) take_pair(headers, line, ':');

  auto const received = [&] { return aws::RequestView{method, path, query, headers}; };
  auto const parsed = aws::parse_authorization(received());
  if (parsed && *parsed) {
    auto const key = aws::SigningKey{"secret", (*parsed)->scope};
    HOIST_ASSERT(!aws::verify_signature(received(), **parsed, key));  // nobody guesses a signature
    return 0;
  }
  // Names that are no tokens never come through the server.
  for (auto const& [name, value] : headers)
    if (name.empty() || name.find_first_not_of(token_characters) != name.npos) return 0;
  if (!parsed || speaks_of_authentication(headers) || speaks_of_authentication(query)) return 0;
  auto const now = from_us(1'700'000'000'000'000);
  headers.emplace_back("Host", "localhost");
  auto const added = aws::Signer{{"AKID", "secret"}, "r"}.sign(received(), aws::unsigned_payload, now);
  headers.insert(headers.end(), added.begin(), added.end());
  auto const again = aws::parse_authorization(received());
  HOIST_ASSERT(again && *again);
  auto const key = aws::SigningKey{"secret", (*again)->scope};
  HOIST_ASSERT(aws::verify_signature(received(), **again, key));
  auto moved = path + "x";
  HOIST_ASSERT(!aws::verify_signature({method, moved, query, headers}, **again, key));
  return 0;
}
