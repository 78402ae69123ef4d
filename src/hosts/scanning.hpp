// The virus scanner of a server: a private clamd, or one of the operator's. A process that only answers
// requests starts none.
#pragma once

#include <memory>
#include <vector>

#include "adapters/clamd/daemon.hpp"
#include "assembly/maintenance.hpp"
#include "base/json.hpp"
#include "base/metrics.hpp"
#include "hosts/config.hpp"
#include "ports/scanner.hpp"

namespace hoist::hosts {

class Scanning {
 public:
  // `folder` is the private one's. Errors: unavailable.
  static Result<std::unique_ptr<Scanning>> start(Config const& config, std::string folder, Metrics& metrics);

  [[nodiscard]] Scanner& scanner() { return *scanner_; }
  [[nodiscard]] std::vector<Job> jobs();
  [[nodiscard]] json::object describe() const;  // for /health

 private:
  Scanning() = default;
  std::unique_ptr<clamd::Daemon> daemon_;  // null: the operator's
  std::unique_ptr<Scanner> scanner_;
};

}  // namespace hoist::hosts
