// A request and its response, free of any transport: the server, the Lambda loop and the tests all
// speak these. No Beast here.
#pragma once

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/async.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "model/caller.hpp"
#include "model/sentences.hpp"

namespace hoist::net {

// Header fields in order of arrival; names compare without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value);
  [[nodiscard]] std::string_view get(std::string_view name) const;  // "" when absent, the first when repeated
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::vector<Field> const& all() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// The bytes of a body as they arrive. 0 is the end. Errors: request_timeout, too_large, invalid.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual Async<std::size_t> read(std::span<char> buffer) = 0;
};

class WebSocket;

struct Request {
  std::string method;
  std::string target;                                      // as received: path and query, still encoded
  std::string path;                                        // decoded, canonical
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in order
  Headers headers;
  std::string body;  // filled by the router up to the route's limit; empty for streaming handlers
  std::shared_ptr<BodySource> stream;          // the unread body; dead once the handler has answered
  std::optional<std::int64_t> content_length;  // absent when chunked
  std::string remote_address;
  std::string request_id;    // made here, or accepted from X-Request-ID when well-formed
  std::string trace_parent;  // W3C traceparent, accepted or made here
  Deadline deadline;

  std::map<std::string, std::string, std::less<>> params;  // {id} of the route's pattern
  Caller caller;                                           // set by the gate
  Language language = Language::english;                   // of the answer; chosen by the router

  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] std::string const& param(std::string_view name) const;
};

// The trace id inside `trace_parent`, for log lines.
[[nodiscard]] std::string_view trace_id(Request const& request);

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // Instead of `body`: streamed, chunked unless `stream_length` is known.
  std::shared_ptr<BodySource> stream;
  std::optional<std::int64_t> stream_length;  // answering HEAD, it may stand without a stream
  // Instead of a response: the connection becomes a WebSocket.
  std::function<asio::awaitable<void>(std::shared_ptr<WebSocket>)> upgrade;
};

[[nodiscard]] Response json_response(int status, json::value const& body);
[[nodiscard]] Response json_text_response(int status, std::string body);
[[nodiscard]] Response text_response(int status, std::string body,
                                     std::string content_type = "text/plain; charset=utf-8");
[[nodiscard]] Response redirect(std::string location);  // 302, not cached
// RFC 9457 problem+json; the only renderer of errors for JSON routes.
[[nodiscard]] Response problem(Error const& error, std::string_view request_id);

// The parsed JSON object of a body. Errors: unsupported_type unless application/json, invalid.
[[nodiscard]] Result<json::object> json_body(Request const& request, JsonLimits limits = {});

// Answers every request, errors included.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual asio::awaitable<Response> handle(Request request) = 0;
};

}  // namespace hoist::net
