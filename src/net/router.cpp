#include "net/router.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"
#include "net/detail/admit.hpp"
#include "net/language.hpp"

namespace hoist::net {
namespace {

constexpr auto preflight_seconds = std::string_view{"600"};
constexpr auto allowed_headers = std::string_view{
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-Request-ID, "
    "X-Tenant-ID, traceparent"};
constexpr auto exposed_headers = std::string_view{
    "ETag, Location, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, X-Request-ID"};

// An answer of up to this size is bounded by the number of connections alone.
constexpr auto answer_bytes_free = std::size_t{64} << 10;

// An answer on its way to a reader who may be slow: its memory is the budget's until the last byte has gone.
class HeldAnswer final : public BodySource {
 public:
  HeldAnswer(std::string bytes, std::shared_ptr<BodyBudget::Share> share)
      : bytes_{std::move(bytes)}, share_{std::move(share)} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const count = bytes_.copy(buffer.data(), buffer.size(), sent_);
    sent_ += count;
    co_return count;
  }

 private:
  std::string bytes_;
  std::shared_ptr<BodyBudget::Share> share_;
  std::size_t sent_ = 0;
};

// The metrics of one route. A handle is looked up once per method and status, then kept.
class RouteMetrics {
 public:
  RouteMetrics(Metrics& metrics, std::string route, std::string method)
      : metrics_{metrics},
        route_{std::move(route)},
        method_{std::move(method)},
        seconds_{metrics.histogram("hoist_http_request_seconds", "Time from head to response, by route",
                                   Metrics::seconds_bounds(), {{"route", route_}})} {}

  ~RouteMetrics() {
    for (auto& slot : by_status_) delete slot.load();
  }

  void count(int status, Deadline started) {
    auto const elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - started);
    seconds_.observe(elapsed.count());
    auto& slot = by_status_.at(static_cast<std::size_t>(std::clamp(status, 100, 599) - 100));
    auto* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) [[unlikely]]
      counter = look_up(slot, status);
    counter->add();
  }

 private:
  Counter* look_up(std::atomic<Counter*>& slot, int status) {
    auto made = std::make_unique<Counter>(
        metrics_.counter("hoist_http_requests_total", "Requests answered, by route, method and status",
                         {{"route", route_}, {"method", method_}, {"status", std::to_string(status)}}));
    auto* current = static_cast<Counter*>(nullptr);
    if (slot.compare_exchange_strong(current, made.get())) return made.release();
    return current;  // another thread was first
  }

  Metrics& metrics_;
  std::string route_;
  std::string method_;
  Histogram seconds_;
  std::array<std::atomic<Counter*>, 500> by_status_{};
};

struct Entry {
  Route route;
  RouteHandler handler;
  std::vector<std::string> param_names;
  std::unique_ptr<RouteMetrics> metrics;
};

// One segment of the path. A literal beats a parameter, and the search never goes back: the
// patterns of one API are few and written so that this is enough.
struct Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<std::unique_ptr<Entry>> entries;  // by method
};

struct Match {
  Node* node = nullptr;
  std::vector<std::string> values;
};

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// Only one spelling of a value reaches a handler.
std::optional<std::string> decode_param(std::string_view segment) {
  if (segment.empty() || segment.size() > limits::path_parameter_bytes_max) return std::nullopt;
  auto value = percent_decode(segment);
  if (!value || *value == "." || *value == ".." || !is_utf8(*value)) return std::nullopt;
  auto const forbidden = [](char c) {
    return c == '/' || c == '\\' || c == ';' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  };
  if (std::ranges::any_of(*value, forbidden)) return std::nullopt;
  // C1 controls are two bytes in UTF-8: C2 80 to C2 9F.
  for (auto at = value->find('\xC2'); at != value->npos; at = value->find('\xC2', at + 1))
    if (static_cast<unsigned char>((*value)[at + 1]) < 0xA0) return std::nullopt;
  return value;
}

Response no_content(int status) {
  return Response{.status = status};
}

