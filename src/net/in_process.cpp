#include "net/in_process.hpp"

#include <algorithm>
#include <array>
#include <random>

#include "base/try.hpp"
#include "net/detail/admit.hpp"
#include "net/detail/inbound.hpp"
#include "net/detail/refusal.hpp"
#include "net/detail/wire.hpp"
#include "net/server.hpp"

namespace hoist::net {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

std::mt19937_64& generator() {
  thread_local auto made = std::mt19937_64{std::random_device{}()};
  return made;
}

class BodyInMemory final : public BodySource {
 public:
  explicit BodyInMemory(std::string bytes) : bytes_{std::move(bytes)} {}
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const count = bytes_.copy(buffer.data(), buffer.size(), at_);
    at_ += count;
    co_return count;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

bool is_clean(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

// The head as it would stand on a socket, so that the same code judges it. Nothing where it could not stand
// there.
std::optional<std::string> head_of(RequestParts const& parts) {
  if (!is_clean(parts.method) || !is_clean(parts.target)) return std::nullopt;
  auto head = parts.method + " " + parts.target + " HTTP/1.1\r\n";
  for (auto const& [name, value] : parts.headers.all()) {
    if (equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
        equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Upgrade"))
      continue;
    if (!is_clean(name) || !is_clean(value)) return std::nullopt;
    head.append(name).append(": ").append(value).append("\r\n");
  }
  if (!parts.body.empty() || (parts.method != "GET" && parts.method != "HEAD"))
    head += "Content-Length: " + std::to_string(parts.body.size()) + "\r\n";
  return head + "\r\n";
}

Async<std::string> read_whole(BodySource& source, std::size_t bytes_max) {
  auto whole = std::string{};
  auto buffer = std::make_unique_for_overwrite<char[]>(piece_bytes);
  for (;;) {
    CO_TRY(auto const count, co_await source.read({buffer.get(), piece_bytes}));
    if (count == 0) co_return whole;
    if (whole.size() + count > bytes_max) co_return fail(Code::too_large);
    whole.append(buffer.get(), count);
  }
}

std::unexpected<Error> too_long(std::size_t bytes_max) {
  return fail(Code::too_large, "The answer is longer than the " + std::to_string(bytes_max) +
                                   " bytes that can be sent this way. Ask for less at a time.");
}

// The body of an answer, or why it cannot go back this way.
Async<std::string> body_of(Response& response, std::size_t bytes_max) {
  if (response.upgrade) co_return fail(Code::not_implemented, "WebSockets are not served this way.");
  if (response.stream) {
    auto whole = co_await read_whole(*response.stream, bytes_max);
    if (!whole && whole.error().code() == Code::too_large) co_return too_long(bytes_max);
    co_return whole;
  }
  if (response.body.size() > bytes_max) co_return too_long(bytes_max);
  co_return std::move(response.body);
}

bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection") || equal_ignoring_case(name, "Date");
}

// Taken from the very text that a listener would have written.
Headers headers_of(Response const& response, std::string_view request_id, bool head) {
  auto text = std::string{};
  append_head(text, response, {.head = head, .keep_alive = true, .request_id = request_id});
  auto headers = Headers{};
  auto rest = std::string_view{text};
  for (rest.remove_prefix(rest.find("\r\n") + 2); !rest.starts_with("\r\n");) {
    auto const line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(line.size() + 2);
    auto const colon = line.find(": ");
    if (!is_framing(line.substr(0, colon)))
      headers.add(std::string{line.substr(0, colon)}, std::string{line.substr(colon + 2)});
  }
  return headers;
}

// The request that a listener would have made of it, or the refusal that it would have sent.
std::expected<Request, Refusal> admit_parts(RequestParts& parts) {
  auto const text = head_of(parts);
  if (!text) return std::unexpected{Refusal{400, "The request holds line breaks where none may be."}};
  auto const limits = HeadLimits{};
  if (auto const end = find_head_end(*text, 0, limits); !end) return std::unexpected{end.error()};
  if (text->size() > ServerOptions{}.header_bytes_max)
    return std::unexpected{Refusal{431, "The header is too large."}};
  auto head = Head{};
  if (auto const admitted = admit(*text, limits, head); !admitted) return std::unexpected{admitted.error()};
  static auto const no_proxies = std::set<std::string, std::less<>>{};
  auto request = make_request(head, {parts.remote_address, no_proxies, generator()});
  if (!request) return std::unexpected{Refusal{400, "The target holds a broken percent-escape."}};
  request->deadline = parts.deadline;
  request->caller = std::move(parts.caller);
  if (head.has_body()) request->stream = std::make_shared<BodyInMemory>(std::move(parts.body));
  return *std::move(request);
}

}  // namespace

asio::awaitable<WholeAnswer> answer_in_process(Handler& handler, RequestParts parts, std::size_t bytes_max) {
  auto admitted = admit_parts(parts);
  auto const request_id = admitted ? admitted->request_id : make_request_id(generator());
  auto const head = admitted && admitted->method == "HEAD";
  auto response = Response{};
  if (admitted)
    response = co_await handler.handle(*std::move(admitted));
  else
    response = refusal_response(admitted.error().status, admitted.error().reason, request_id);
  auto body = co_await body_of(response, bytes_max);
  if (!body) {
    response = problem(body.error(), request_id);
    body = std::exchange(response.body, {});
  }
  auto answer = WholeAnswer{.status = response.status, .headers = headers_of(response, request_id, head)};
  if (!head) answer.body = *std::move(body);
  co_return answer;
}

}  // namespace hoist::net
