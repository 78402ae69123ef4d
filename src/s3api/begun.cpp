#include "s3api/begun.hpp"

#include <algorithm>

#include "base/try.hpp"

namespace hoist::s3api {
namespace {

constexpr std::int64_t first_piece_bytes_max = 128 * 1024;

class Begun final : public net::BodySource {
 public:
  Begun(std::string first, std::shared_ptr<net::BodySource> rest)
      : first_{std::move(first)}, rest_{std::move(rest)} {}

  Async<std::size_t> read(std::span<char> buffer) override {
    if (given_ == first_.size()) co_return co_await rest_->read(buffer);
    auto const count = first_.copy(buffer.data(), buffer.size(), given_);
    given_ += count;
    if (given_ == first_.size()) {
      first_ = {};
      given_ = 0;
    }
    co_return count;
  }

 private:
  std::string first_;
  std::size_t given_ = 0;
  std::shared_ptr<net::BodySource> rest_;
};

}  // namespace

Async<> begin_stream(net::Response& response) {
  auto const length = std::min(response.stream_length.value_or(0), first_piece_bytes_max);
  if (!response.stream || length <= 0) co_return Result<void>{};
  auto first = std::string(static_cast<std::size_t>(length), '\0');
  CO_TRY(auto const count, co_await response.stream->read(first));
  first.resize(count);
  response.stream = std::make_shared<Begun>(std::move(first), std::move(response.stream));
  co_return Result<void>{};
}

}  // namespace hoist::s3api
