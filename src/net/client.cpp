#include "net/client.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <linux/sockios.h>
#include <map>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <variant>

#include "base/try.hpp"
#include "net/detail/admit.hpp"
#include "net/url.hpp"

namespace hoist::net {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t joined_body_bytes_max = 16 * 1024;  // goes out in one packet with the head
constexpr std::size_t informational_max = 8;
constexpr int unsent_bytes_max = 128 * 1024;  // held by the kernel, where a stall is to be noticed
constexpr std::int64_t link_bytes_per_s_min = 4 * 1024;

using Plain = beast::tcp_stream;
using Tls = beast::ssl_stream<beast::tcp_stream>;

struct Link {
  std::variant<Plain, Tls> stream;
  beast::flat_buffer buffer{head_bytes_max + piece_bytes};
  Deadline idle_until{};
  bool reused = false;

  [[nodiscard]] Plain& lowest() {
    if (auto* const plain = std::get_if<Plain>(&stream)) return *plain;
    return std::get<Tls>(stream).next_layer();
  }
  // The server may have closed while the connection lay in the pool; bytes that were not asked for are as
  // bad.
  [[nodiscard]] bool still_quiet() {
    auto byte = char{};
    auto const count = ::recv(lowest().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && buffer.size() == 0;
  }
};

using LinkPointer = std::unique_ptr<Link>;

// Ends a connection on which nothing moves, long before the deadline of a large transfer would.
class Pace {
 public:
  Pace(Link& link, ClientOptions const& options, Deadline deadline)
      : link_{link}, stall_{options.stall_timeout}, deadline_{deadline} {}

  // Before each piece is written or read.
  void arm() const { arm(std::chrono::milliseconds{0}); }

  // What the kernel still holds has to reach the other side before an answer can come.
  void arm_for_answer() const {
    auto unsent = 0;
    if (stall_) ::ioctl(link_.lowest().socket().native_handle(), SIOCOUTQ, &unsent);
    arm(std::chrono::milliseconds{std::int64_t{unsent} * 1000 / link_bytes_per_s_min});
  }

 private:
  void arm(std::chrono::milliseconds more) const {
    link_.lowest().expires_at(stall_ ? std::min(deadline_, deadline_in(*stall_ + more)) : deadline_);
  }

