// One connection from its first byte to its last: reads heads, lends the body to the handler,
// writes responses. Everything here runs on the connection's own thread.

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "net/detail/channel.hpp"
#include "net/detail/inbound.hpp"
#include "net/detail/refusal.hpp"
#include "net/detail/request_body.hpp"
#include "net/detail/shard.hpp"
#include "net/detail/upgrade.hpp"
#include "net/detail/wire.hpp"

namespace hoist::net {
namespace {

using boost::system::error_code;
using std::chrono::milliseconds;

constexpr std::size_t first_read_bytes = 4 * 1024;
constexpr std::size_t joined_body_bytes_max = 32 * 1024;  // copied behind the head: one write, one packet
constexpr std::size_t stream_buffer_bytes = 128 * 1024;

template <class Stream>
class Connection final : public Live, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(std::shared_ptr<Core> core, Shard& shard, Stream stream, Door::Verdict verdict)
      : core_{std::move(core)},
        shard_{shard},
        channel_{std::move(stream), core_->options.idle_timeout},
        body_{channel_, core_->options},
        verdict_{verdict} {
    place_ = shard_.connections.insert(shard_.connections.end(), this);
    auto error = error_code{};
    peer_ = spelled(channel_.raw().remote_endpoint(error).address());
  }

  ~Connection() override { shard_.connections.erase(place_); }

  [[nodiscard]] asio::cancellation_slot cancellation() { return kill_.slot(); }

  asio::awaitable<void> run() {
    if (!co_await channel_.handshake(core_->options.header_timeout)) co_return;
    if (verdict_ != Door::Verdict::serve)
      co_await refuse(503, reason_of(verdict_));
    else
      while (co_await serve_one()) {
      }
    if (!websocket_) co_await channel_.finish(linger_);
  }

  void expire() override {
    auto const self = this->shared_from_this();
    if (websocket_) return websocket_->abort();
    channel_.expire();
  }

  void drain() override {
    auto const self = this->shared_from_this();
    if (websocket_)
      spawn(shard_.context.get_executor(), [ws = websocket_]() -> asio::awaitable<void> {
        (void)co_await ws->close(1001, "The server is stopping.");
      });
    else if (waiting_)
      channel_.cancel();
    event_stop_.emit(asio::cancellation_type::terminal);
  }

  void kill() override {
    auto const self = this->shared_from_this();
    event_stop_.emit(asio::cancellation_type::terminal);
    kill_.emit(asio::cancellation_type::terminal);
    if (websocket_) return websocket_->abort();
    channel_.close();
  }

  [[nodiscard]] Deadline due() const override {
    return websocket_ ? websocket_->send_deadline() : channel_.deadline();
  }

 private:
  // ---- one request after the other

  asio::awaitable<std::size_t> read_head() {
    auto const& options = core_->options;
    auto scanned = std::size_t{0};
    auto head_bytes = std::size_t{0};
    waiting_ = channel_.in.empty();
    channel_.arm(waiting_ && served_ ? options.idle_timeout : options.header_timeout);
    for (;;) {
      if (!channel_.in.empty()) {
        auto const end = find_head_end(channel_.in.view(), scanned, core_->head_limits);
        if (!end) {
          co_await refuse(end.error().status, end.error().reason);
          co_return 0;
        }
        head_bytes = *end;
        scanned = channel_.in.view().size();
        if ((head_bytes > 0 ? head_bytes : scanned) > options.header_bytes_max) {
          co_await refuse(431, "The header is too large.");
          co_return 0;
        }
        if (head_bytes > 0) break;
      } else if (shard_.draining) {
        co_return 0;
      }
      auto const count = co_await channel_.read_some(channel_.in.prepare(first_read_bytes));
      channel_.in.commit(count);
      if (count == 0) {
        if (channel_.timed_out() && !channel_.in.empty()) co_await refuse(408, "The header took too long.");
        co_return 0;
      }
      if (std::exchange(waiting_, false) && served_) channel_.arm(options.header_timeout);
    }
    channel_.disarm();
    co_return head_bytes;
  }

