#include "uploads/stream.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>

#include "base/task_group.hpp"
#include "base/try.hpp"
#include "net/language.hpp"
#include "net/query.hpp"
#include "net/websocket.hpp"
#include "uploads/parse.hpp"
#include "uploads/render.hpp"

namespace hoist::uploads {
namespace {

constexpr std::size_t requests_waiting_max = 16;  // messages of a WebSocket client not yet looked at
constexpr auto check_limit = std::chrono::seconds{10};
constexpr auto last_message_limit = std::chrono::seconds{10};  // of a socket that was closed
constexpr int close_policy = 1008;
constexpr int close_internal = 1011;
constexpr int close_unauthenticated = 4401;
constexpr int close_gone = 4410;

struct Wanted {
  std::vector<Topic> topics;
  std::optional<std::int64_t> cursor;
  Language language = Language::english;
};

Result<std::int64_t> parse_stream_cursor(std::string_view text) {
  auto cursor = std::int64_t{0};
  auto const [end, failure] = std::from_chars(text.data(), text.data() + text.size(), cursor);
  if (failure != std::errc{} || end != text.data() + text.size() || cursor < 0)
    return invalid_field("cursor", "must be a cursor that was sent to you");
  return cursor;
}

Result<std::vector<Topic>> parse_topics(std::vector<std::string> const& texts, std::size_t max) {
  auto topics = std::set<Topic>{};
  for (auto const& text : texts) {
    TRY(auto topic, parse_topic(text));
    topics.insert(std::move(topic));
  }
  if (topics.size() > max) return invalid_field("topic", fmt::format("must be at most {} topics", max));
  return std::vector<Topic>(topics.begin(), topics.end());
}

Result<Wanted> parse_query(net::Request const& request, Options const& options) {
  auto reader = net::QueryReader{request};
  auto texts = reader.all("topic");
  auto const resumed = reader.text("cursor");
  if (auto const project = reader.text("project_id")) {
    if (!is_project_id(*project)) reader.refuse("project_id", "must be a project's id");
    if (!texts.empty()) reader.refuse("project_id", "and topic exclude each other");
    texts = {"project:" + *project};
  }
  auto wanted = Wanted{};
  wanted.language = request.language;
  // Browsers let no page name the language of a WebSocket.
  if (auto const tag = reader.choice("language", {"en", "es", "pt"}))
    wanted.language = parse_language(*tag).value_or(wanted.language);
  CHECK(reader.finish());
  TRY(wanted.topics, parse_topics(texts, options.topics_per_watcher_max));
  auto cursor = std::string{request.headers.get("Last-Event-ID")};
  if (cursor.empty()) cursor = resumed.value_or(std::string{});
  if (!cursor.empty()) {
    TRY(wanted.cursor, parse_stream_cursor(cursor));
  }
  return wanted;
}

std::string topic_text(Topic const& topic) {
  switch (topic.kind) {
    case Topic::Kind::tenant: return "tenant";
    case Topic::Kind::project: return "project:" + topic.id;
    case Topic::Kind::batch: return "batch:" + topic.id;
    case Topic::Kind::upload: return "upload:" + topic.id;
  }
  return {};
}

std::string render_ready(Watcher const& watcher) {
  auto topics = std::string{};
  for (auto const& topic : watcher.topics())
    topics += (topics.empty() ? "" : ",") + json_string(topic_text(topic));
  return fmt::format(R"({{"type":"ready","cursor":{},"topics":[{}]}})", watcher.cursor(), topics);
}

std::string render_error(Error const& error) {
  return fmt::format(R"({{"type":"error","code":{},"message":{}}})", json_string(error.slug()),
                     json_string(error.detail()));
}

// What both kinds of stream do: wait for events, but not beyond the next ping or check of the caller.
class Session {
 public:
  Session(StreamNeeds needs, Caller caller, Language language, std::unique_ptr<Watcher> watcher)
      : needs_{std::move(needs)},
        caller_{std::move(caller)},
        language_{language},
        watcher_{std::move(watcher)} {}

  // The event's JSON is shared by watchers of every language.
  [[nodiscard]] std::string told(FeedEvent const& event) const {
    return net::with_language(*event.json, language_);
  }
  [[nodiscard]] std::string told(Error const& error) const {
    return net::with_language(render_error(error), language_);
  }

