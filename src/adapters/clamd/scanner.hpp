// The Scanner port by clamd's INSTREAM over a unix socket.
//
// Promise  clean only when clamd said "stream: OK" after taking every byte, under a configuration
//          that reports what is over its limits (config.hpp). Anything else is an error.
// Threads  any; each scan is one connection on the caller's executor, at most connections_max at a
//          time: more wait for a place until their deadline.
// Away     what cannot be asked for its version before a scan, or for a PING by look(), gets no file
//          until a PING is answered: callers do not wait out a time-out on it one after the other.
// Errors   ports/scanner.hpp.
// Source   clamd(8), "zINSTREAM", "zVERSION" and "zPING".
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "ports/scanner.hpp"

namespace hoist::clamd {

struct ScannerOptions {
  std::string socket;
  int connections_max = 4;
  std::chrono::milliseconds scan_max = std::chrono::minutes{2};  // for one file, however late the deadline
};

[[nodiscard]] std::unique_ptr<Scanner> make_scanner(ScannerOptions options, Metrics& metrics);

}  // namespace hoist::clamd
