// The processor of tasks as a Lambda function: messages of the queue of `tasks-api`, handed over by an event
// source mapping with ReportBatchItemFailures.
//
// Promise  as tasks::BatchProcessor: in the order of each group, one effect a task, remembered in DynamoDB
// for
//          tasks.retention_days.
// Rule     it has no routes: an HTTP request is refused whole, and no message comes from one.
// Errors   everything that keeps it from starting, in words.
// Threads  invocations from the executor of run().
#pragma once

#include "adapters/dynamodb/effects.hpp"
#include "adapters/sqs/fifo_queue.hpp"
#include "hosts/config.hpp"
#include "hosts/function.hpp"
#include "tasks/batch_processor.hpp"

namespace hoist::hosts {

struct ProcessorFunctionSettings {
  Config config;
  std::string queue_url;
  std::string effects_table;
  aws::Environment aws;
};

// HOIST_TASKS_QUEUE_URL and HOIST_TASKS_EFFECTS_TABLE are needed. Errors: invalid, in words.
[[nodiscard]] Result<ProcessorFunctionSettings> processor_function_settings(FunctionEnvironment environment,
                                                                            aws::Environment aws);

class ProcessorFunction final : public Function {
 public:
  static Result<std::unique_ptr<Function>> open(ProcessorFunctionSettings settings);

  Async<std::string> invoke(aws::Invocation invocation) override;
  asio::awaitable<void> after_answer(Deadline) override { co_return; }

  [[nodiscard]] aws::CallRecord const& calls() { return account_.calls(); }

 private:
  explicit ProcessorFunction(aws::Environment aws) : account_{std::move(aws), clock_, metrics_} {}

  Metrics metrics_;
  SystemClock clock_;
  aws::Account account_;
  std::unique_ptr<sqs::FifoQueue> queue_;
  std::unique_ptr<dynamodb::Effects> effects_;
  std::unique_ptr<tasks::BatchProcessor> processor_;
};

}  // namespace hoist::hosts