  // None: it is time for a ping, or wake() was called. Errors: unauthenticated, gone.
  Async<std::vector<FeedEvent>> next() {
    auto const& options = needs_.options;
    auto const ping_at = std::chrono::steady_clock::now() + options.ping_interval;
    while (true) {
      CO_CHECK(co_await check());
      auto const until = std::min({ping_at, checked_ + options.recheck_interval, token_end()});
      CO_TRY(auto events, co_await watcher_->next(until));
      auto const now = std::chrono::steady_clock::now();
      if (!events.empty() || now < until || now >= ping_at) co_return events;
    }
  }
  [[nodiscard]] Watcher& watcher() { return *watcher_; }
  // What a client that asks for more topics needs.
  Async<> check_topics(std::vector<Topic> topics) {
    co_return co_await needs_.feed.check(caller_.tenant, std::move(topics), deadline_in(check_limit));
  }
  [[nodiscard]] std::size_t topics_max() const { return needs_.options.topics_per_watcher_max; }

 private:
  [[nodiscard]] Deadline token_end() const {
    if (!caller_.expires_at) return Deadline::max();
    auto const left = *caller_.expires_at - needs_.clock.now();
    return left > std::chrono::hours{24} ? Deadline::max() : deadline_in(std::max(left, Micros{0}));
  }
  Async<> check() {
    if (caller_.expires_at && *caller_.expires_at <= needs_.clock.now())
      co_return fail(Code::unauthenticated, "The token has ended. Connect again with a new one.");
    auto const now = std::chrono::steady_clock::now();
    if (now < checked_ + needs_.options.recheck_interval) co_return Result<void>{};
    checked_ = now;
    if (needs_.recheck) CO_CHECK(co_await needs_.recheck(caller_));
    co_return Result<void>{};
  }

  StreamNeeds needs_;
  Caller caller_;
  Language language_;
  std::unique_ptr<Watcher> watcher_;
  Deadline checked_ = std::chrono::steady_clock::now();
};

// `otherwise`: the topics of a request that names none.
Async<std::unique_ptr<Session>> open_session(StreamNeeds const& needs, net::Request const& request,
                                             std::vector<Topic> otherwise) {
  CO_TRY(auto wanted, parse_query(request, needs.options));
  if (wanted.topics.empty()) wanted.topics = std::move(otherwise);
  CO_TRY(auto watcher, co_await needs.feed.watch(request.caller.tenant, std::move(wanted.topics),
                                                 wanted.cursor, request.deadline));
  co_return std::make_unique<Session>(needs, request.caller, wanted.language, std::move(watcher));
}

// Written as fast as the client reads: while it does not, nothing is read for it either, and the
// server's write limit ends the connection.
class EventStream final : public net::BodySource {
 public:
  explicit EventStream(std::unique_ptr<Session> session) : session_{std::move(session)} {
    auto const& watcher = session_->watcher();
    waiting_ = "retry: 2000\n" + frame("ready", watcher.cursor(), render_ready(watcher));
  }

  Async<std::size_t> read(std::span<char> buffer) override {
    if (sent_ == waiting_.size()) {
      if (ended_) co_return std::size_t{0};
      CO_CHECK(co_await refill());
    }
    auto const count = waiting_.copy(buffer.data(), buffer.size(), sent_);
    sent_ += count;
    co_return count;
  }

 private:
  static std::string_view kind_of(FeedEvent const& event) {
    if (!event.upload.empty()) return "upload";
    return event.batch.empty() ? "project" : "batch";
  }
  static std::string frame(std::string_view type, std::int64_t cursor, std::string_view data) {
    return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", cursor, type, data);
  }
  Async<> refill() {
    waiting_.clear();
    sent_ = 0;
    auto events = co_await session_->next();
    if (!events) {
      if (events.error().code() == Code::cancelled) co_return std::unexpected{events.error()};
      // No id: a client that resumes does so from the last event it has.
      waiting_ = fmt::format("event: error\ndata: {}\n\n", session_->told(events.error()));
      ended_ = true;
      co_return Result<void>{};
    }
    for (auto const& event : *events) waiting_ += frame(kind_of(event), event.cursor, session_->told(event));
    if (events->empty()) waiting_ = ": ping\n\n";
    co_return Result<void>{};
  }

