// Inside of the server: the bytes of one connection, plain or TLS, each wait with a deadline.
// The deadline is not a timer of its own: the shard's sweeper looks at it now and then.
#pragma once

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/async.hpp"
#include "net/detail/shard.hpp"

namespace hoist::net {

// What has arrived and is not consumed yet, in one piece.
class InBuffer {
 public:
  [[nodiscard]] std::string_view view() const { return {bytes_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::span<char> prepare(std::size_t bytes) {
    if (begin_ == end_) begin_ = end_ = 0;
    if (bytes_.size() - end_ < bytes) {
      if (begin_ > 0) std::memmove(bytes_.data(), bytes_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      if (bytes_.size() < end_ + bytes) bytes_.resize(end_ + bytes);
    }
    return {bytes_.data() + end_, bytes_.size() - end_};
  }
  void commit(std::size_t bytes) { end_ += bytes; }
  void consume(std::size_t bytes) { begin_ += bytes; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

template <class Stream>
class Channel {
 public:
  Channel(Stream its_stream, std::chrono::milliseconds write_timeout)
      : stream{std::move(its_stream)}, write_timeout_{write_timeout} {}

  Stream stream;
  InBuffer in;

  [[nodiscard]] Socket& raw() {
    if constexpr (is_tls)
      return stream.next_layer();
    else
      return stream;
  }

  // ---- deadlines

  void arm(std::chrono::milliseconds limit) {
    timed_out_ = false;
    deadline_ = std::min(deadline_in(limit), cap_);
  }
  void disarm() { deadline_ = Deadline::max(); }
  void cap(Deadline latest) { cap_ = latest; }  // no wait lasts longer; max() for no cap
  [[nodiscard]] Deadline deadline() const { return deadline_; }
  [[nodiscard]] bool timed_out() const { return timed_out_; }
  void expire() {
    timed_out_ = true;
    cancel();
  }
  void cancel() {
    auto error = boost::system::error_code{};
    raw().cancel(error);
  }
  void close() {
    auto error = boost::system::error_code{};
    raw().close(error);
  }

  // ---- bytes

  asio::awaitable<bool> handshake(std::chrono::milliseconds limit) {
    auto error = boost::system::error_code{};
    if constexpr (is_tls) {
      arm(limit);
      co_await stream.async_handshake(asio::ssl::stream_base::server,
                                      asio::redirect_error(asio::use_awaitable, error));
      disarm();
    }
    co_return !error;
  }

  // 0: the peer ended, the deadline passed, or the connection broke.
  asio::awaitable<std::size_t> read_some(std::span<char> to) {
    auto error = boost::system::error_code{};
    auto const count = co_await stream.async_read_some(asio::buffer(to.data(), to.size()),
                                                       asio::redirect_error(asio::use_awaitable, error));
    co_return error ? 0 : count;
  }

  // From the buffer first, then straight from the socket into the reader's hands.
  asio::awaitable<std::size_t> take(std::span<char> to) {
    if (in.empty()) co_return co_await read_some(to);
    auto const count = std::min(to.size(), in.view().size());
    std::memcpy(to.data(), in.view().data(), count);
    in.consume(count);
    co_return count;
  }

  asio::awaitable<bool> write_all(std::string_view first, std::string_view second = {}) {
    while (!first.empty() || !second.empty()) {
      arm(write_timeout_);
      auto error = boost::system::error_code{};
      auto const buffers = std::array{asio::buffer(first), asio::buffer(second)};
      auto const count =
          co_await stream.async_write_some(buffers, asio::redirect_error(asio::use_awaitable, error));
      if (error) co_return false;
      auto const from_first = std::min(count, first.size());
      first.remove_prefix(from_first);
      second.remove_prefix(count - from_first);
    }
    disarm();
    co_return true;
  }

  // Closing with unread bytes would reset the connection and take the answer with it, so with
  // `linger` the client gets a moment to read it and to stop sending.
  asio::awaitable<void> finish(bool linger) {
    auto error = boost::system::error_code{};
    cap(Deadline::max());
    arm(linger_time);
    if constexpr (is_tls) co_await stream.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
    raw().shutdown(asio::socket_base::shutdown_send, error);
    auto scratch = std::array<char, 4096>{};
    while (linger && !timed_out_ && !error)
      co_await raw().async_read_some(asio::buffer(scratch), asio::redirect_error(asio::use_awaitable, error));
    close();
  }

 private:
  static constexpr auto is_tls = std::is_same_v<Stream, TlsStream>;
  static constexpr auto linger_time = std::chrono::milliseconds{1'000};

  std::chrono::milliseconds write_timeout_;
  Deadline deadline_ = Deadline::max();
  Deadline cap_ = Deadline::max();
  bool timed_out_ = false;
};

}  // namespace hoist::net
