// Is it malware? Fails closed: only an explicit answer about all bytes is a verdict.
// Errors   unavailable (with the slug scanner_away: it never saw the file; without: hung, broken off,
//          garbage), too_large (over the scanner's limits), timeout.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ports/object_store.hpp"

namespace hoist {

inline constexpr auto scanner_away = std::string_view{"scanner_away"};

enum class Verdict {
  clean,
  infected,
  unscannable,  // nothing was found, but a part of it is closed to the scanner: encrypted
};
[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) {
  constexpr std::string_view names[] = {"clean", "infected", "unscannable"};
  return names[static_cast<std::size_t>(verdict)];
}

struct ScanReport {
  Verdict verdict = Verdict::infected;
  std::string signature;   // name of what was found; empty when clean
  std::string engine;      // "ClamAV 1.4.6"
  std::string signatures;  // version or date of the signature database
};

class Scanner {
 public:
  virtual ~Scanner() = default;
  virtual Async<ScanReport> scan(ByteSource& bytes, Deadline deadline) = 0;
  // Asks whether it is there, for away(). Whatever it finds is success.
  virtual Async<> look(Deadline deadline) = 0;
  // Why nothing can be scanned now, for operators; none while it answers. Threads: any; at once.
  [[nodiscard]] virtual std::optional<std::string> away() const = 0;
};

}  // namespace hoist