  std::unique_ptr<Session> session_;
  std::string waiting_;
  std::size_t sent_ = 0;
  bool ended_ = false;
};

// One WebSocket: a coroutine that receives and one that sends, both on the connection's thread.
struct Socket {
  std::shared_ptr<net::WebSocket> socket;
  std::unique_ptr<Session> session;
  std::deque<std::string> requests;
  bool closed = false;
  TaskGroup receiving;
};

asio::awaitable<void> receive_all(std::shared_ptr<Socket> self) {
  while (!self->closed) {
    auto message = co_await self->socket->receive();
    if (!message)
      self->closed = true;
    else if (self->requests.size() < requests_waiting_max)
      self->requests.push_back(std::move(*message));
    else
      co_return self->socket->abort();
    self->session->watcher().wake();
  }
}

Async<> answer(Socket& self, std::string message) {
  auto const topics_max = self.session->topics_max();
  CO_TRY(auto const value, parse_json(message));
  if (!value.is_object()) co_return fail(Code::invalid, "A message must be a JSON object.");
  auto fields = Fields{value.get_object()};
  auto const type = fields.choice("type", {"subscribe", "unsubscribe"});
  auto const* array = fields.array("topics", topics_max);
  auto const cursor = fields.optional_number("cursor", {.min = 0});
  auto texts = std::vector<std::string>{};
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    auto const* text = (*array)[i].if_string();
    if (text == nullptr)
      fields.refuse(fmt::format("topics[{}]", i), "must be a string");
    else
      texts.emplace_back(text->data(), text->size());
  }
  CO_CHECK(fields.finish());
  CO_TRY(auto const named, parse_topics(texts, topics_max));
  auto& watcher = self.session->watcher();
  auto topics = std::set<Topic>(watcher.topics().begin(), watcher.topics().end());
  if (type == "unsubscribe") {
    for (auto const& topic : named) topics.erase(topic);
  } else {
    CO_CHECK(co_await self.session->check_topics(named));
    topics.insert(named.begin(), named.end());
    if (topics.size() > topics_max)
      co_return invalid_field("topics", fmt::format("must be at most {} topics", topics_max));
  }
  if (cursor && *cursor > watcher.cursor())
    co_return invalid_field("cursor", "must be one that a message of this stream had");
  watcher.set_topics(std::vector<Topic>(topics.begin(), topics.end()));
  if (cursor) watcher.rewind(*cursor);
  co_return co_await self.socket->send(render_ready(watcher));
}

Async<> send_all(Socket& self) {
  CO_CHECK(co_await self.socket->send(render_ready(self.session->watcher())));
  while (!self.closed) {
    CO_TRY(auto const events, co_await self.session->next());
    for (auto const& event : events) CO_CHECK(co_await self.socket->send(self.session->told(event)));
    if (events.empty() && self.requests.empty() && !self.closed)
      CO_CHECK(co_await self.socket->send(
          fmt::format(R"({{"type":"ping","cursor":{}}})", self.session->watcher().cursor())));
    while (!self.requests.empty()) {
      auto message = std::move(self.requests.front());
      self.requests.pop_front();
      auto const answered = co_await answer(self, std::move(message));
      if (answered) continue;
      // A wrong topic is told and the stream goes on.
      auto const code = answered.error().code();
      if (code != Code::invalid && code != Code::not_found) co_return answered;
      CO_CHECK(co_await self.socket->send(self.session->told(answered.error())));
    }
  }
  co_return Result<void>{};
}

int close_code(Error const& error) {
  switch (error.code()) {
    case Code::unauthenticated:
    case Code::forbidden: return close_unauthenticated;
    case Code::gone: return close_gone;
    case Code::invalid: return close_policy;
    default: return close_internal;
  }
}

asio::awaitable<void> serve(std::shared_ptr<net::WebSocket> socket, std::shared_ptr<Socket> self) {
  self->socket = std::move(socket);
  auto const executor = co_await asio::this_coro::executor;
  self->receiving.spawn(executor, [self] { return receive_all(self); });
  auto const done = co_await send_all(*self);
  if (!done && !self->closed) {
    // Best effort: the other side may be gone.
    if (auto const told = co_await self->socket->send(self->session->told(done.error())); told)
      (void)co_await self->socket->close(close_code(done.error()), std::string{done.error().slug()});
  }
  self->closed = true;
  self->socket->abort();
  // Even a connection that the server kills outlives its receiver, which has the same socket.
  co_await asio::this_coro::throw_if_cancelled(false);
  (void)co_await self->receiving.drain(deadline_in(last_message_limit));
  co_await asio::this_coro::throw_if_cancelled(true);
}

}  // namespace

Async<net::Response> get_stream(StreamNeeds const& needs, net::Request& request) {
  CO_TRY(auto session, co_await open_session(needs, request, {Topic{}}));
  auto response = net::Response{};
  response.headers.set("Content-Type", "text/event-stream");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Accel-Buffering", "no");  // proxies would hold events back
  response.stream = std::make_shared<EventStream>(std::move(session));
  co_return response;
}

Async<net::Response> get_websocket(StreamNeeds const& needs, net::Request& request) {
  auto self = std::make_shared<Socket>();
  CO_TRY(self->session, co_await open_session(needs, request, {}));
  auto response = net::Response{};
  response.upgrade = [self](std::shared_ptr<net::WebSocket> socket) {
    return serve(std::move(socket), self);
  };
  co_return response;
}

}  // namespace hoist::uploads
