#include "net/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <future>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "base/assert.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "net/address.hpp"
#include "net/detail/inbound.hpp"
#include "net/detail/refusal.hpp"
#include "net/detail/shard.hpp"

namespace hoist::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto backlog = 4096;
// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr auto* tls12_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr std::size_t refusals_at_once_max = 64;  // they hold a descriptor while they are told
constexpr auto accept_pause = milliseconds{50};   // when not even the spare descriptor helps
constexpr auto warn_interval = std::chrono::seconds{10};
constexpr auto sweep_min = milliseconds{5};
constexpr auto sweep_max = milliseconds{500};
constexpr auto sweeps_per_timeout = 8;
constexpr auto kill_wait = milliseconds{5'000};

std::uint64_t random_seed() {
  auto seed = std::uint64_t{0};
  auto const bytes = random_bytes(sizeof seed);
  std::ranges::copy(bytes, reinterpret_cast<char*>(&seed));
  return seed;
}

Result<void> check_private(std::string const& key_file) {
  struct stat status{};
  if (::stat(key_file.c_str(), &status) != 0)
    return fail(Error{Code::invalid, "The TLS key file cannot be used: " + key_file}.with_cause(
        std::generic_category().message(errno)));
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Code::invalid, "The TLS key file can be read by others; run: chmod 600 " + key_file);
  return {};
}

Result<asio::ssl::context> load_tls(std::string const& certificate_file, std::string const& key_file) {
  CHECK(check_private(key_file));
  auto context = asio::ssl::context{asio::ssl::context::tls_server};
  auto error = error_code{};
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(context.native_handle(), tls12_ciphers);
  if (!error) context.use_certificate_chain_file(certificate_file, error);
  if (error)
    return fail(
        Error{Code::invalid, "The TLS certificate file cannot be used: " + certificate_file}.with_cause(
            error.message()));
  context.use_private_key_file(key_file, asio::ssl::context::pem, error);
  if (error)
    return fail(
        Error{Code::invalid, "The TLS key file cannot be used: " + key_file}.with_cause(error.message()));
  return context;
}

// A call may end the connection at once, and take it off the list.
void for_each(Shard& shard, auto const& action) {
  for (auto next = shard.connections.begin(); next != shard.connections.end();) action(**next++);
}

void sweep(std::shared_ptr<Core> core, Shard& shard, std::shared_ptr<asio::steady_timer> timer) {
  auto const shortest = std::min(core->options.header_timeout, core->options.idle_timeout);
  timer->expires_after(std::clamp(shortest / sweeps_per_timeout, sweep_min, sweep_max));
  timer->async_wait([core, &shard, timer](error_code error) {
    if (error) return;
    auto const now = std::chrono::steady_clock::now();
    for_each(shard, [now](Live& connection) {
      if (connection.due() <= now) connection.expire();
    });
    sweep(core, shard, timer);
  });
}

}  // namespace

Shard::Shard(boost::asio::io_context& its_context, Core& its_core)
    : context{its_context}, core{its_core}, generator{random_seed()} {}

std::string_view Shard::date() {
  auto const now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    date_text_ = to_http_date(Time{std::chrono::seconds{now}});
  }
  return date_text_;
}

Core::Core(ServerOptions given, Runtime& the_runtime, Handler& the_handler, Metrics& metrics)
    : options{std::move(given)},
      runtime{the_runtime},
      handler{the_handler},
      connections_gauge{metrics.gauge("hoist_http_connections", "Open connections, by listener",
                                      {{"listener", options.name}})},
      refused_heads{metrics.counter("hoist_http_refused_heads_total",
                                    "Requests refused before any route, by listener",
                                    {{"listener", options.name}})},
      refused_connections{metrics.counter("hoist_http_refused_connections_total",
                                          "Connections over the limit, by listener",
                                          {{"listener", options.name}})},
      head_limits{options.target_bytes_max, options.header_fields_max},
      trusted_proxies{options.trusted_proxies.begin(), options.trusted_proxies.end()},
      door{{.connections_max = options.connections_max,
            .per_address_max = options.connections_per_address_max,
            .refusals_max = std::clamp(options.connections_max / 8, std::size_t{1}, refusals_at_once_max)}} {
  for (auto i = std::size_t{0}; i < runtime.threads(); ++i)
    shards.push_back(std::make_unique<Shard>(runtime.context(i), *this));
}

