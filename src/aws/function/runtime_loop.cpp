#include "aws/function/runtime_loop.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

using std::chrono::milliseconds;

constexpr auto version = "2018-06-01";
constexpr auto post_time_max = std::chrono::seconds{10};
constexpr auto margin_max = milliseconds{500};
constexpr std::int64_t margin_part = 10;  // of what time there is
constexpr int status_ok = 200;
constexpr int status_accepted = 202;
constexpr int status_too_large = 413;
constexpr int status_container = 500;

// The event's limit, and room for the escapes of its base64.
constexpr std::size_t event_bytes_max = payload_bytes_max + (1 << 20);

net::ClientOptions client_options() {
  auto options = net::ClientOptions{};
  options.idle_timeout = std::chrono::hours{24};  // time that a frozen process sleeps counts too
  return options;
}

std::string error_body(Error const& error) {
  return json::serialize(json::object{
      {"errorMessage", error.detail().empty() ? info(error.code()).title : std::string_view{error.detail()}},
      {"errorType", "Hoist." + std::string{error.slug()}},
      {"stackTrace", json::array{}}});
}

std::string error_type(Error const& error) {
  return "Function." + std::string{error.slug()};
}

}  // namespace

RuntimeLoop::RuntimeLoop(std::string_view api, Clock const& clock, InvokedFunction& function)
    : base_{fmt::format("http://{}/{}/runtime/", api, version)},
      clock_{clock},
      function_{function},
      client_{client_options()} {}

Async<> RuntimeLoop::run() {
  for (;;) {
    CO_TRY(auto invocation, co_await next());
    auto const deadline = invocation.deadline;
    CO_CHECK(co_await serve(std::move(invocation)));
    co_await function_.after_answer(deadline);
  }
}

// Waits for as long as no invocation comes: the process may be frozen meanwhile.
Async<Invocation> RuntimeLoop::next() {
  auto request = net::ClientRequest{.url = base_ + "invocation/next"};
  request.response_bytes_max = event_bytes_max;
  CO_TRY(auto response, co_await client_.send(std::move(request), Deadline::max()));
  auto invocation = Invocation{};
  invocation.id = response.headers.get("Lambda-Runtime-Aws-Request-Id");
  if (response.status != status_ok || invocation.id.empty())
    co_return fail(
        Code::unavailable,
        fmt::format("The Lambda Runtime API answered {} instead of an invocation.", response.status));
  invocation.trace = response.headers.get("Lambda-Runtime-Trace-Id");
  auto const text = response.headers.get("Lambda-Runtime-Deadline-Ms");
  auto ends_ms = std::int64_t{0};
  std::from_chars(text.data(), text.data() + text.size(), ends_ms);
  auto const left = std::max(milliseconds{0}, milliseconds{ends_ms - to_us(clock_.now()) / 1'000});
  invocation.deadline = deadline_in(left - std::min(margin_max, left / margin_part));
  invocation.event = std::move(response.body);
  co_return invocation;
}

Async<> RuntimeLoop::serve(Invocation invocation) {
  auto const id = invocation.id;
  auto answer = co_await function_.invoke(std::move(invocation));
  if (!answer)
    log::error("an invocation failed", {{"invocation", id}, {"cause", answer.error().to_string()}});
  if (!answer) co_return co_await send_error(id, answer.error());
  co_return co_await send_answer(id, *std::move(answer));
}

Async<> RuntimeLoop::send_answer(std::string const& id, std::string answer) {
  auto const bytes = answer.size();
  CO_TRY(auto const status,
         co_await post("invocation/" + percent_encode(id) + "/response", std::move(answer), {}));
  if (status == status_accepted) co_return Result<void>{};
  if (status == status_too_large)
    co_return co_await send_error(
        id,
        Error{Code::too_large, fmt::format("The answer of {} bytes is larger than Lambda takes.", bytes)});
  // The invocation is over, by a timeout say, or was answered: the next one is none the worse for it.
  log::warn("Lambda did not take an answer", {{"invocation", id}, {"status", std::to_string(status)}});
  co_return Result<void>{};
}

Async<> RuntimeLoop::send_error(std::string const& id, Error const& error) {
  CO_TRY(auto const status,
         co_await post("invocation/" + percent_encode(id) + "/error", error_body(error), error_type(error)));
  if (status != status_accepted)
    log::warn("Lambda did not take an error", {{"invocation", id}, {"status", std::to_string(status)}});
  co_return Result<void>{};
}

Async<int> RuntimeLoop::post(std::string path, std::string body, std::string_view error_type) {
  auto request = net::ClientRequest{.method = "POST", .url = base_ + path};
  request.headers.set("Content-Type", "application/json");
  if (!error_type.empty()) request.headers.set("Lambda-Runtime-Function-Error-Type", std::string{error_type});
  request.body = std::move(body);
  request.repeatable = true;  // a second answer to the same invocation is refused, which is no harm
  CO_TRY(auto const response, co_await client_.send(std::move(request), deadline_in(post_time_max)));
  if (response.status >= status_container)
    co_return fail(
        Code::unavailable,
        fmt::format("The Lambda Runtime API answered {}; this process has to end.", response.status));
  co_return response.status;
}

void report_init_error(std::string_view api, Error const& error) {
  auto const told = run_to_end<net::Response>([&]() -> Async<net::Response> {
    auto client = net::Client{};
    auto request = net::ClientRequest{.method = "POST",
                                      .url = fmt::format("http://{}/{}/runtime/init/error", api, version)};
    request.headers.set("Content-Type", "application/json");
    request.headers.set("Lambda-Runtime-Function-Error-Type", error_type(error));
    request.body = error_body(error);
    co_return co_await client.send(std::move(request), deadline_in(post_time_max));
  });
  if (!told)
    log::error("Lambda could not be told why this function does not start",
               {{"cause", told.error().to_string()}});
}

}  // namespace hoist::aws
