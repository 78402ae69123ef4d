// The life of an upload, as one table.
//
//   PENDING ----> UPLOADED ----> PROCESSING ----> COMPLETED ----> DELETED
//      |              |            |    ^              |
//      |              +--> FAILED <+    +-- retried    +--> FAILED (infected by newer signatures)
//      +--> EXPIRED, CANCELLED            FAILED, EXPIRED, CANCELLED --> DELETED
//
// Invariants  (1) a transition that is not in the table does not happen: each is one conditional
//             UPDATE whose WHERE names the states it may come from.
//             (2) every state that is not final has a deadline; the watchdog moves what is past it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hoist {

enum class UploadState : std::uint8_t {
  pending,
  uploaded,
  processing,
  completed,
  failed,
  expired,
  cancelled,
  deleted,
  count_
};

[[nodiscard]] std::string_view to_string(UploadState state);  // "PENDING", as in the API and in SQL
[[nodiscard]] std::optional<UploadState> parse_upload_state(std::string_view text);

[[nodiscard]] bool may_become(UploadState from, UploadState to);
[[nodiscard]] std::vector<UploadState> may_come_from(UploadState to);
[[nodiscard]] bool is_final(UploadState state);  // nothing happens any more without a caller
// Does an upload in this state count against the tenant's quota?
[[nodiscard]] bool holds_quota(UploadState state);
// Its owner took it away, so what was known of the file goes with it.
[[nodiscard]] bool forgets_file(UploadState state);

}  // namespace hoist
