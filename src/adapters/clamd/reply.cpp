#include "adapters/clamd/reply.hpp"

#include <algorithm>
#include <string>

#include "base/encode.hpp"

namespace hoist::clamd {
namespace {

std::string printable(std::string_view text) {
  auto copy = std::string{text.substr(0, 200)};
  std::ranges::replace_if(copy, [](char c) { return c < ' ' || c > '~'; }, '?');
  return copy;
}

std::unexpected<Error> no_verdict(std::string_view reply) {
  return fail(Error{Code::unavailable, "The virus scanner gave no answer."}.with_cause("clamd said: " +
                                                                                       printable(reply)));
}

std::unexpected<Error> over_limit(std::string_view reply) {
  return fail(
      Error{Code::too_large, "The file is over the virus scanner's limits, so it cannot be called clean."}
          .with_cause("clamd said: " + printable(reply)));
}

}  // namespace

Result<ScanReport> parse_verdict(std::string_view reply) {
  constexpr auto prefix = std::string_view{"stream: "};
  constexpr auto found = std::string_view{" FOUND"};
  if (reply.starts_with("INSTREAM size limit exceeded")) return over_limit(reply);
  if (!reply.starts_with(prefix)) return no_verdict(reply);
  auto const verdict = reply.substr(prefix.size());
  if (verdict == "OK") return ScanReport{.verdict = Verdict::clean};
  if (!verdict.ends_with(found)) return no_verdict(reply);
  auto const name = verdict.substr(0, verdict.size() - found.size());
  if (name.starts_with("Heuristics.Limits.Exceeded")) return over_limit(reply);
  auto const plain = !name.empty() && name.size() <= 200 && printable(name) == name;
  auto report = ScanReport{.signature = plain ? std::string{name} : "unnamed"};
  if (name.starts_with("Heuristics.Encrypted.")) report.verdict = Verdict::unscannable;
  return report;
}

Result<void> parse_version(std::string_view reply, ScanReport& report) {
  if (!reply.starts_with("ClamAV ") || printable(reply) != reply) return no_verdict(reply);
  auto const slash = std::min(reply.find('/'), reply.size());
  report.engine = std::string{reply.substr(0, slash)};
  report.signatures = slash < reply.size() ? std::string{reply.substr(slash + 1)} : "local";
  return {};
}

}  // namespace hoist::clamd
