// Checks an export offline: needs the file and the public key, nothing of the server.
//
// An export is one JSON value a line: a header that carries a signed checkpoint, then every event
// up to it, in order. It is honest if each event matches its commitments, each hash follows from
// the one before, the last is the one that was signed, and every erased event is named by a later
// event.redacted. Where an erasure came while the export was under way, the events up to its notice
// follow, and the line of another checkpoint that covers them.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>

#include "events/checkpoints.hpp"

namespace hoist::events {

struct VerifyReport {
  std::int64_t events = 0;
  std::int64_t redacted = 0;
  std::int64_t first_sequence = 1;  // what came before is past its retention
  std::optional<Checkpoint> checkpoint;
  // Empty when all is well; otherwise what is wrong first, and where.
  std::string problem;
  std::int64_t problem_line = 0;
  std::int64_t problem_sequence = 0;  // of the first altered, missing or reordered event
  [[nodiscard]] bool ok() const { return problem.empty(); }
};

// With `since`, an earlier checkpoint of the same log that was kept elsewhere, the export also has to
// contain what that one signed: a log that was rolled back is refused although its own signatures hold.
[[nodiscard]] VerifyReport verify_export(std::istream& lines, std::string_view public_key,
                                         std::optional<Checkpoint> since = {});

}  // namespace hoist::events
