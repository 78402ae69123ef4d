// Inside of the server: what its connections share. Not for other folders.
//
// Threads  a Shard and its connections belong to one io_context, hence to one thread; Core is
//          read-only after open() except for its door.
// Lifetime every connection holds the Core, so it may outlive the Server by a callback or two.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "net/detail/admit.hpp"
#include "net/detail/door.hpp"
#include "net/server.hpp"

namespace hoist::net {

using Socket = asio::ip::tcp::socket;
using TlsStream = asio::ssl::stream<Socket>;

// A connection as the sweeper and stop() see it. Called on its own thread only.
class Live {
 public:
  virtual ~Live() = default;
  virtual void expire() = 0;  // its deadline has passed
  virtual void drain() = 0;   // finish what is in flight, begin nothing
  virtual void kill() = 0;    // end now
  // Looked at a few times within each timeout: one timer serves all connections of a thread.
  [[nodiscard]] virtual Deadline due() const = 0;
};

struct Core;

struct Shard {
  Shard(boost::asio::io_context& its_context, Core& its_core);
  [[nodiscard]] std::string_view date();  // now, as IMF-fixdate; formatted once a second

  boost::asio::io_context& context;
  Core& core;
  std::list<Live*> connections;
  // Owned by its own wait, so that it ends with its context and not with the Core.
  std::weak_ptr<asio::steady_timer> sweep_timer;
  bool draining = false;
  std::mt19937_64 generator;  // for ids only: unique, not secret

 private:
  std::time_t date_second_ = 0;
  std::string date_text_;
};

struct Core : std::enable_shared_from_this<Core> {
  Core(ServerOptions given, Runtime& the_runtime, Handler& the_handler, Metrics& metrics);

  ServerOptions options;
  Runtime& runtime;
  Handler& handler;
  Gauge connections_gauge;
  Counter refused_heads;
  Counter refused_connections;
  HeadLimits head_limits;
  std::optional<asio::ssl::context> tls;
  std::set<std::string, std::less<>> trusted_proxies;
  std::vector<std::unique_ptr<Shard>> shards;

  Door door;
};

// A connection's place behind the door, given back when it ends.
class Place {
 public:
  Place(std::shared_ptr<Core> core, std::string group, Door::Verdict verdict)
      : core_{std::move(core)}, group_{std::move(group)}, verdict_{verdict} {
    core_->connections_gauge.add(1);
  }
  Place(Place const&) = delete;
  ~Place() {
    core_->connections_gauge.add(-1);
    core_->door.leave(group_, verdict_);
  }
  [[nodiscard]] std::shared_ptr<Core> const& core() const { return core_; }
  [[nodiscard]] Door::Verdict verdict() const { return verdict_; }

 private:
  std::shared_ptr<Core> core_;
  std::string group_;
  Door::Verdict verdict_;
};

// As it is written everywhere: a mapped IPv4 address as IPv4.
[[nodiscard]] std::string spelled(asio::ip::address const& address);

// Serves one accepted socket to its end, on its shard's thread; 503 is the only answer to whom the
// door did not let in.
void start_connection(std::unique_ptr<Place> place, Shard& shard, Socket socket);

}  // namespace hoist::net
