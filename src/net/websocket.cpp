#include "net/websocket.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "net/detail/upgrade.hpp"

namespace hoist::net {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr std::size_t message_bytes_max = 64 * 1024;
constexpr std::size_t kept_buffer_bytes_max = 4 * 1024;

std::unexpected<Error> closed(boost::system::error_code error) {
  return fail(Error{Code::unavailable, "The WebSocket is closed."}.with_cause(error.message()));
}

template <class Stream>
class BeastSocket final : public LiveWebSocket {
 public:
  BeastSocket(Stream stream, ServerOptions const& options)
      : stream_{std::move(stream)}, send_timeout_{options.idle_timeout} {
    auto timeout = websocket::stream_base::timeout{};
    timeout.handshake_timeout = options.header_timeout;
    timeout.idle_timeout = options.idle_timeout;
    timeout.keep_alive_pings = true;
    stream_.set_option(timeout);
    stream_.read_message_max(message_bytes_max);
    stream_.auto_fragment(false);
    auto deflate = websocket::permessage_deflate{};
    deflate.server_enable = false;
    stream_.set_option(deflate);
  }

  asio::awaitable<bool> accept(Request const& request) override {
    auto handshake = beast::http::request<beast::http::empty_body>{};
    handshake.method_string(request.method);
    handshake.target(request.target);
    handshake.version(11);
    for (auto const& [name, value] : request.headers.all()) handshake.insert(name, value);
    stream_.set_option(
        websocket::stream_base::decorator([id = request.request_id](websocket::response_type& response) {
          response.set("Server", "hoist");
          response.set("X-Request-ID", id);
          response.set("X-Content-Type-Options", "nosniff");
        }));
    auto error = boost::system::error_code{};
    co_await stream_.async_accept(handshake, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }

  Async<> send(std::string text) override {
    if (sending_) co_return fail(Error{Code::internal}.with_cause("two sends at once on one WebSocket"));
    sending_ = true;
    send_deadline_ = deadline_in(send_timeout_);
    stream_.text(true);
    auto error = boost::system::error_code{};
    co_await stream_.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    send_deadline_ = Deadline::max();
    sending_ = false;
    if (error) co_return closed(error);
    co_return Result<void>{};
  }

  Async<std::string> receive() override {
    auto error = boost::system::error_code{};
    co_await stream_.async_read(buffer_, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return closed(error);
    if (!stream_.got_text()) {
      co_await close_quietly(websocket::close_code::unknown_data, "Only text messages are understood.");
      co_return fail(Code::unavailable, "The WebSocket is closed.");
    }
    auto message = beast::buffers_to_string(buffer_.data());
    buffer_.clear();
    if (buffer_.capacity() > kept_buffer_bytes_max) buffer_.shrink_to_fit();
    co_return message;
  }

  Async<> close(int code, std::string reason) override {
    co_await close_quietly(static_cast<websocket::close_code>(code), reason);
    co_return Result<void>{};
  }

  void abort() override {
    auto error = boost::system::error_code{};
    beast::get_lowest_layer(stream_).close(error);
  }

  [[nodiscard]] Deadline send_deadline() const override { return send_deadline_; }

 private:
  asio::awaitable<void> close_quietly(websocket::close_code code, std::string_view reason) {
    if (std::exchange(closing_, true)) {  // Beast allows one close at a time; wait for the other
      if (auto const ticket = closed_signal_.ticket(); !closed_)
        (void)co_await closed_signal_.wait(ticket, deadline_in(send_timeout_));
      co_return;
    }
    auto error = boost::system::error_code{};
    auto const why = websocket::close_reason{code, beast::string_view{reason.data(), reason.size()}};
    co_await stream_.async_close(why, asio::redirect_error(asio::use_awaitable, error));
    closed_ = true;
    closed_signal_.notify();
  }

  websocket::stream<Stream> stream_;
  beast::flat_buffer buffer_;
  std::chrono::milliseconds send_timeout_;
  Deadline send_deadline_ = Deadline::max();
  bool sending_ = false;
  bool closing_ = false;
  bool closed_ = false;
  Signal closed_signal_;
};

}  // namespace

std::shared_ptr<LiveWebSocket> make_websocket(Socket stream, ServerOptions const& options) {
  return std::make_shared<BeastSocket<Socket>>(std::move(stream), options);
}

std::shared_ptr<LiveWebSocket> make_websocket(TlsStream stream, ServerOptions const& options) {
  return std::make_shared<BeastSocket<TlsStream>>(std::move(stream), options);
}

}  // namespace hoist::net