std::string spelled(asio::ip::address const& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

namespace {

// A descriptor kept for the moment when there is no other one: giving it up lets the connection that
// waits be accepted and told, instead of hanging.
class SpareDescriptor {
 public:
  SpareDescriptor() { refill(); }
  SpareDescriptor(SpareDescriptor const&) = delete;
  ~SpareDescriptor() { release(); }
  // Accepts one connection at the cost of the spare. Absent: another thread took the descriptor.
  std::optional<Socket> accept(tcp::acceptor& acceptor, asio::io_context& context) {
    release();
    auto error = error_code{};
    auto socket = Socket{context};
    acceptor.accept(socket, error);
    if (error) return std::nullopt;
    return socket;
  }
  void refill() {
    if (descriptor_ < 0) descriptor_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  }

 private:
  void release() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
  }
  int descriptor_ = -1;
};

// Says it without waiting for anything, and closes. What the client has sent is taken first: bytes
// left unread would reset the connection and take the answer with them.
void turn_away(Core& core, Shard& shard, Socket socket) {
  core.refused_connections.add();
  if (core.tls) return;
  auto error = error_code{};
  socket.non_blocking(true, error);
  auto scratch = std::array<char, 4096>{};
  while (!error && socket.read_some(asio::buffer(scratch), error) > 0) {
  }
  auto const text =
      refusal_text(503, reason_of(Door::Verdict::drop), make_request_id(shard.generator), shard.date());
  socket.write_some(asio::buffer(text), error);
  socket.shutdown(tcp::socket::shutdown_send, error);
}

}  // namespace

struct Server::State {
  std::shared_ptr<Core> core;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  SpareDescriptor spare;
  Deadline next_warning = Deadline::min();
  std::size_t next_shard = 0;
  bool started = false;
  bool stopped = false;

  explicit State(std::shared_ptr<Core> its_core)
      : core{std::move(its_core)}, acceptor{core->runtime.context(0)}, pause{core->runtime.context(0)} {}

  void accept_next();
  void accepted(error_code error, Socket socket, Shard& shard);
  void accept_failed(error_code error);
  [[nodiscard]] std::string group_of(Socket const& socket) const;
  void on_every_shard(void (*action)(Shard&));
};

void Server::State::accept_next() {
  auto& shard = *core->shards[next_shard++ % core->shards.size()];
  acceptor.async_accept(shard.context, [this, &shard](error_code error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    accepted(error, std::move(socket), shard);
  });
}

// A proxy speaks for many, so its connections are not those of one address.
std::string Server::State::group_of(Socket const& socket) const {
  auto error = error_code{};
  auto const peer = spelled(socket.remote_endpoint(error).address());
  return core->trusted_proxies.contains(peer) ? std::string{} : address_group(peer);
}

void Server::State::accepted(error_code error, Socket socket, Shard& shard) {
  if (error) return accept_failed(error);
  auto group = group_of(socket);
  auto const verdict = core->door.enter(group);
  if (verdict == Door::Verdict::drop) {
    turn_away(*core, *core->shards.front(), std::move(socket));
  } else {
    auto place = std::make_unique<Place>(core, std::move(group), verdict);
    asio::post(shard.context, [place = std::move(place), &shard, socket = std::move(socket)]() mutable {
      start_connection(std::move(place), shard, std::move(socket));
    });
  }
  accept_next();
}

