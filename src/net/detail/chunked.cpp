#include "net/detail/chunked.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/try.hpp"

namespace hoist::net {
namespace {

constexpr std::size_t size_digits_max = 15;  // fits 63 bits

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// 2 when CR LF stands there, 0 when it may still arrive.
Result<std::size_t> read_line_end(std::string_view bytes) {
  if (bytes.empty() || bytes == "\r") return std::size_t{0};
  if (bytes.starts_with("\r\n")) return std::size_t{2};
  return fail(Code::invalid, "The chunked body is malformed.");
}

}  // namespace

Result<std::size_t> ChunkedDecoder::read_size(std::string_view bytes) {
  auto digits = std::size_t{0};
  auto value = std::uint64_t{0};
  while (digits < bytes.size() && hex_digit(bytes[digits]) >= 0) {
    if (digits == size_digits_max) return fail(Code::invalid, "A chunk is too large.");
    value = value * 16 + static_cast<std::uint64_t>(hex_digit(bytes[digits++]));
  }
  if (digits == bytes.size()) return std::size_t{0};
  if (digits == 0) return fail(Code::invalid, "The chunked body is malformed.");
  TRY(auto const line_end, read_line_end(bytes.substr(digits)));
  if (line_end == 0) return std::size_t{0};
  left_ = value;
  state_ = value == 0 ? State::last : State::data;
  return digits + line_end;
}

Result<ChunkedDecoder::Step> ChunkedDecoder::next(std::string_view bytes) {
  auto step = Step{};
  for (;;) {
    auto const rest = bytes.substr(step.framing);
    auto framing = std::size_t{0};
    switch (state_) {
      case State::done: return step;
      case State::data:
        step.data = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
        return step;
      case State::size: {
        TRY(framing, read_size(rest));
        break;
      }
      case State::data_end: {
        TRY(framing, read_line_end(rest));
        if (framing > 0) state_ = State::size;
        break;
      }
      case State::last: {
        TRY(framing, read_line_end(rest));
        if (framing > 0) state_ = State::done;
        break;
      }
    }
    if (framing == 0) return step;
    step.framing += framing;
  }
}

void ChunkedDecoder::took(std::size_t count) {
  HOIST_ASSERT(state_ == State::data && count <= left_);
  left_ -= count;
  if (left_ == 0) state_ = State::data_end;
}

}  // namespace hoist::net
