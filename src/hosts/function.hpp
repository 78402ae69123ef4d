// A process that Lambda runs: which function it is, and how it is served.
//
// HOIST_FUNCTION is one of function_names. The rest of a function's settings are the variables of its
// template; docs/aws/engines.md has them.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "aws/function/runtime_loop.hpp"
#include "base/json.hpp"
#include "net/router.hpp"

namespace hoist::hosts {

inline constexpr auto events_api = "events-api";            // POST /events, GET /events/{userId}
inline constexpr auto tasks_api = "tasks-api";              // POST /tasks, into a queue of SQS
inline constexpr auto tasks_processor = "tasks-processor";  // works on that queue
inline constexpr auto function_names = std::array{events_api, tasks_api, tasks_processor};

using FunctionEnvironment = std::map<std::string, std::string>;  // HOIST_...

class Function : public aws::InvokedFunction {
 public:
  // Serves invocations until the Runtime API ends it. Blocks.
  Result<void> run(std::string_view runtime_api);
};

// Sets up the log too. Errors: everything that keeps it from starting, in words.
[[nodiscard]] Result<std::unique_ptr<Function>> open_function(FunctionEnvironment environment);

// The variable of that name. Errors: invalid where it is missing, with what it has to be.
[[nodiscard]] Result<std::string> needed(FunctionEnvironment const& environment, std::string const& name,
                                         std::string_view what);

// The event of an invocation. Errors: invalid for what is no JSON object.
[[nodiscard]] Result<json::object> event_of(aws::Invocation const& invocation);

// Has the routes answer the HTTP request that an invocation is, as a server would. Errors: invalid for an
// event that is no HTTP request; it reaches no route.
Async<std::string> answer_http(net::Router& router, aws::Invocation invocation);

}  // namespace hoist::hosts
