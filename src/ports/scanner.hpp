// Is it malware? Fails closed: only an explicit answer about all bytes is a verdict.
// Errors   unavailable (away, hung, garbage), too_large (over the scanner's limits), timeout.
#pragma once

#include <string>

#include "ports/object_store.hpp"

namespace hoist {

struct ScanReport {
  bool clean = false;
  std::string signature;   // name of what was found; empty when clean
  std::string engine;      // "ClamAV 1.4.6"
  std::string signatures;  // version or date of the signature database
};

class Scanner {
 public:
  virtual ~Scanner() = default;
  virtual Async<ScanReport> scan(ByteSource& bytes, Deadline deadline) = 0;
};

}  // namespace hoist
