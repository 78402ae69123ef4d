#include "bin/doctor.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include "base/json.hpp"
#include "base/try.hpp"
#include "bin/recover.hpp"
#include "engines/embedded/witness.hpp"
#include "hosts/admin.hpp"
#include "hosts/checks.hpp"

namespace hoist::bin {
namespace {

struct Flags {
  std::string data = "hoist-data";
  bool scrub = false;
  bool recover = false;
  std::string bucket = "hoist";
  bool set_aside = false;
  bool json = false;
};

struct Finding {
  std::string check;
  std::string problem;
};

Async<> show_orphans(disk::Objects& objects, Time now) {
  CO_TRY(auto const orphans, co_await objects.count_orphans(now));
  fmt::print("objects   {} files that no row names, {} in lost+found\n", orphans.left, orphans.set_aside);
  co_return Result<void>{};
}

Async<std::vector<Finding>> scrub(disk::Objects& objects, Flags const& flags) {
  auto findings = std::vector<Finding>{};
  auto report = [&](disk::Damage const& damage) {
    findings.push_back({"objects", fmt::format("{}: {}", damage.file, damage.cause)});
  };
  CO_TRY(auto const scrubbed, co_await objects.scrub(report));
  if (!flags.json)
    fmt::print("objects   read {} files, {} bytes, {} damaged\n", scrubbed.files, scrubbed.bytes,
               scrubbed.damaged);
  co_return findings;
}

Async<std::vector<Finding>> examine(hosts::Admin& admin, disk::Objects& objects, Flags const& flags) {
  auto findings = std::vector<Finding>{};
  auto const in_s3 = hosts::hoist_environment().contains("HOIST_OBJECTS_ENDPOINT");
  for (auto const& check : hosts::checks_of(admin.engine(), admin.records(), admin.metrics())) {
    if (in_s3 && check.name == "objects") continue;  // the tables know nothing of a bucket
    CO_TRY(auto const problems, co_await check.run());
    for (auto const& problem : problems) findings.push_back({check.name, problem});
  }
  if (!flags.json) CO_CHECK(co_await show_orphans(objects, admin.records().clock.now()));
  if (flags.scrub) {
    CO_TRY(auto const damaged, co_await scrub(objects, flags));
    std::ranges::copy(damaged, std::back_inserter(findings));
  }
  co_return findings;
}

int show(std::vector<Finding> const& findings, Flags const& flags) {
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

// Opening a damaged database changes what is left of it, so it is looked at first; unless a server has it.
Result<std::vector<Finding>> look_before_opening(std::string const& path) {
  auto findings = std::vector<Finding>{};
  if (!std::filesystem::exists(path + "/objects")) return findings;
  TRY(auto const folder, DataFolder::open(path));
  if (folder.is_served()) return findings;
  TRY(auto const witness, embedded::Witness::open(folder));
  TRY(auto const problems, witness->look_at_files());
  // One that has started meanwhile has looked itself, and moves what we looked at.
  if (folder.is_served()) return findings;
  for (auto const& problem : problems) findings.push_back({"files", problem});
  return findings;
}

Result<int> set_orphans_aside(disk::Objects& objects, Time now) {
  auto body = std::function<Async<disk::Orphans>()>{[&] { return objects.set_orphans_aside(now, true); }};
  TRY(auto const orphans, run_to_end<disk::Orphans>(body));
  fmt::print("{} files that no row names were moved to objects/lost+found\n", orphans.set_aside);
  return 0;
}

Result<int> run(Flags const& flags) {
  TRY(auto const settings, hosts::Admin::settings(flags.data));
  auto const on_postgres = !settings.database.url.empty();
  if (flags.recover && on_postgres)
    return fail(Code::conflict, "the rows are in PostgreSQL, and come back from its backup and its log");
  if (flags.recover) {
    CHECK(recover(flags.data, flags.bucket));
    return 0;
  }
  if (!on_postgres)
    if (auto const problems = look_before_opening(flags.data); !problems || !problems->empty())
      return problems ? show(*problems, flags) : Result<int>{std::unexpected{problems.error()}};
  TRY(auto const admin, hosts::Admin::open(flags.data));
  TRY(auto* const objects, admin->files());
  if (flags.set_aside) return set_orphans_aside(*objects, admin->records().clock.now());
  auto body = std::function<Async<std::vector<Finding>>()>{[&] { return examine(*admin, *objects, flags); }};
  TRY(auto const findings, run_to_end<std::vector<Finding>>(body));
  return show(findings, flags);
}

}  // namespace

void add_doctor_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("doctor", "Check tables, quotas and objects; exit code 1 when something is wrong");
  auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "The data folder (default hoist-data)");
  command->add_flag("--scrub", flags->scrub, "Read every stored file and compare its hash");
  command->add_flag("--recover", flags->recover,
                    "Make lost rows again from the stored files; stop the server first");
  command->add_option("--bucket", flags->bucket,
                      "With --recover: the server's objects.bucket (default hoist)");
  command->add_flag("--set-aside", flags->set_aside,
                    "Move every file that no row names to lost+found, however many there are");
  command->add_flag("--json", flags->json, "One JSON object a line");
  command->callback([flags, &exit_code] {
    auto const outcome = run(*flags);
    if (!outcome) fmt::print(stderr, "hoist: {}\n", outcome.error().to_string());
    exit_code = outcome ? *outcome : info(outcome.error().code()).cli_exit;
  });
}

}  // namespace hoist::bin
