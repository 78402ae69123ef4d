#include "adapters/clamd/scanner.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <mutex>
#include <vector>

#include "adapters/clamd/reply.hpp"
#include "base/try.hpp"

namespace hoist::clamd {
namespace {

constexpr auto chunk_bytes = std::size_t{256} << 10;
constexpr auto reply_bytes_max = std::size_t{4096};
constexpr auto version_max = std::chrono::seconds{5};
constexpr auto version_age_max = std::chrono::seconds{60};
constexpr auto answer = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> away(std::string cause) {
  return fail(Error{Code::unavailable, "The virus scanner cannot be reached."}.with_cause(std::move(cause)));
}

// A connection whose operations all end at one deadline: the timer closes the socket under them.
class Connection {
 public:
  Connection(asio::any_io_executor const& executor, Deadline deadline)
      : socket_{std::make_shared<asio::local::stream_protocol::socket>(executor)},
        timer_{executor, deadline} {
    timer_.async_wait([socket = socket_](boost::system::error_code error) {
      auto ignored = boost::system::error_code{};
      if (!error) socket->close(ignored);
    });
  }

  Async<> connect(std::string const& path) {
    auto endpoint = asio::local::stream_protocol::endpoint{};
    try {
      endpoint = asio::local::stream_protocol::endpoint{path};
    } catch (boost::system::system_error const&) {
      co_return away("socket path too long: " + path);
    }
    auto const [error] = co_await socket_->async_connect(endpoint, answer);
    if (error) co_return away("connect " + path + ": " + error.message());
    co_return Result<void>{};
  }

  Async<> write(std::string_view bytes) {
    auto const [error, count] = co_await asio::async_write(*socket_, asio::buffer(bytes), answer);
    if (error) co_return away("write: " + error.message());
    co_return Result<void>{};
  }

  // Up to the NUL that ends it.
  Async<std::string> read_reply() {
    auto text = std::string{};
    auto const [error, count] =
        co_await asio::async_read_until(*socket_, asio::dynamic_buffer(text, reply_bytes_max), '\0', answer);
    if (error) co_return away("read: " + error.message());
    co_return text.substr(0, count - 1);
  }

 private:
  std::shared_ptr<asio::local::stream_protocol::socket> socket_;
  asio::steady_timer timer_;
};

std::array<char, 4> length_of(std::size_t length) {
  return {static_cast<char>(length >> 24 & 0xff), static_cast<char>(length >> 16 & 0xff),
          static_cast<char>(length >> 8 & 0xff), static_cast<char>(length & 0xff)};
}

// Takes a place when there is one.
class Places {
 public:
  explicit Places(int count) : free_{count} {}

  Async<> take(Deadline deadline) {
    while (true) {
      auto const ticket = freed_.ticket();
      {
        auto const lock = std::lock_guard{mutex_};
        if (free_ > 0) {
          --free_;
          co_return Result<void>{};
        }
      }
      CO_TRY(auto const notified, co_await freed_.wait(ticket, deadline));
      if (!notified)
        co_return fail(Error{Code::unavailable, "The virus scanner is busy."}.with_retry_after(5));
    }
  }
  void give_back() {
    {
      auto const lock = std::lock_guard{mutex_};
      ++free_;
    }
    freed_.notify();
  }

 private:
  std::mutex mutex_;
  int free_;
  Signal freed_;
};

class Place {
 public:
  explicit Place(Places& places) : places_{places} {}
  Place(Place const&) = delete;
  ~Place() { places_.give_back(); }

 private:
  Places& places_;
};

class ClamdScanner final : public Scanner {
 public:
  explicit ClamdScanner(ScannerOptions options)
      : options_{std::move(options)}, places_{options_.connections_max} {}

  Async<ScanReport> scan(ByteSource& bytes, Deadline deadline) override {
    CO_CHECK(co_await places_.take(deadline));
    auto const place = Place{places_};
    auto const limit = std::min(deadline, deadline_in(options_.scan_max));
    CO_TRY(auto const version, co_await current_version(limit));
    auto connection = Connection{co_await asio::this_coro::executor, limit};
    CO_CHECK(co_await connection.connect(options_.socket));
    CO_CHECK(co_await stream(connection, bytes));
    CO_TRY(auto const reply, co_await connection.read_reply());
    CO_TRY(auto report, parse_verdict(reply));
    CO_CHECK(parse_version(version, report));
    co_return report;
  }

 private:
  // When clamd stops taking bytes it has an answer, which is read by the caller.
  static Async<> stream(Connection& connection, ByteSource& bytes) {
    auto command = std::string{"zINSTREAM"};
    command.push_back('\0');
    CO_CHECK(co_await connection.write(command));
    auto buffer = std::vector<char>(4 + chunk_bytes);
    while (true) {
      CO_TRY(auto const count, co_await bytes.read(std::span{buffer}.subspan(4)));
      std::ranges::copy(length_of(count), buffer.begin());
      auto const written = co_await connection.write({buffer.data(), 4 + count});
      if (!written || count == 0) co_return Result<void>{};
    }
  }

  Async<std::string> current_version(Deadline deadline) {
    auto const now = std::chrono::steady_clock::now();
    {
      auto const lock = std::lock_guard{mutex_};
      if (!version_.empty() && now - version_at_ < version_age_max) co_return version_;
    }
    auto connection = Connection{co_await asio::this_coro::executor, std::min(deadline, now + version_max)};
    CO_CHECK(co_await connection.connect(options_.socket));
    auto command = std::string{"zVERSION"};
    command.push_back('\0');
    CO_CHECK(co_await connection.write(command));
    CO_TRY(auto const reply, co_await connection.read_reply());
    auto probe = ScanReport{};
    CO_CHECK(parse_version(reply, probe));
    auto const lock = std::lock_guard{mutex_};
    version_ = reply;
    version_at_ = now;
    co_return reply;
  }

  ScannerOptions options_;
  Places places_;
  std::mutex mutex_;
  std::string version_;
  Deadline version_at_;
};

}  // namespace

std::unique_ptr<Scanner> make_scanner(ScannerOptions options) {
  return std::make_unique<ClamdScanner>(std::move(options));
}

}  // namespace hoist::clamd
