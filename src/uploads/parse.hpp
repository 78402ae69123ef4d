// What callers send, checked: every wrong field is named, all at once.
#pragma once

#include <variant>
#include <vector>

#include "base/json.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

[[nodiscard]] bool is_project_id(std::string_view text);  // [A-Za-z0-9._-]{1,64}, not "." or ".."

struct NewUpload {
  ProjectId project;
  NewFile file;
};
[[nodiscard]] Result<NewUpload> parse_new_upload(json::object const& body, Options const& options);

struct NewBatch {
  ProjectId project;
  // A file, or what is wrong with it under names like "files[3].size".
  std::vector<std::variant<NewFile, std::vector<FieldError>>> files;
};
// Errors: invalid when the batch itself is wrong, or every file in it.
[[nodiscard]] Result<NewBatch> parse_new_batch(json::object const& body, Options const& options);

// The smallest parts that a file of this size may be cut into: the S3 protocol counts them to 10,000.
[[nodiscard]] std::int64_t least_part_bytes(std::int64_t file_bytes);

struct PartsAsked {
  std::vector<int> numbers;               // empty: those still missing
  std::optional<std::int64_t> part_size;  // the file is to be cut anew
};
[[nodiscard]] Result<PartsAsked> parse_parts_asked(json::object const& body, Upload const& upload,
                                                   Options const& options);

}  // namespace hoist::uploads
