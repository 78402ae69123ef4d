#include "hosts/function.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "aws/client/environment.hpp"
#include "aws/function/http_event.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "hosts/events_function.hpp"
#include "hosts/processor_function.hpp"
#include "hosts/tasks_function.hpp"

namespace hoist::hosts {
namespace {

constexpr auto envelope_bytes = std::size_t{64} << 10;  // of an answer around its body
constexpr auto body_bytes_max = (aws::payload_bytes_max - envelope_bytes) / 4 * 3;
static_assert(body_bytes_max / 3 * 4 + envelope_bytes <= aws::payload_bytes_max, "it may have to be base64");

void set_up_log(Config const& config) {
  log::configure(config.log.level, config.log.format);
}

}  // namespace

Result<void> Function::run(std::string_view runtime_api) {
  return run_to_end<void>([&]() -> Async<> {
    auto const clock = SystemClock{};
    auto loop = aws::RuntimeLoop{runtime_api, clock, *this};
    co_return co_await loop.run();
  });
}

Result<std::unique_ptr<Function>> open_function(FunctionEnvironment environment) {
  auto const named = environment.find("HOIST_FUNCTION");
  auto const name = named == environment.end() ? std::string{} : named->second;
  if (name == events_api) {
    TRY(auto config, events_function_config(std::move(environment)));
    set_up_log(config);
    return EventsFunction::open(std::move(config));
  }
  if (name == tasks_api) {
    TRY(auto settings, tasks_function_settings(std::move(environment), aws::process_environment()));
    set_up_log(settings.config);
    return TasksFunction::open(std::move(settings));
  }
  if (name == tasks_processor) {
    TRY(auto settings, processor_function_settings(std::move(environment), aws::process_environment()));
    set_up_log(settings.config);
    return ProcessorFunction::open(std::move(settings));
  }
  return fail(Code::invalid,
              fmt::format("HOIST_FUNCTION must be one of {}.", fmt::join(function_names, ", ")));
}

Result<std::string> needed(FunctionEnvironment const& environment, std::string const& name,
                           std::string_view what) {
  auto const found = environment.find(name);
  if (found == environment.end() || found->second.empty())
    return fail(Code::invalid, fmt::format("{} must be {}.", name, what));
  return found->second;
}

Result<json::object> event_of(aws::Invocation const& invocation) {
  constexpr auto depth_max = 64;
  TRY(auto event, parse_json(invocation.event, {.depth_max = depth_max}));
  if (!event.is_object()) return fail(Code::invalid, "The event is no JSON object.");
  return std::move(event.get_object());
}

Async<std::string> answer_http(net::Router& router, aws::Invocation invocation) {
  CO_TRY(auto const event, event_of(invocation));
  CO_TRY(auto read, aws::read_http_event(event, invocation.trace));
  if (!read) co_return fail(Code::invalid, "This function answers HTTP requests, and the event is none.");
  read->parts.deadline = invocation.deadline;
  read->parts.caller.credential_id = read->gateway_key;
  auto const answer = co_await net::answer_in_process(router, std::move(read->parts), body_bytes_max);
  co_return json::serialize(aws::write_http_answer(read->shape, answer));
}

}  // namespace hoist::hosts
