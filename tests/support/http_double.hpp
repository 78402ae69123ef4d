// An HTTP server of a test's own making: it answers each request by one function, and keeps what it was
// asked.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "net/server.hpp"

namespace hoist::testing {

class HttpDouble final : public net::Handler {
 public:
  // Called on the server's threads, with the whole body in the request.
  using Answer = std::function<net::Response(net::Request const&)>;
  explicit HttpDouble(Answer answer, std::uint16_t port = 0) : answer_{std::move(answer)} {
    runtime_.start();
    server_ = *net::Server::open({.name = "double", .port = port}, runtime_, *this, metrics_);
    server_->start();
  }
  ~HttpDouble() override {
    server_.reset();
    runtime_.stop();
  }

  [[nodiscard]] std::string url() const { return "http://" + authority(); }
  [[nodiscard]] std::string authority() const { return "127.0.0.1:" + std::to_string(server_->port()); }
  // How many connections are open now, as its own metric says.
  [[nodiscard]] bool has_connections(int count) const {
    return metrics_.render().contains("hoist_http_connections{listener=\"double\"} " + std::to_string(count) +
                                      "\n");
  }
  [[nodiscard]] std::vector<net::Request> seen() const {
    auto const lock = Lock{mutex_};
    return seen_;
  }

  asio::awaitable<net::Response> handle(net::Request request) override {
    auto buffer = std::array<char, 16 * 1024>{};
    for (auto more = request.stream != nullptr; more;) {
      auto const count = co_await request.stream->read(buffer);
      more = count && *count > 0;
      if (more) request.body.append(buffer.data(), *count);
    }
    request.stream.reset();  // it ends with this call
    {
      auto const lock = Lock{mutex_};
      seen_.push_back(request);
    }
    co_return answer_(request);
  }

 private:
  Answer answer_;
  Metrics metrics_;
  Runtime runtime_{1};
  mutable Mutex mutex_;
  std::vector<net::Request> seen_ HOIST_GUARDED_BY(mutex_);
  std::unique_ptr<net::Server> server_;
};

}  // namespace hoist::testing
