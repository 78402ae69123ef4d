// Takes uploaded files from the processing queue, several at a time, and brings each to its end.
//
// Order    independent: a file's message is alone in its group.
// Promise  a message is acknowledged only after its outcome is recorded. A worker that dies leaves
//          the message to the next one; one that comes too late records nothing.
// Retry    what is not the file's fault is tried again with the queue's backoff; on the last attempt
//          the file FAILS with that reason and the message is kept as a dead letter for redrive.
// Waiting  while the scanner is away no file is taken. One that was meanwhile is given back untried:
//          however long it takes, nothing fails by it.
// Threads  start() and stop() from anywhere; the files spread over the given executors.
// Lifetime stop() before the ports go away.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "model/queue_names.hpp"
#include "ports/consumer.hpp"
#include "processing/pipeline.hpp"

namespace hoist::processing {

struct WorkerOptions {
  std::string queue = processing_queue;
  std::string quarantine_bucket = "hoist-quarantine";
  std::string spool_folder = "/tmp";
  int jobs_max = 2;                                                 // files at a time
  std::chrono::milliseconds job_max = std::chrono::minutes{4};      // for one attempt at one file
  std::chrono::milliseconds visibility = std::chrono::seconds{60};  // renewed while working
  std::chrono::milliseconds poll = std::chrono::seconds{2};         // stop() may wait this long
};

class Worker {
 public:
  Worker(Consumer& queue, Ports ports, WorkerOptions options);
  ~Worker();
  Worker(Worker const&) = delete;

  void start(std::vector<asio::any_io_executor> const& executors);
  // Takes nothing new and waits for what is in flight. False: the grace was over first; those
  // messages come back to another worker.
  Async<bool> stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::processing
