#include "bin/lambda.hpp"

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "base/log.hpp"
#include "base/try.hpp"
#include "hosts/config.hpp"
#include "hosts/function.hpp"

namespace hoist::bin {
namespace {

constexpr auto api_variable = "AWS_LAMBDA_RUNTIME_API";

std::string runtime_api() {
  auto const* found = std::getenv(api_variable);
  return found == nullptr ? std::string{} : found;
}

Result<void> serve(std::string const& api) {
  auto const function = hosts::open_function(hosts::hoist_environment());
  if (function) return (*function)->run(api);
  aws::report_init_error(api, function.error());
  return std::unexpected{function.error()};
}

}  // namespace

bool is_in_lambda() {
  return !runtime_api().empty();
}

int run_lambda() {
  auto const api = runtime_api();
  std::signal(SIGPIPE, SIG_IGN);
  auto const served = api.empty()
                          ? fail(Code::invalid, std::string{api_variable} + " is not set: Lambda sets it.")
                          : serve(api);
  if (served) return 0;
  std::fprintf(stderr, "hoist: %s\n", served.error().to_string().c_str());
  return info(served.error().code()).cli_exit;
}

void add_lambda_command(CLI::App& app, int& exit_code) {
  auto* command = app.add_subcommand("lambda", "Serve one of Hoist's functions of AWS Lambda");
  command->footer(
      "Lambda starts the binary under the name bootstrap and without arguments, which does the same.\n"
      "HOIST_FUNCTION says which function it is; docs/aws/engines.md has what each of them needs.");
  command->callback([&exit_code] { exit_code = run_lambda(); });
}

}  // namespace hoist::bin
