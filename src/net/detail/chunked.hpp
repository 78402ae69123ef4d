// Takes the chunked coding off a body, strictly: no extensions, no trailers, no bare LF.
//
// Threads  one.   Errors  invalid: the connection must be closed, for its framing is lost.
// Source   RFC 9112 section 7.1; it lets a server refuse extensions and trailers it has no use for,
//          and both are where proxies have disagreed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.hpp"

namespace hoist::net {

class ChunkedDecoder {
 public:
  struct Step {
    std::size_t framing = 0;  // bytes at the front to be skipped
    std::size_t data = 0;     // bytes of the body that follow them
  };
  // Looks at what has arrived. Both zero: more bytes are needed, or done().
  [[nodiscard]] Result<Step> next(std::string_view bytes);
  // The caller took `count` bytes of data.
  void took(std::size_t count);

  [[nodiscard]] bool done() const { return state_ == State::done; }
  [[nodiscard]] std::uint64_t data_left() const { return state_ == State::data ? left_ : 0; }

 private:
  enum class State : std::uint8_t { size, data, data_end, last, done };
  [[nodiscard]] Result<std::size_t> read_size(std::string_view bytes);
  State state_ = State::size;
  std::uint64_t left_ = 0;
};

}  // namespace hoist::net
