#include "adapters/s3/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "adapters/s3/objects.hpp"
#include "base/try.hpp"

namespace hoist::s3 {

Reader::Reader(Client& client, ObjectInfo info, std::optional<ByteRange> range, Deadline deadline)
    : client_{client}, info_{std::move(info)}, deadline_{deadline} {
  if (!range) return;
  next_ = range->first;
  end_ = range->last + 1;
}

Async<std::size_t> Reader::read(std::span<char> buffer) {
  if (taken_ == piece_.size() && next_ < end_) CO_CHECK(co_await fetch());
  auto const count = std::min(buffer.size(), piece_.size() - taken_);
  std::copy_n(piece_.data() + taken_, count, buffer.data());
  taken_ += count;
  co_return count;
}

Async<> Reader::fetch() {
  auto const size = std::min(piece_bytes, end_ - next_);
  auto call = aws::HttpCall{.method = "GET"};
  call.headers = {{"range", fmt::format("bytes={}-{}", next_, next_ + size - 1)},
                  {"if-match", '"' + info_.etag + '"'}};
  auto answer = co_await client_.send(std::move(call), info_.ref, "GetObject", "GetObject", deadline_);
  if (!answer && answer.error().code() == Code::precondition)
    co_return fail(Code::conflict, "The object was replaced while it was read.");
  if (!answer) co_return std::unexpected{answer.error()};
  if (std::ssize(answer->body) != size)
    co_return fail(Error{Code::unavailable, "A service of the cloud answered nonsense."}.with_cause(
        fmt::format("{} of {} bytes", answer->body.size(), size)));
  piece_ = std::move(answer->body);
  taken_ = 0;
  next_ += size;
  co_return Result<void>{};
}

}  // namespace hoist::s3
