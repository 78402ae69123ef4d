#include "base/runtime.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <pthread.h>
#include <thread>
#include <vector>

namespace hoist {

using boost::asio::io_context;

struct Runtime::State {
  std::vector<std::unique_ptr<io_context>> contexts;
  std::vector<boost::asio::executor_work_guard<io_context::executor_type>> guards;
  std::vector<std::thread> threads;
  std::atomic<std::size_t> next{0};
};

Runtime::Runtime(std::size_t threads) : state_{std::make_unique<State>()} {
  for (std::size_t i = 0; i < threads; ++i) {
    state_->contexts.push_back(std::make_unique<io_context>(1));
    state_->guards.push_back(boost::asio::make_work_guard(*state_->contexts.back()));
  }
}

Runtime::~Runtime() {
  stop();
}

std::size_t Runtime::threads() const {
  return state_->contexts.size();
}

io_context& Runtime::context(std::size_t index) {
  return *state_->contexts.at(index);
}

boost::asio::any_io_executor Runtime::next_executor() {
  auto const index = state_->next.fetch_add(1) % state_->contexts.size();
  return state_->contexts[index]->get_executor();
}

void Runtime::start() {
  for (auto& context : state_->contexts)
    state_->threads.emplace_back([&context] {
      pthread_setname_np(pthread_self(), "io");
      context->run();
    });
}

void Runtime::stop() {
  for (auto& context : state_->contexts) context->stop();
  for (auto& thread : state_->threads) thread.join();
  state_->threads.clear();
}

}  // namespace hoist