// No parameter is ever ignored: who sends one expects it to mean something.
Result<void> check_query(Route const& route, Request const& request) {
  auto errors = std::vector<FieldError>{};
  for (auto const& [name, value] : request.query) {
    auto const credential = name == "access_token" || name == "ticket";
    if (credential && !route.token_in_query)
      errors.push_back({name, "is taken by streams only; send the header Authorization"});
    else if (!credential && !route.reads_query)
      errors.push_back({name, "is not a known parameter"});
  }
  if (!errors.empty()) return invalid_fields(std::move(errors));
  return {};
}

// Announcing a large body costs a client nothing, so memory follows the bytes that have come.
Async<> read_body(Request& request, std::size_t bytes_max, BodyBudget::Share& share) {
  if (request.stream == nullptr) co_return Result<void>{};
  if (std::cmp_greater(request.content_length.value_or(0), bytes_max))
    co_return fail(Code::too_large, "The body is larger than this route takes.");
  // A chunked body gets room for one byte more, which tells that it is too large.
  auto const end =
      static_cast<std::size_t>(request.content_length.value_or(static_cast<std::int64_t>(bytes_max) + 1));
  auto& body = request.body;
  auto filled = std::size_t{0};
  while (filled < end) {
    if (filled == body.size()) {
      auto const size = grown(filled, end);
      CO_CHECK(share.grow(size));
      body.resize(size);
    }
    CO_TRY(auto const count, co_await request.stream->read(std::span{body}.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  body.resize(filled);
  if (filled > bytes_max) co_return fail(Code::too_large, "The body is larger than this route takes.");
  if (request.content_length && filled < end) co_return fail(Code::invalid, "The body ended early.");
  co_return Result<void>{};
}

// A ticket in a path lets its bearer in, so it is not written down.
std::string path_for_log(Request const& request) {
  auto path = request.path;
  auto const ticket = request.params.find("ticket");
  if (ticket == request.params.end()) return path;
  auto const at = path.find(ticket->second);
  return at == path.npos ? path : path.replace(at, ticket->second.size(), "{ticket}");
}

void log_failure(Error const& error, Request const& request) {
  auto const status = info(error.code()).http_status;
  if (status >= 500 && error.code() != Code::unavailable)
    log::error("request failed", {{"request_id", request.request_id},
                                  {"trace_id", std::string{trace_id(request)}},
                                  {"method", request.method},
                                  {"path", path_for_log(request)},
                                  {"tenant", request.caller.tenant.str()},
                                  {"cause", error.to_string()}});
  else if (status >= 500)
    log::warn("request refused", {{"request_id", request.request_id},
                                  {"trace_id", std::string{trace_id(request)}},
                                  {"path", path_for_log(request)},
                                  {"cause", error.to_string()}});
}

}  // namespace

struct Router::State {
  Options options;
  Gate& gate;
  Metrics& metrics;
  Node root;
  RouteMetrics unmatched;
  bool any_origin = false;

  State(Options given, Gate& the_gate, Metrics& the_metrics)
      : options{std::move(given)},
        gate{the_gate},
        metrics{the_metrics},
        unmatched{metrics, "unmatched", "any"} {
    any_origin = std::ranges::find(options.cors_origins, "*") != options.cors_origins.end();
  }

  [[nodiscard]] std::optional<Match> find(std::string_view target);
  // What the request asks for, else the tenant's own language, else the installation's.
  [[nodiscard]] Language choose(std::string_view accepted, Headers const& extra) const;
  [[nodiscard]] bool origin_allowed(std::string_view origin) const;
  void add_cors(std::string_view origin, Response& response) const;
  [[nodiscard]] Result<void> check_upgrade(Request const& request) const;
  Response answer_options(Request const& request, Node const& node) const;
  Async<Response> run(Entry& entry, Request& request, Headers& extra);
  Response hold(Response response, Request const& request) const;
};

namespace {

std::string allowed_methods(Node const& node) {
  auto text = std::string{};
  for (auto const& entry : node.entries) {
    text += entry->route.method + ", ";
    if (entry->route.method == "GET") text += "HEAD, ";
  }
  return text + "OPTIONS";
}

Entry* entry_for(Node& node, std::string_view method) {
  auto const wanted = method == "HEAD" ? std::string_view{"GET"} : method;
  for (auto const& entry : node.entries)
    if (entry->route.method == wanted) return entry.get();
  return nullptr;
}

}  // namespace

std::optional<Match> Router::State::find(std::string_view target) {
  auto path = target.substr(0, target.find('?'));
  if (path.starts_with("/api/")) path.remove_prefix(4);
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  auto match = Match{.node = &root};
  for (auto more = true; more;) {
    auto const slash = path.find('/');
    more = slash != path.npos;
    auto const segment = path.substr(0, slash);
    path.remove_prefix(more ? slash + 1 : path.size());
    if (auto const literal = match.node->literals.find(segment); literal != match.node->literals.end()) {
      match.node = literal->second.get();
      continue;
    }
    if (!match.node->parameter) return std::nullopt;
    auto value = decode_param(segment);
    if (!value) return std::nullopt;
    match.values.push_back(*std::move(value));
    match.node = match.node->parameter.get();
  }
  if (match.node->entries.empty()) return std::nullopt;
  return match;
}

bool Router::State::origin_allowed(std::string_view origin) const {
  return any_origin || std::ranges::find(options.cors_origins, origin) != options.cors_origins.end();
}

void Router::State::add_cors(std::string_view origin, Response& response) const {
  if (options.cors_origins.empty()) return;
  if (!any_origin) response.headers.add("Vary", "Origin");
  if (origin.empty() || !origin_allowed(origin)) return;
  response.headers.add("Access-Control-Allow-Origin", any_origin ? "*" : std::string{origin});
  response.headers.add("Access-Control-Expose-Headers", std::string{exposed_headers});
}

// A browser sends cookies and opens WebSockets across sites without asking first, so the origin of
// an upgrade is checked here, once, for all routes.
Result<void> Router::State::check_upgrade(Request const& request) const {
  auto const origin = request.headers.get("Origin");
  if (!request.headers.has("Origin") || !equal_ignoring_case(request.headers.get("Upgrade"), "websocket"))
    return {};
  auto const host = request.headers.get("Host");
  if (origin_allowed(origin)) return {};
  for (auto const scheme : {std::string_view{"http://"}, std::string_view{"https://"}})
    if (origin.starts_with(scheme) && equal_ignoring_case(origin.substr(scheme.size()), host)) return {};
  return fail(Code::forbidden, "WebSockets from this origin are not allowed.");
}

Response Router::State::answer_options(Request const& request, Node const& node) const {
  auto response = no_content(204);
  auto const methods = allowed_methods(node);
  response.headers.add("Allow", methods);
  auto const origin = request.headers.get("Origin");
  if (origin.empty() || !origin_allowed(origin)) return response;
  response.headers.add("Access-Control-Allow-Methods", methods);
  response.headers.add("Access-Control-Allow-Headers", std::string{allowed_headers});
  response.headers.add("Access-Control-Max-Age", std::string{preflight_seconds});
  return response;
}

Language Router::State::choose(std::string_view accepted, Headers const& extra) const {
  auto const own = parse_language(extra.get("Content-Language"));
  return choose_language(accepted, own.value_or(options.language));
}

Async<Response> Router::State::run(Entry& entry, Request& request, Headers& extra) {
  CO_CHECK(check_upgrade(request));
  CO_TRY(request.caller, co_await gate.admit(request, entry.route, extra));
  request.language = choose(request.headers.get("Accept-Language"), extra);
  CO_CHECK(check_query(entry.route, request));
  auto share = BodyBudget::Share{options.bodies, request.caller.tenant.str()};
  if (entry.route.body_max > 0 && request.content_length != 0)
    CO_CHECK(co_await read_body(request, entry.route.body_max, share));
  co_return co_await entry.handler(request);
}

// A client that asks for long lists and reads them slowly holds no more than requests may. What was changed
// cannot be refused any more, so only reading is. The page's own files are few, short and no tenant's.
Response Router::State::hold(Response response, Request const& request) const {
  auto const bytes = response.body.size();
  if (response.stream || bytes <= answer_bytes_free || request.caller.tenant.empty()) return response;
  auto share = std::make_shared<BodyBudget::Share>(options.bodies, request.caller.tenant.str());
  auto const room = share->grow(bytes);
  if (!room && request.method == "GET") return problem(room.error(), request.request_id);
  if (!room) return response;
  response.stream_length = static_cast<std::int64_t>(bytes);
  response.stream = std::make_shared<HeldAnswer>(std::exchange(response.body, {}), std::move(share));
  return response;
}

Router::Router(Options options, Gate& gate, Metrics& metrics)
    : state_{std::make_unique<State>(std::move(options), gate, metrics)} {}

Router::~Router() = default;

void Router::add(Route route, RouteHandler handler) {
  HOIST_ASSERT(route.pattern.starts_with('/'));
  auto const& only = state_->options.only;
  if (!only.empty() && std::ranges::find(only, route.method + " " + route.pattern) == only.end()) return;
  auto entry = std::make_unique<Entry>();
  auto* node = &state_->root;
  auto path = std::string_view{route.pattern}.substr(1);
  for (auto more = true; more;) {
    auto const slash = path.find('/');
    more = slash != path.npos;
    auto const segment = path.substr(0, slash);
    path.remove_prefix(more ? slash + 1 : path.size());
    auto& next = is_parameter(segment) ? node->parameter : node->literals[std::string{segment}];
    if (is_parameter(segment)) entry->param_names.emplace_back(segment.substr(1, segment.size() - 2));
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  HOIST_ASSERT(entry_for(*node, route.method) == nullptr);
  entry->metrics = std::make_unique<RouteMetrics>(state_->metrics, route.pattern, route.method);
  entry->route = std::move(route);
  entry->handler = std::move(handler);
  node->entries.push_back(std::move(entry));
}

namespace {
void collect(Node const& node, std::vector<Route>& routes) {
  for (auto const& entry : node.entries) routes.push_back(entry->route);
  for (auto const& [segment, next] : node.literals) collect(*next, routes);
  if (node.parameter) collect(*node.parameter, routes);
}
}  // namespace

std::vector<Route> Router::routes() const {
  auto routes = std::vector<Route>{};
  collect(state_->root, routes);
  return routes;
}

asio::awaitable<Response> Router::handle(Request request) {
  auto const started = std::chrono::steady_clock::now();
  auto const origin = std::string{request.headers.get("Origin")};
  auto match = state_->find(request.target);
  auto* entry = match ? entry_for(*match->node, request.method) : nullptr;
  auto extra = Headers{};
  auto outcome = Result<Response>{};
  if (!match) {
    outcome = fail(Code::not_found, "There is nothing at this address.");
  } else if (entry != nullptr) {
    for (auto i = std::size_t{0}; i < match->values.size(); ++i)
      request.params.emplace(entry->param_names[i], std::move(match->values[i]));
    outcome = co_await state_->run(*entry, request, extra);
  } else if (request.method == "OPTIONS") {
    outcome = state_->answer_options(request, *match->node);
  } else {
    extra.add("Allow", allowed_methods(*match->node));
    outcome = fail(Code::method_not_allowed, "This address does not take this method.");
  }
  if (!outcome) log_failure(outcome.error(), request);
  auto response = Response{};
  if (outcome) {
    response = state_->hold(*std::move(outcome), request);
  } else {
    auto const asked_for = state_->choose(request.headers.get("Accept-Language"), extra);
    auto const language = language_for(asked_for, outcome.error());
    response = problem(in_language(language, outcome.error()), request.request_id);
    speak(response, language);
  }
  for (auto const& [name, value] : extra.all())
    if (name != "Content-Language") response.headers.set(name, value);
  state_->add_cors(origin, response);
  auto& metrics = entry != nullptr ? *entry->metrics : state_->unmatched;
  metrics.count(response.status, started);
  co_return response;
}

}  // namespace hoist::net
