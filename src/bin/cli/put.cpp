#include "bin/cli/put.hpp"

#include <signal.h>
#include <string_view>
#include <unistd.h>

#include "bin/cli/put_run.hpp"
#include "bin/cli/report.hpp"

namespace hoist::cli {
namespace {

// The journal is on disk already, so there is nothing to save.
void on_interrupt(int) {
  constexpr auto text =
      std::string_view{"\nInterrupted. Run the same command again to go on where it stopped.\n"};
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(130);
}

}  // namespace

int put_command(PutOptions const& options) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  ::signal(SIGINT, on_interrupt);
  auto const exit_code = run_to_end<int>([&]() -> Async<int> {
    auto run = PutRun{options, *connection};
    co_return co_await run.run();
  });
  return exit_code ? *exit_code : report(exit_code.error());
}

}  // namespace hoist::cli
