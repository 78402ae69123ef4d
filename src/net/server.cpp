#include "net/server.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <ctime>
#include <future>

#include "base/assert.hpp"
#include "base/id.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "net/shard.hpp"

namespace hoist::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr auto backlog = 4096;
constexpr std::size_t refusals_at_once_max = 64;  // connections over the limit that are told so
constexpr auto accept_pause = milliseconds{50};   // when the process is out of descriptors
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

Result<asio::ssl::context> load_tls(ServerOptions const& options) {
  auto context = asio::ssl::context{asio::ssl::context::tls_server};
  auto error = error_code{};
  context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1, error);
  if (!error) context.use_certificate_chain_file(options.tls_certificate_file, error);
  if (error)
    return fail(
        Error{Code::invalid, "The TLS certificate file cannot be used: " + options.tls_certificate_file}
            .with_cause(error.message()));
  context.use_private_key_file(options.tls_key_file, asio::ssl::context::pem, error);
  if (error)
    return fail(Error{Code::invalid, "The TLS key file cannot be used: " + options.tls_key_file}.with_cause(
        error.message()));
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
      trusted_proxies{options.trusted_proxies.begin(), options.trusted_proxies.end()} {
  for (auto i = std::size_t{0}; i < runtime.threads(); ++i)
    shards.push_back(std::make_unique<Shard>(runtime.context(i), *this));
}

void connection_ended(Core& core) {
  core.connections_gauge.add(-1);
  if (core.connection_count.fetch_sub(1) > 1) return;
  auto const lock = std::lock_guard{core.mutex};
  core.none_left.notify_all();
}

struct Server::State {
  std::shared_ptr<Core> core;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::size_t next_shard = 0;
  bool started = false;
  bool stopped = false;

  explicit State(std::shared_ptr<Core> its_core)
      : core{std::move(its_core)}, acceptor{core->runtime.context(0)}, pause{core->runtime.context(0)} {}

  void accept_next();
  void accepted(error_code error, Socket socket, Shard& shard);
  bool wait_until_none(milliseconds limit);
  void on_every_shard(void (*action)(Shard&));
};

void Server::State::accept_next() {
  auto& shard = *core->shards[next_shard++ % core->shards.size()];
  acceptor.async_accept(shard.context, [this, &shard](error_code error, Socket socket) {
    if (error == asio::error::operation_aborted || !acceptor.is_open()) return;
    accepted(error, std::move(socket), shard);
  });
}

void Server::State::accepted(error_code error, Socket socket, Shard& shard) {
  if (error) {
    log::warn("a connection cannot be accepted", {{"cause", error.message()}});
    pause.expires_after(accept_pause);
    pause.async_wait([this](error_code cancelled) {
      if (!cancelled) accept_next();
    });
    return;
  }
  auto const open = core->connection_count.fetch_add(1);
  core->connections_gauge.add(1);
  if (open >= core->options.connections_max + refusals_at_once_max) {
    core->refused_connections.add();
    connection_ended(*core);
  } else {
    auto const full = open >= core->options.connections_max;
    asio::post(shard.context, [core = core, &shard, full, socket = std::move(socket)]() mutable {
      start_connection(core, shard, std::move(socket), full);
    });
  }
  accept_next();
}

bool Server::State::wait_until_none(milliseconds limit) {
  auto lock = std::unique_lock{core->mutex};
  return core->none_left.wait_for(lock, limit, [&] { return core->connection_count == 0; });
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
    TRY(state->core->tls, load_tls(chosen));
  }
  auto const endpoint = tcp::endpoint{address, chosen.port};
  state->acceptor.open(endpoint.protocol(), error);
  if (!error) state->acceptor.set_option(tcp::acceptor::reuse_address{true}, error);
  if (!error) state->acceptor.bind(endpoint, error);
  if (!error) state->acceptor.listen(backlog, error);
  if (error)
    return fail(Error{Code::unavailable, "Cannot listen on " + chosen.address + ":" +
                                             std::to_string(chosen.port) + ": " + error.message() + "."});
  return std::unique_ptr<Server>{new Server{std::move(state)}};
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
  if (!state_->wait_until_none(grace)) {
    log::warn("connections are still busy after the grace period and are closed",
              {{"listener", state_->core->options.name},
               {"connections", std::to_string(state_->core->connection_count.load())}});
    state_->on_every_shard(
        [](Shard& shard) { for_each(shard, [](Live& connection) { connection.kill(); }); });
    if (!state_->wait_until_none(kill_wait))
      log::error("a handler does not end", {{"listener", state_->core->options.name}});
  }
  state_->on_every_shard([](Shard& shard) {
    if (auto const timer = shard.sweep_timer.lock()) timer->cancel();
  });
}

}  // namespace hoist::net
