// What is kept of an upload outside of the database, so that its record can be made again.
#pragma once

#include "uploads/upload.hpp"

namespace hoist::uploads {

// Beside the upload's own bytes, which say themselves how many and of what type they are.
[[nodiscard]] std::string note_of(Upload const& upload);
// In the journal, of an upload that shares another's bytes.
[[nodiscard]] std::string note_of_sharing(Upload const& upload);
// Errors: invalid.
[[nodiscard]] Result<void> read_note(std::string const& note, Upload& upload);

}  // namespace hoist::uploads