  // true: the connection goes on with the next request.
  asio::awaitable<bool> serve_one() {
    auto const head_bytes = co_await read_head();
    if (head_bytes == 0) co_return false;
    served_ = true;
    if (auto admitted = admit(channel_.in.view().substr(0, head_bytes), core_->head_limits, head_);
        !admitted) {
      co_await refuse(admitted.error().status, admitted.error().reason);
      co_return false;
    }
    if (head_.content_length.value_or(0) > core_->options.body_bytes_max) {
      co_await refuse(413, "The body is larger than this server takes.");
      co_return false;
    }
    auto request = make_request(head_, {peer_, core_->trusted_proxies, shard_.generator});
    if (!request) {
      co_await refuse(400, request.error().detail());
      co_return false;
    }
    channel_.in.consume(head_bytes);
    auto const limit = core_->options.request_timeout;
    request->deadline = limit.count() > 0 ? deadline_in(limit) : Deadline::max();
    channel_.cap(request->deadline);
    request->stream = body_.lend(head_);
    auto const request_id = request->request_id;
    auto handshake_request = std::optional<Request>{};
    if (head_.upgrade) handshake_request = *request;
    auto const is_head = request->method == "HEAD";

    auto response = co_await ask_handler(*std::move(request));
    if (!response) co_return false;
    if (response->upgrade) {
      if (handshake_request && co_await upgrade(*std::move(handshake_request), std::move(response->upgrade)))
        co_return false;
      response = refusal_response(426, "This address speaks WebSocket only.", request_id);
      response->headers.add("Upgrade", "websocket");
    }
    auto const wire = WireRequest{.head = is_head,
                                  .minor_version = head_.minor_version,
                                  .keep_alive = head_.keep_alive && !shard_.draining && body_.can_end(),
                                  .tls = core_->tls.has_value(),
                                  .request_id = request_id,
                                  .date = shard_.date()};
    linger_ = !body_.done();
    auto const goes_on = co_await answer(*response, wire) && wire.keep_alive;
    body_.reclaim();
    co_return goes_on&& co_await body_.drain();
  }

  // Empty when the connection is being killed.
  asio::awaitable<std::optional<Response>> ask_handler(Request request) {
    auto const request_id = request.request_id;
    auto cause = std::string{};
    try {
      co_return co_await core_->handler.handle(std::move(request));
    } catch (boost::system::system_error const& thrown) {
      if (thrown.code() == asio::error::operation_aborted) co_return std::nullopt;
      cause = thrown.what();
    } catch (std::exception const& thrown) {
      cause = thrown.what();
    }
    log::error("a handler threw", {{"request_id", request_id}, {"cause", cause}});
    co_return problem(Error{Code::internal}, request_id);
  }

  asio::awaitable<void> refuse(int status, std::string_view reason) {
    (status == 503 ? core_->refused_connections : core_->refused_heads).add();
    auto const request_id = make_request_id(shard_.generator);
    log::debug("refused", {{"request_id", request_id}, {"peer", peer_}, {"reason", std::string{reason}}});
    auto const response = refusal_response(status, reason, request_id);
    linger_ = true;
    (void)co_await answer(response, {.keep_alive = false,
                                     .tls = core_->tls.has_value(),
                                     .request_id = request_id,
                                     .date = shard_.date()});
  }

  // ---- the response

  asio::awaitable<bool> answer(Response const& response, WireRequest const& wire) {
    out_.clear();
    channel_.cap(Deadline::max());  // a long answer may outlive the request's deadline
    auto const form = append_head(out_, response, wire);
    if (form != BodyForm::none && response.stream) co_return co_await send_stream(response, form);
    if (form == BodyForm::none) co_return co_await channel_.write_all(out_);
    if (response.body.size() > joined_body_bytes_max)
      co_return co_await channel_.write_all(out_, response.body);
    out_ += response.body;
    co_return co_await channel_.write_all(out_);
  }

