#include "adapters/clamd/connection.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>

#include "base/try.hpp"

namespace hoist::clamd {
namespace {

constexpr auto reply_bytes_max = std::size_t{4096};
constexpr auto answer = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> away(std::string cause) {
  return fail(Error{Code::unavailable, "The virus scanner cannot be reached."}.with_cause(std::move(cause)));
}

}  // namespace

struct Connection::Socket {
  Socket(asio::any_io_executor const& executor, Deadline deadline)
      : stream{executor}, timer{executor, deadline} {}
  asio::local::stream_protocol::socket stream;
  asio::steady_timer timer;
};

// The timer closes the socket under whatever waits for it.
Connection::Connection(asio::any_io_executor const& executor, Deadline deadline)
    : socket_{std::make_shared<Socket>(executor, deadline)} {
  socket_->timer.async_wait([weak = std::weak_ptr{socket_}](boost::system::error_code error) {
    auto ignored = boost::system::error_code{};
    auto const socket = weak.lock();
    if (!error && socket) socket->stream.close(ignored);
  });
}

Connection::~Connection() = default;

Async<> Connection::connect(std::string path) {
  auto endpoint = asio::local::stream_protocol::endpoint{};
  try {
    endpoint = asio::local::stream_protocol::endpoint{path};
  } catch (boost::system::system_error const&) {
    co_return away("socket path too long: " + path);
  }
  auto const [error] = co_await socket_->stream.async_connect(endpoint, answer);
  if (error) co_return away("connect " + path + ": " + error.message());
  co_return Result<void>{};
}

Async<> Connection::write(std::string_view bytes) {
  auto const [error, count] = co_await asio::async_write(socket_->stream, asio::buffer(bytes), answer);
  if (error) co_return away("write: " + error.message());
  co_return Result<void>{};
}

Async<> Connection::command(std::string_view name) {
  auto text = "z" + std::string{name};
  text.push_back('\0');
  co_return co_await write(text);
}

Async<std::string> Connection::read_reply() {
  auto text = std::string{};
  auto const [error, count] = co_await asio::async_read_until(
      socket_->stream, asio::dynamic_buffer(text, reply_bytes_max), '\0', answer);
  if (error) co_return away("read: " + error.message());
  co_return text.substr(0, count - 1);
}

Async<> ping(std::string socket, Deadline deadline) {
  auto connection = Connection{co_await asio::this_coro::executor, deadline};
  CO_CHECK(co_await connection.connect(std::move(socket)));
  CO_CHECK(co_await connection.command("PING"));
  CO_TRY(auto const reply, co_await connection.read_reply());
  if (reply != "PONG") co_return away("another answer to PING");
  co_return Result<void>{};
}

}  // namespace hoist::clamd