  Link& link_;
  std::optional<std::chrono::milliseconds> stall_;
  Deadline deadline_;
};

struct Host {
  std::vector<LinkPointer> idle;
  std::size_t open = 0;  // idle ones included
  Signal freed;
};

std::unexpected<Error> broken(error_code error, std::string_view host) {
  if (error == beast::error::timeout)
    return fail(Error{Code::timeout, "The other side did not answer in time."}.with_cause(std::string{host}));
  if (error == http::error::body_limit) return fail(Code::too_large, "The response is too large.");
  return fail(Error{Code::unavailable, "The other side cannot be reached."}.with_cause(
      fmt::format("{}: {}", host, error.message())));
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE";
}

bool is_clean(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

Result<std::string> request_head(ClientRequest const& request, Url const& url) {
  auto head = fmt::format("{} {} HTTP/1.1\r\n", request.method, url.target);
  if (!request.headers.has("Host")) head += fmt::format("Host: {}\r\n", url.authority);
  if (!request.headers.has("User-Agent")) head += "User-Agent: hoist\r\n";
  for (auto const& [name, value] : request.headers.all()) {
    if (equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding"))
      continue;
    if (!is_clean(name) || !is_clean(value))
      return fail(Error{Code::invalid, "A header field holds control characters."}.with_cause(name));
    head.append(name).append(": ").append(value).append("\r\n");
  }
  auto const length =
      request.stream ? request.stream_length.value_or(-1) : static_cast<std::int64_t>(request.body.size());
  if (length < 0) return fail(Error{Code::internal}.with_cause("a streamed request needs its length"));
  if (length > 0 || (request.method != "GET" && request.method != "HEAD"))
    head += fmt::format("Content-Length: {}\r\n", length);
  return head + "\r\n";
}

// Sends one request. An empty error: the head or body could not be written, so an answer may still
// be waiting (a refusal before the end of the body).
template <class Stream>
asio::awaitable<bool> write_all(Stream& stream, Pace pace, std::string_view bytes) {
  auto error = error_code{};
  while (!bytes.empty()) {
    pace.arm();
    bytes.remove_prefix(co_await stream.async_write_some(asio::buffer(bytes),
                                                         asio::redirect_error(asio::use_awaitable, error)));
    if (error) co_return false;
  }
  co_return true;
}

template <class Stream>
Async<bool> send_request(Stream& stream, Pace pace, ClientRequest& request, std::string head) {
  if (request.body.size() <= joined_body_bytes_max) head += request.body;
  if (!co_await write_all(stream, pace, head)) co_return false;
  if (request.body.size() > joined_body_bytes_max && !co_await write_all(stream, pace, request.body))
    co_return false;
  if (!request.stream) co_return true;
  auto buffer = std::make_unique_for_overwrite<char[]>(piece_bytes);
  for (auto left = *request.stream_length; left > 0;) {
    auto const room = static_cast<std::size_t>(std::min<std::int64_t>(left, piece_bytes));
    CO_TRY(auto const count, co_await request.stream->read({buffer.get(), room}));
    if (count == 0)
      co_return fail(Error{Code::internal}.with_cause("a request body ended before its length"));
    if (!co_await write_all(stream, pace, {buffer.get(), count})) co_return false;
    left -= static_cast<std::int64_t>(count);
  }
  co_return true;
}

using Parser = http::response_parser<http::buffer_body>;

template <class Stream>
Async<> read_body(Stream& stream, Pace pace, beast::flat_buffer& buffer, Parser& parser,
                  ClientRequest& request, Response& response, std::string_view host) {
  auto const to_sink = request.sink && response.status / 100 == 2;
  auto piece = std::make_unique_for_overwrite<char[]>(piece_bytes);
  while (!parser.is_done()) {
    parser.get().body().data = piece.get();
    parser.get().body().size = piece_bytes;
    auto error = error_code{};
    pace.arm();
    co_await http::async_read_some(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error == http::error::need_buffer) error = {};
    if (error) co_return broken(error, host);
    auto const bytes = std::string_view{piece.get(), piece_bytes - parser.get().body().size};
    if (to_sink) {
      if (!bytes.empty()) CO_CHECK(co_await request.sink(bytes));
    } else if (response.body.size() + bytes.size() > request.response_bytes_max) {
      co_return fail(Code::too_large, "The response is too large.");
    } else {
      response.body += bytes;
    }
  }
  co_return Result<void>{};
}

struct Exchange {
  Response response;
  bool reusable = false;
  bool untouched = false;  // nothing came back: a stale connection, perhaps
};

template <class Stream>
Async<Exchange> exchange(Stream& stream, Link& link, Pace pace, ClientRequest& request, std::string head,
                         std::string host) {
  auto outcome = Exchange{};
  CO_TRY(auto const sent, co_await send_request(stream, pace, request, std::move(head)));
  for (auto i = std::size_t{0}; i <= informational_max; ++i) {
    auto parser = Parser{};
    parser.header_limit(head_bytes_max);
    parser.body_limit(boost::none);  // counted in read_body
    parser.skip(request.method == "HEAD");
    auto error = error_code{};
    pace.arm_for_answer();
    co_await http::async_read_header(stream, link.buffer, parser,
                                     asio::redirect_error(asio::use_awaitable, error));
    if (error) {
      outcome.untouched = error != beast::error::timeout && i == 0 && link.buffer.size() == 0;
      if (outcome.untouched && link.reused) co_return outcome;
      co_return broken(error, host);
    }
    auto const status = static_cast<int>(parser.get().result_int());
    if (status < 200 && status != 101) continue;
    outcome.response.status = status;
    for (auto const& field : parser.get())
      outcome.response.headers.add(std::string{field.name_string()}, std::string{field.value()});
    CO_CHECK(co_await read_body(stream, pace, link.buffer, parser, request, outcome.response, host));
    outcome.reusable = sent && parser.keep_alive() && status != 101;
    co_return outcome;
  }
  co_return fail(Code::unavailable, "The other side sends no final answer.");
}

}  // namespace

struct Client::State {
  ClientOptions options;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  std::map<std::string, Host, std::less<>> hosts;

  explicit State(ClientOptions given) : options{std::move(given)} {
    auto error = error_code{};
    tls.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
    if (options.ca_file.empty())
      tls.set_default_verify_paths(error);
    else
      tls.load_verify_file(options.ca_file, error);  // without it every certificate is refused
    tls.set_verify_mode(asio::ssl::verify_peer, error);
  }

  static Async<std::vector<tcp::endpoint>> resolve(Url url, Deadline deadline);
  Async<std::vector<tcp::endpoint>> vetted(Url url, Deadline deadline);
  Async<LinkPointer> connect(Url url, Deadline deadline);
  Async<LinkPointer> take(Url url, Deadline deadline);
  void give_back(Url const& url, LinkPointer link);
  Async<Exchange> once(ClientRequest& request, Url url, Deadline deadline);
};

// The system's resolver cannot be interrupted, so it is left behind when the deadline passes.
Async<std::vector<tcp::endpoint>> Client::State::resolve(Url url, Deadline deadline) {
  struct Lookup {
    explicit Lookup(asio::any_io_executor executor) : resolver{std::move(executor)} {}
    tcp::resolver resolver;
    Signal done;
    error_code error = asio::error::timed_out;
    std::vector<tcp::endpoint> endpoints;
  };
  auto error = error_code{};
  auto const literal = asio::ip::make_address(url.host, error);
  if (!error) co_return std::vector{tcp::endpoint{literal, url.port}};
  auto const lookup = std::make_shared<Lookup>(co_await asio::this_coro::executor);
  auto const ticket = lookup->done.ticket();
  lookup->resolver.async_resolve(url.host, std::to_string(url.port),
                                 [lookup](error_code failure, tcp::resolver::results_type const& results) {
                                   lookup->error = failure;
                                   for (auto const& entry : results)
                                     lookup->endpoints.push_back(entry.endpoint());
                                   lookup->done.notify();
                                 });
  CO_TRY(auto const in_time, co_await lookup->done.wait(ticket, deadline));
  if (!in_time)
    co_return fail(Error{Code::timeout, "The name was not resolved in time."}.with_cause(url.host));
  if (lookup->error)
    co_return fail(Error{Code::unavailable, "The name cannot be resolved."}.with_cause(
        fmt::format("{}: {}", url.host, lookup->error.message())));
  co_return lookup->endpoints;
}

// The addresses that are connected to are the very ones that were vetted: a second look-up could
// answer otherwise.
Async<std::vector<tcp::endpoint>> Client::State::vetted(Url url, Deadline deadline) {
  CO_TRY(auto endpoints, co_await resolve(url, deadline));
  if (options.address_allowed)
    std::erase_if(endpoints, [&](tcp::endpoint const& endpoint) {
      return !options.address_allowed(endpoint.address().to_string());
    });
  if (endpoints.empty())
    co_return fail(Error{Code::forbidden, "This address is not allowed."}
                       .with_slug("address_not_allowed")
                       .with_cause(url.host));
  co_return endpoints;
}

Async<LinkPointer> Client::State::connect(Url url, Deadline deadline) {
  auto const limit = std::min(deadline, deadline_in(options.connect_timeout));
  CO_TRY(auto const endpoints, co_await vetted(url, limit));
  auto stream = Plain{co_await asio::this_coro::executor};
  auto error = error_code{asio::error::host_unreachable};
  auto token = asio::redirect_error(asio::use_awaitable, error);
  for (auto const& endpoint : endpoints) {
    stream.expires_at(limit);
    co_await stream.async_connect(endpoint, token);
    if (!error || error == beast::error::timeout) break;
    stream.close();
  }
  if (error) co_return broken(error, url.authority);
  stream.socket().set_option(tcp::no_delay{true}, error);
  if (options.stall_timeout)  // with megabytes in the kernel, a link that creeps looks like one that stands
    ::setsockopt(stream.socket().native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes_max,
                 sizeof(unsent_bytes_max));
  auto link = LinkPointer{};
  if (!url.tls) {
    link.reset(new Link{.stream = std::move(stream)});
    co_return link;
  }
  link.reset(new Link{.stream = Tls{std::move(stream), tls}});
  auto& secure = std::get<Tls>(link->stream);
  secure.set_verify_callback(asio::ssl::host_name_verification{url.host});
  if (SSL_set_tlsext_host_name(secure.native_handle(), url.host.c_str()) != 1)
    co_return fail(Code::unavailable, "The other side cannot be reached.");
  link->lowest().expires_at(limit);
  co_await secure.async_handshake(asio::ssl::stream_base::client, token);
  if (error) co_return broken(error, url.authority);
  co_return link;
}

Async<LinkPointer> Client::State::take(Url url, Deadline deadline) {
  auto& host = hosts[url.key()];
  for (;;) {
    auto const ticket = host.freed.ticket();
    while (!host.idle.empty()) {
      auto link = std::move(host.idle.back());
      host.idle.pop_back();
      if (std::chrono::steady_clock::now() < link->idle_until && link->still_quiet()) co_return link;
      --host.open;
    }
    if (host.open < options.connections_per_host) break;
    CO_TRY(auto const freed, co_await host.freed.wait(ticket, deadline));
    if (!freed)
      co_return fail(Error{Code::timeout, "The other side did not answer in time."}.with_cause(
          "all connections to " + url.authority + " are busy"));
  }
  ++host.open;
  auto link = co_await connect(url, deadline);
  if (!link) {
    --host.open;
    host.freed.notify();
  }
  co_return link;
}

void Client::State::give_back(Url const& url, LinkPointer link) {
  auto& host = hosts[url.key()];
  if (link) {
    link->reused = true;
    link->idle_until = deadline_in(options.idle_timeout);
    link->lowest().expires_never();
    host.idle.push_back(std::move(link));
  } else {
    --host.open;
  }
  host.freed.notify();
}

Async<Exchange> Client::State::once(ClientRequest& request, Url url, Deadline deadline) {
  CO_TRY(auto head, request_head(request, url));
  CO_TRY(auto link, co_await take(url, deadline));
  auto const pace = Pace{*link, options, deadline};
  auto outcome = Result<Exchange>{};
  if (auto* const plain = std::get_if<Plain>(&link->stream))
    outcome = co_await exchange(*plain, *link, pace, request, std::move(head), url.authority);
  else
    outcome =
        co_await exchange(std::get<Tls>(link->stream), *link, pace, request, std::move(head), url.authority);
  if (!outcome || !outcome->reusable) link.reset();
  give_back(url, std::move(link));
  co_return outcome;
}

Client::Client(ClientOptions options) : state_{std::make_shared<State>(std::move(options))} {}

Client::~Client() = default;

Async<Response> Client::send(ClientRequest request, Deadline deadline) {
  auto const state = state_;  // outlives the Client until this call is done
  CO_TRY(auto const url, parse_url(request.url));
  if (request.method.empty() || !is_clean(request.method) || request.method.find(' ') != std::string::npos)
    co_return fail(Code::invalid, "The method is malformed.");
  CO_TRY(auto first, co_await state->once(request, url, deadline));
  if (!first.untouched) co_return std::move(first.response);
  // The pooled connection died as it was used. What may be repeated is sent once more.
  if (request.stream || !(request.repeatable || is_idempotent(request.method)))
    co_return fail(Error{Code::unavailable, "The other side cannot be reached."}.with_cause(
        url.authority + " closed an idle connection"));
  CO_TRY(auto second, co_await state->once(request, url, deadline));
  if (second.untouched) co_return fail(Code::unavailable, "The other side cannot be reached.");
  co_return std::move(second.response);
}

}  // namespace hoist::net
