// Inside of the server: the body of the request at hand, as its handler reads it and as it must be
// disposed of before the connection may go on.
#pragma once

#include <array>
#include <memory>

#include "base/try.hpp"
#include "net/detail/admit.hpp"
#include "net/detail/channel.hpp"
#include "net/detail/chunked.hpp"
#include "net/message.hpp"

namespace hoist::net {

template <class Stream>
class RequestBody {
 public:
  RequestBody(Channel<Stream>& channel, ServerOptions const& options)
      : channel_{channel}, options_{options} {}
  RequestBody(RequestBody const&) = delete;
  ~RequestBody() { reclaim(); }

  // What the handler gets; it answers `cancelled` after reclaim(), even where the handler still holds it.
  [[nodiscard]] std::shared_ptr<BodySource> lend(Head const& head) {
    static auto nothing = NoBody{};
    chunked_ = head.chunked;
    left_ = head.content_length.value_or(0);
    taken_ = 0;
    decoder_ = {};
    failed_ = false;
    expect_continue_ = head.expect_continue && head.has_body();
    if (!head.has_body()) return {std::shared_ptr<void>{}, &nothing};
    lent_ = std::make_shared<Lent>();
    lent_->owner = this;
    return lent_;
  }
  void reclaim() {
    if (lent_) std::exchange(lent_, nullptr)->owner = nullptr;
  }

  [[nodiscard]] bool done() const { return left_ == 0 && (!chunked_ || decoder_.done()); }
  // Can what is left be read away cheaply, so that the connection may go on?
  [[nodiscard]] bool can_end() const {
    return !failed_ && (done() || (!chunked_ && !expect_continue_ && left_ <= drain_bytes_max));
  }
  // What the handler left unread would be taken for the next request. false: it did not end.
  asio::awaitable<bool> drain() {
    if (done()) co_return true;
    channel_.cap(deadline_in(drain_time));
    auto scratch = std::array<char, 4096>{};
    while (!done())
      if (!co_await read(scratch)) co_return false;
    channel_.cap(Deadline::max());
    co_return true;
  }

 private:
  static constexpr std::size_t chunk_read_bytes = 16 * 1024;
  static constexpr std::int64_t drain_bytes_max = 64 * 1024;
  static constexpr auto drain_time = std::chrono::milliseconds{2'000};

  struct Lent final : BodySource {
    RequestBody* owner = nullptr;
    Async<std::size_t> read(std::span<char> buffer) override {
      return owner != nullptr ? owner->read(buffer) : over();
    }
    static Async<std::size_t> over() { co_return fail(Code::cancelled, "The request is over."); }
  };
  struct NoBody final : BodySource {
    Async<std::size_t> read(std::span<char>) override { co_return std::size_t{0}; }
  };

  Async<std::size_t> read(std::span<char> buffer) {
    if (failed_) co_return fail(Code::invalid, "The body cannot be read any further.");
    if (done() || buffer.empty()) co_return std::size_t{0};
    if (std::exchange(expect_continue_, false) && channel_.in.empty())
      if (!co_await channel_.write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return broken_off();
    channel_.arm(options_.idle_timeout);
    auto count = chunked_ ? co_await read_chunked(buffer) : co_await read_fixed(buffer);
    channel_.disarm();
    co_return count;
  }

  asio::awaitable<Result<std::size_t>> read_fixed(std::span<char> buffer) {
    auto const wanted = std::min<std::uint64_t>(buffer.size(), static_cast<std::uint64_t>(left_));
    auto const count = co_await channel_.take(buffer.first(static_cast<std::size_t>(wanted)));
    if (count == 0) co_return broken_off();
    left_ -= static_cast<std::int64_t>(count);
    co_return count;
  }

  asio::awaitable<Result<std::size_t>> read_chunked(std::span<char> buffer) {
    auto& in = channel_.in;
    for (;;) {
      auto gathered = gather(buffer);
      if (!gathered || *gathered > 0 || decoder_.done()) co_return gathered;
      auto const wanted = std::min<std::uint64_t>(buffer.size(), decoder_.data_left());
      if (wanted == 0) {
        auto const count = co_await channel_.read_some(in.prepare(chunk_read_bytes));
        if (count == 0) co_return broken_off();
        in.commit(count);
        continue;
      }
      auto const count = co_await channel_.read_some(buffer.first(static_cast<std::size_t>(wanted)));
      if (count == 0) co_return broken_off();
      if (auto counted = took(count); !counted) co_return std::unexpected{std::move(counted).error()};
      co_return count;
    }
  }

  // Of all chunks that have arrived at once, so that many small ones cost little more than one.
  Result<std::size_t> gather(std::span<char> buffer) {
    auto& in = channel_.in;
    auto gathered = std::size_t{0};
    while (gathered < buffer.size()) {
      auto const step = decoder_.next(in.view());
      if (!step) return refused(step.error().code(), step.error().detail());
      in.consume(step->framing);
      auto const count = std::min(buffer.size() - gathered, step->data);
      if (count == 0) break;
      std::memcpy(buffer.data() + gathered, in.view().data(), count);
      in.consume(count);
      gathered += count;
      CHECK(took(count));
    }
    return gathered;
  }

  Result<void> took(std::size_t count) {
    decoder_.took(count);
    taken_ += static_cast<std::int64_t>(count);
    if (taken_ <= options_.body_bytes_max) return {};
    failed_ = true;
    return fail(Code::too_large, "The body is larger than this server takes.");
  }

  Result<std::size_t> refused(Code code, std::string detail) {
    failed_ = true;
    return fail(code, std::move(detail));
  }
  Result<std::size_t> broken_off() {
    if (channel_.timed_out()) return refused(Code::request_timeout, "The body took too long to arrive.");
    return refused(Code::invalid, "The body ended early.");
  }

  Channel<Stream>& channel_;
  ServerOptions const& options_;
  std::shared_ptr<Lent> lent_;
  ChunkedDecoder decoder_;
  std::int64_t left_ = 0;   // of a body of known length
  std::int64_t taken_ = 0;  // of a chunked one
  bool chunked_ = false;
  bool expect_continue_ = false;
  bool failed_ = false;
};

}  // namespace hoist::net
