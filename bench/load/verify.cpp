// Offline verification of an event export, in memory, on one core.
//
//   bench_verify --file EXPORT.ndjson
#include "events/verify.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>

#include "base/encode.hpp"
#include "base/json.hpp"
#include "support.hpp"

int main(int count, char** arguments) {
  auto const options = bench::parse_options(count, arguments, {{"file", ""}});
  auto text = std::stringstream{};
  text << std::ifstream{options.at("file")}.rdbuf();
  auto header = std::string{};
  std::getline(text, header);
  text.seekg(0);
  auto const parsed = hoist::parse_json(header);
  if (!parsed || !parsed->is_object() || !parsed->get_object().contains("publicKey")) bench::die("no header");
  auto const key = hoist::unbase64url(parsed->get_object().at("publicKey").get_string().c_str());
  if (!key) bench::die("the header's public key");

  auto const cpu = bench::process_cpu_s();
  auto const report = hoist::events::verify_export(text, *key);
  auto const seconds = bench::process_cpu_s() - cpu;
  if (!report.ok()) bench::die(report.problem);
  std::printf("{\"events\": %lld, \"cpu_s\": %.6f, \"per_cpu_s\": %.1f}\n",
              static_cast<long long>(report.events), seconds, static_cast<double>(report.events) / seconds);
}
