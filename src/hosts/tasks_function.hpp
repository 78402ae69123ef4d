// POST /tasks as a Lambda function with a queue of SQS and no database: by the checks, the words and the
// router of a server, in process.
//
// Promise  a 201 means that SQS has the task, behind what its group was answered for before.
// Callers  whom the gateway's keys have let in are members of the first tenant. There are no tokens here:
// what
//          they are checked against is rows.
// Errors   everything that keeps it from starting, in words.
// Threads  invocations from the executor of run().
#pragma once

#include "adapters/sqs/fifo_queue.hpp"
#include "hosts/config.hpp"
#include "hosts/function.hpp"
#include "hosts/gateway_gate.hpp"
#include "tasks/intake.hpp"

namespace hoist::hosts {

struct TasksFunctionSettings {
  Config config;
  std::string queue_url;
  aws::Environment aws;
};

// HOIST_TASKS_QUEUE_URL is needed. Errors: invalid, in words.
[[nodiscard]] Result<TasksFunctionSettings> tasks_function_settings(FunctionEnvironment environment,
                                                                    aws::Environment aws);

class TasksFunction final : public Function {
 public:
  static Result<std::unique_ptr<Function>> open(TasksFunctionSettings settings);

  Async<std::string> invoke(aws::Invocation invocation) override;
  asio::awaitable<void> after_answer(Deadline) override { co_return; }

  [[nodiscard]] aws::CallRecord const& calls() { return account_.calls(); }

 private:
  explicit TasksFunction(TasksFunctionSettings const& settings);

  Metrics metrics_;
  SystemClock clock_;
  aws::Account account_;
  std::unique_ptr<sqs::FifoQueue> queue_;
  ClosedGate closed_;
  GatewayGate gate_;
  std::unique_ptr<tasks::Intake> intake_;
  std::unique_ptr<net::Router> router_;
};

}  // namespace hoist::hosts
