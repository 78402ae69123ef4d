// Serves a Lambda function: takes one invocation after the other from the Runtime API and sends its answer
// back.
//
// Promise  an error of one invocation is told and never ends the loop. Before the next invocation is asked
// for,
//          after_answer() has ended: what is suspended then may be frozen for hours.
// Threads  one: the executor that it runs on.   Lifetime  clock and function outlive it.
// Errors   of run(): what leaves no other way than to end the process, in words: the Runtime API is away or
// says so. Limits   an event and an answer of payload_bytes_max, which is Lambda's own. Source   "Using the
// Lambda runtime API", version 2018-06-01.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "net/client.hpp"

namespace hoist::aws {

inline constexpr std::size_t payload_bytes_max = 6 * 1024 * 1024;

struct Invocation {
  std::string id;
  std::string trace;  // of X-Ray
  Deadline deadline;  // a little before the function is stopped, so that there is time to say so
  std::string event;
};

class InvokedFunction {
 public:
  virtual ~InvokedFunction() = default;
  // The answer, as JSON. An error fails the invocation.
  virtual Async<std::string> invoke(Invocation invocation) = 0;
  // What is left to do once the answer is on its way, until `deadline`.
  virtual asio::awaitable<void> after_answer(Deadline deadline) = 0;
};

class RuntimeLoop {
 public:
  // `api` is the value of AWS_LAMBDA_RUNTIME_API: "127.0.0.1:9001".
  RuntimeLoop(std::string_view api, Clock const& clock, InvokedFunction& function);

  // Until the Runtime API ends it.
  Async<> run();

 private:
  Async<Invocation> next();
  Async<> serve(Invocation invocation);
  Async<> send_answer(std::string const& id, std::string answer);
  Async<> send_error(std::string const& id, Error const& error);
  Async<int> post(std::string path, std::string body, std::string_view error_type);

  std::string base_;
  Clock const& clock_;
  InvokedFunction& function_;
  net::Client client_;
};

// Tells the Runtime API why the function cannot start. The process ends afterwards.
void report_init_error(std::string_view api, Error const& error);

}  // namespace hoist::aws