void Server::State::accept_failed(error_code error) {
  if (auto const now = std::chrono::steady_clock::now(); now >= next_warning) {
    log::warn("a connection cannot be accepted",
              {{"listener", core->options.name}, {"cause", error.message()}});
    next_warning = now + warn_interval;
  }
  auto answered = false;
  if (error == asio::error::no_descriptors || error == error_code{ENFILE, error.category()}) {
    if (auto socket = spare.accept(acceptor, core->runtime.context(0))) {
      turn_away(*core, *core->shards.front(), *std::move(socket));
      answered = true;
    }
    spare.refill();
  }
  if (answered) return accept_next();
  pause.expires_after(accept_pause);
  pause.async_wait([this](error_code cancelled) {
    if (!cancelled) accept_next();
  });
}

void Server::State::on_every_shard(void (*action)(Shard&)) {
  for (auto const& shard : core->shards)
    asio::post(shard->context, [core = core, action, shard = shard.get()] { action(*shard); });
}

Result<std::unique_ptr<Server>> Server::open(ServerOptions options, Runtime& runtime, Handler& handler,
                                             Metrics& metrics) {
  auto error = error_code{};
  auto const address = asio::ip::make_address(options.address, error);
  if (error) return fail(Code::invalid, "This is not an IP address to listen on: " + options.address);
  auto state = std::make_unique<State>(std::make_shared<Core>(std::move(options), runtime, handler, metrics));
  auto const& chosen = state->core->options;
  if (!chosen.tls_certificate_file.empty() || !chosen.tls_key_file.empty()) {
    TRY(state->core->tls, load_tls(chosen.tls_certificate_file, chosen.tls_key_file));
  }
  auto const endpoint = tcp::endpoint{address, chosen.port};
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(backlog, error);
  if (!error) state->acceptor.non_blocking(true, error);
  if (error)
    return fail(Error{Code::unavailable, "Cannot listen on " + chosen.address + ":" +
                                             std::to_string(chosen.port) + ": " + error.message() + "."});
  return std::unique_ptr<Server>{new Server{std::move(state)}};
}

Result<void> check_tls_files(std::string const& certificate_file, std::string const& key_file) {
  CHECK(load_tls(certificate_file, key_file));
  return {};
}

Server::Server(std::unique_ptr<State> state) : state_{std::move(state)} {}

Server::~Server() {
  stop(milliseconds{0});
}

std::uint16_t Server::port() const {
  auto error = error_code{};
  return state_->acceptor.local_endpoint(error).port();
}

void Server::start() {
  HOIST_ASSERT(!std::exchange(state_->started, true));
  for (auto const& shard : state_->core->shards)
    asio::post(shard->context, [core = state_->core, shard = shard.get()] {
      auto timer = std::make_shared<asio::steady_timer>(shard->context);
      shard->sweep_timer = timer;
      sweep(core, *shard, std::move(timer));
    });
  asio::post(state_->core->runtime.context(0), [state = state_.get()] { state->accept_next(); });
}

void Server::stop(milliseconds grace) {
  if (!state_->started || std::exchange(state_->stopped, true)) return;
  auto& context = state_->core->runtime.context(0);
  if (context.stopped()) return;  // nothing runs any more that could be waited for
  auto closed = std::promise<void>{};
  asio::post(context, [&] {
    auto error = error_code{};
    state_->acceptor.close(error);
    state_->pause.cancel();
    // Behind the handlers of what was just cancelled, so that none of them finds State gone.
    asio::post(context, [&] { closed.set_value(); });
  });
  closed.get_future().wait();
  state_->on_every_shard([](Shard& shard) {
    shard.draining = true;
    for_each(shard, [](Live& connection) { connection.drain(); });
  });
  auto& door = state_->core->door;
  if (!door.wait_until_empty(deadline_in(grace))) {
    log::warn("connections are still busy after the grace period and are closed",
              {{"listener", state_->core->options.name}, {"connections", std::to_string(door.inside())}});
    state_->on_every_shard(
        [](Shard& shard) { for_each(shard, [](Live& connection) { connection.kill(); }); });
    if (!door.wait_until_empty(deadline_in(kill_wait)))
      log::error("a handler does not end", {{"listener", state_->core->options.name}});
  }
  state_->on_every_shard([](Shard& shard) {
    if (auto const timer = shard.sweep_timer.lock()) timer->cancel();
  });
}

}  // namespace hoist::net
