// An answer as its reader has it in the end: a body of known length is read into `body`.
#pragma once

#include <utility>
#include <vector>

#include "base/try.hpp"
#include "net/message.hpp"

namespace hoist::testing {

inline Async<net::Response> whole(net::Response answer) {
  if (!answer.stream || !answer.stream_length) co_return answer;
  auto buffer = std::vector<char>(64 << 10);
  while (true) {
    CO_TRY(auto const count, co_await answer.stream->read(buffer));
    if (count == 0) break;
    answer.body.append(buffer.data(), count);
  }
  answer.stream.reset();
  co_return answer;
}

}  // namespace hoist::testing