  asio::awaitable<bool> send_stream(Response const& response, BodyForm form) {
    constexpr auto chunk_end = std::string_view{"\r\n"};
    auto const events = response.headers.get("Content-Type").starts_with("text/event-stream");
    auto buffer = std::make_unique_for_overwrite<char[]>(stream_buffer_bytes + chunk_end.size());
    auto left = response.stream_length.value_or(INT64_MAX);
    // Of an endless stream the head must not wait for the first bytes.
    if (form != BodyForm::fixed && !co_await channel_.write_all(std::exchange(out_, {}))) co_return false;
    while (left > 0) {
      auto const room = static_cast<std::size_t>(std::min<std::int64_t>(left, stream_buffer_bytes));
      auto const read = co_await read_source(*response.stream, {buffer.get(), room}, events);
      if (!read && events && shard_.draining) break;
      if (!read || (*read == 0 && form == BodyForm::fixed)) {
        log::warn("a response broke off",
                  {{"cause", read ? "its source ended early" : read.error().to_string()}});
        co_return false;  // the client sees the missing end
      }
      if (*read == 0) break;
      left -= static_cast<std::int64_t>(*read);
      auto bytes = *read;
      if (form == BodyForm::chunked) {
        append_chunk_head(out_, bytes);
        std::ranges::copy(chunk_end, buffer.get() + bytes);
        bytes += chunk_end.size();
      }
      if (!co_await channel_.write_all(out_, {buffer.get(), bytes})) co_return false;
      out_.clear();
    }
    if (form == BodyForm::chunked) out_ += "0\r\n\r\n";
    co_return co_await channel_.write_all(out_) && form != BodyForm::until_close &&
        !(events && shard_.draining);
  }

  // Event streams never end by themselves, so stop() may end the wait for the next event.
  asio::awaitable<Result<std::size_t>> read_source(BodySource& source, std::span<char> buffer, bool events) {
    if (!events) co_return co_await source.read(buffer);
    if (shard_.draining) co_return fail(Code::cancelled);
    try {
      co_return co_await asio::co_spawn(
          shard_.context.get_executor(), source.read(buffer),
          asio::bind_cancellation_slot(event_stop_.slot(), asio::use_awaitable));
    } catch (boost::system::system_error const& thrown) {
      co_return fail(Error{Code::cancelled}.with_cause(thrown.what()));
    }
  }

  asio::awaitable<bool> upgrade(Request request,
                                std::function<asio::awaitable<void>(std::shared_ptr<WebSocket>)> run_socket) {
    if (!equal_ignoring_case(request.headers.get("Upgrade"), "websocket") || !channel_.in.empty() ||
        !body_.done())
      co_return false;
    websocket_ = make_websocket(std::move(channel_.stream), core_->options);
    if (co_await websocket_->accept(request)) {
      auto cause = std::string{};
      try {
        if (!shard_.draining) co_await run_socket(websocket_);
      } catch (std::exception const& thrown) {
        cause = thrown.what();
      }
      if (!cause.empty())
        log::warn("a WebSocket ended", {{"request_id", request.request_id}, {"cause", cause}});
      (void)co_await websocket_->close(shard_.draining ? 1001 : 1000, {});
    }
    websocket_->abort();
    co_return true;
  }

  std::shared_ptr<Core> core_;
  Shard& shard_;
  Channel<Stream> channel_;
  RequestBody<Stream> body_;
  Door::Verdict verdict_;
  std::list<Live*>::iterator place_;
  std::string peer_;
  asio::cancellation_signal kill_;
  asio::cancellation_signal event_stop_;
  std::shared_ptr<LiveWebSocket> websocket_;

  std::string out_;
  Head head_;
  bool waiting_ = false;  // for a request to begin
  bool served_ = false;   // at least one request
  bool linger_ = false;
};

template <class Stream>
void launch(std::unique_ptr<Place> place, Shard& shard, Stream stream) {
  auto connection =
      std::make_shared<Connection<Stream>>(place->core(), shard, std::move(stream), place->verdict());
  auto* const raw = connection.get();
  asio::co_spawn(shard.context.get_executor(), raw->run(),
                 asio::bind_cancellation_slot(raw->cancellation(), [place = std::move(place), connection](
                                                                       std::exception_ptr failure) mutable {
                   connection.reset();
                   place.reset();
                   if (!failure) return;
                   try {
                     std::rethrow_exception(failure);
                   } catch (boost::system::system_error const& thrown) {
                     if (thrown.code() == asio::error::operation_aborted) return;  // killed by stop()
                     log::error("a connection failed", {{"cause", thrown.what()}});
                   } catch (std::exception const& thrown) {
                     log::error("a connection failed", {{"cause", thrown.what()}});
                   }
                 }));
}

}  // namespace

void start_connection(std::unique_ptr<Place> place, Shard& shard, Socket socket) {
  auto const core = place->core();
  auto error = error_code{};
  socket.set_option(asio::ip::tcp::no_delay{true}, error);
  if (core->tls)
    launch(std::move(place), shard, TlsStream{std::move(socket), *core->tls});
  else
    launch(std::move(place), shard, std::move(socket));
}

}  // namespace hoist::net
