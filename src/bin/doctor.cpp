#include "bin/doctor.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "app/open_data.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "uploads/sharing.hpp"

namespace hoist::bin {
namespace {

constexpr auto look_deadline = std::chrono::minutes{10};

struct Flags {
  std::string data = "hoist-data";
  bool scrub = false;
  bool json = false;
};

struct Finding {
  std::string check;
  std::string problem;
};

Result<std::vector<Finding>> check_tables(sql::Transaction& tx) {
  auto findings = std::vector<Finding>{};
  TRY(auto const integrity, tx.query("PRAGMA integrity_check(20)"));
  for (auto const& row : integrity)
    if (row.text(0) != "ok") findings.push_back({"database", row.text(0)});
  TRY(auto const drift, uploads::check_usage(tx));
  for (auto const& line : drift) findings.push_back({"quota", line});
  TRY(auto const strays, uploads::check_objects(tx));
  for (auto const& line : strays) findings.push_back({"objects", line});
  return findings;
}

Async<std::vector<Finding>> examine(app::OpenData& data, Flags const& flags) {
  CO_TRY(auto findings,
         co_await data.database->read(system_scope(), check_tables, deadline_in(look_deadline)));
  if (flags.scrub) {
    auto report = [&](disk::Damage const& damage) {
      findings.push_back({"objects", fmt::format("{}: {}", damage.file, damage.cause)});
    };
    CO_TRY(auto const scrubbed, co_await data.objects->scrub(report));
    if (!flags.json)
      fmt::print("objects   read {} files, {} bytes, {} damaged\n", scrubbed.files, scrubbed.bytes,
                 scrubbed.damaged);
  }
  co_return findings;
}

Result<int> run(Flags const& flags) {
  TRY(auto const data, app::open_data(flags.data));
  auto body = std::function<Async<std::vector<Finding>>()>{[&] { return examine(*data, flags); }};
  TRY(auto const findings, run_to_end<std::vector<Finding>>(body));
  for (auto const& finding : findings) {
    if (flags.json)
      fmt::print("{}\n",
                 json::serialize(json::object{{"check", finding.check}, {"problem", finding.problem}}));
    else
      fmt::print("{:<9} {}\n", finding.check, finding.problem);
  }
  if (!flags.json) fmt::print("{} problem(s) found\n", findings.size());
  return findings.empty() ? 0 : 1;
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("doctor", "Check tables, quotas and objects; exit code 1 when something is wrong");
  auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "The data folder (default hoist-data)");
  command->add_flag("--scrub", flags->scrub, "Read every stored file and compare its hash");
  command->add_flag("--json", flags->json, "One JSON object a line");
  command->callback([flags, &exit_code] {
    auto const outcome = run(*flags);
    if (!outcome) fmt::print(stderr, "hoist: {}\n", outcome.error().to_string());
    exit_code = outcome ? *outcome : info(outcome.error().code()).cli_exit;
  });
}

}  // namespace hoist::bin
