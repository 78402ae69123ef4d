// One io_context per core, one thread each: a connection lives and dies on one thread, so its
// state needs no lock.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace hoist {

class Runtime {
 public:
  explicit Runtime(std::size_t threads);
  ~Runtime();  // stops and joins
  Runtime(Runtime const&) = delete;

  [[nodiscard]] std::size_t threads() const;
  [[nodiscard]] boost::asio::io_context& context(std::size_t index);
  [[nodiscard]] boost::asio::any_io_executor next_executor();  // round robin
  void start();
  void stop();  // idempotent; pending operations are abandoned

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hoist
