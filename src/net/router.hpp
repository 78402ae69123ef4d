// Routes by method and pattern, and what stands before every handler: gate, body limit, errors.
//
//   router.add({"POST", "/uploads", Role::member, {.rate = RateClass::initiate}}, [&](Request& request) {
//     return post_uploads(service, request);
//   });
//
// Each route also answers under /api. A path that exists under another method is 405 with Allow.
// Only the canonical spelling of a path is a route: //, /./, %2f, ;x, another case, a trailing slash
// and a percent-encoded letter of a literal are 404. HEAD runs the GET handler.
//
// Threads  add() before the first request; then any.   Lifetime  gate and metrics outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "model/sentences.hpp"
#include "net/body_budget.hpp"
#include "net/message.hpp"

namespace hoist::net {

enum class RateClass { plain, initiate };  // initiate also counts against the initiations a minute

struct Route {
  std::string method;
  std::string pattern;                // "/uploads/{id}/parts"
  std::optional<Role> role_min = {};  // absent: open to anybody (health, the page)
  RateClass rate = RateClass::plain;
  std::size_t body_max = 64 * 1024;  // 0: the handler reads Request::stream itself
  bool token_in_query = false;       // ?ticket= and ?access_token=, for what browsers give no headers
  bool reads_query = false;  // its handler reads parameters and refuses unknown ones; else all are refused
};

using RouteHandler = std::function<Async<Response>(Request&)>;

// Establishes who is calling and whether they may, before the body is read. Called for every
// route, open ones too: limits per address hold there as well.
// Errors: unauthenticated, forbidden, throttled. Response headers it wants (RateLimit) go to `extra`, and the
// tenant's own language as Content-Language.
class Gate {
 public:
  virtual ~Gate() = default;
  virtual Async<Caller> admit(Request const& request, Route const& route, Headers& extra) = 0;
};

class Router final : public Handler {
 public:
  struct Options {
    // Exact origins, "*" for any; they may also open WebSockets. The page's own origin always may.
    std::vector<std::string> cors_origins;
    std::shared_ptr<BodyBudget> bodies = std::make_shared<BodyBudget>();  // shared with other listeners
    // "POST /tasks": the only routes that add() keeps; empty: all. A host of one API answers 405 to
    // the other methods of its path, as if they had never been written.
    std::vector<std::string> only = {};
    Language language = Language::english;  // of answers, where neither request nor tenant names one
  };
  Router(Options options, Gate& gate, Metrics& metrics);
  ~Router() override;
  void add(Route route, RouteHandler handler);
  [[nodiscard]] std::vector<Route> routes() const;  // for the OpenAPI and isolation tests
  asio::awaitable<Response> handle(Request request) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hoist::net
