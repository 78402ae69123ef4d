// A private clamd: configured for us, started, watched and stopped by us.
//
// Why      the defaults of a machine's clamd are wrong here: over its limits it says OK, its cache
//          answers without scanning, and its image fuzzy hash decodes pictures outside our sandbox.
// Box      no network, no new privileges, and files by Landlock: its folder and its signatures, never
//          our keys or anybody's files.
// Threads  one of its own, which starts clamd again, with backoff, whenever it ends or is found frozen.
// Lifetime clamd ends with this object, and with the process however that ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/landlock.hpp"

namespace hoist::clamd {

struct DaemonOptions {
  std::string folder;  // everything of this clamd is in here
  std::string program = "/usr/sbin/clamd";
  std::string signatures = "/var/lib/clamav";  // used when it holds a main or daily database
  std::int64_t file_bytes_max = 100 << 20;     // files up to this size are scanned whole
  std::chrono::milliseconds backoff_min{500};
  std::chrono::milliseconds backoff_max{60'000};
  std::chrono::milliseconds frozen_after{10'000};  // neither answering nor using the processor
};

[[nodiscard]] FileRights box_of(DaemonOptions const& options);
// clamd.conf(5) for `options`; `database` is the folder of signatures.
[[nodiscard]] std::string configuration(DaemonOptions const& options, std::string const& database);

class Daemon {
 public:
  // Writes the configuration, the test database where there is no real one, and starts clamd; does
  // not wait until it has loaded its signatures. Errors: unavailable (no such program, folder).
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(DaemonOptions options);
  ~Daemon();
  Daemon(Daemon const&) = delete;

  [[nodiscard]] std::string socket() const;
  // True: only the harmless EICAR test file is recognised. Real malware passes.
  [[nodiscard]] bool test_signatures_only() const;
  // For tests: false when it does not answer in time.
  [[nodiscard]] bool wait_until_it_answers(std::chrono::milliseconds patience) const;
  [[nodiscard]] int pid() const;  // 0 while it is not running

 private:
  struct State;
  explicit Daemon(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hoist::clamd
