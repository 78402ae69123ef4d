// The lines of an export, written in one fixed form and read back.
//
// Reading takes the fixed form fast and any other JSON of the same content slowly; both give the
// texts as they stand in the file, because the hashes cover those.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/checkpoints.hpp"
#include "events/service.hpp"

namespace hoist::events {

struct ExportHeader {
  Checkpoint checkpoint;
  std::int64_t first_sequence = 1;
  std::string chain_before;  // of the event before the first
};

// What is signed beside the checkpoint, so that no forger can leave out the beginning.
[[nodiscard]] std::string signed_text(ExportHeader const& header);
[[nodiscard]] std::string header_line(ExportHeader const& header, Ed25519Key const& key);
[[nodiscard]] std::string event_line(EventView const& view);
[[nodiscard]] std::string checkpoint_line(Checkpoint const& checkpoint);

// An event as a line has it: hashes, salts and times as text.
struct ExportedEvent {
  std::int64_t sequence = 0;
  std::string_view id;
  std::string_view type_json;  // with its quotes and escapes
  std::string_view at;
  std::string_view received_at;
  std::string_view user_hash;
  std::string_view details_hash;
  std::string_view hash;
  std::optional<std::string_view> user;  // absent once erased
  std::string_view user_salt;
  std::optional<std::string_view> details;  // canonical JSON
  std::string_view details_salt;
};

// nullopt: not in the fixed form.
[[nodiscard]] std::optional<ExportedEvent> read_fixed_form(std::string_view line);
// Views point into `storage`, whose strings must stay where they are.
[[nodiscard]] ExportedEvent read_any_form(json::object const& line, std::vector<std::string>& storage);
[[nodiscard]] Result<Checkpoint> read_checkpoint(json::object const& object);
// The events that the details of an event.redacted name.
[[nodiscard]] std::vector<EventId> redacted_by(std::string_view details);

}  // namespace hoist::events
