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

// The part numbers asked for; empty: those still missing.
[[nodiscard]] Result<std::vector<int>> parse_part_numbers(json::object const& body, int part_count,
                                                          Options const& options);

}  // namespace hoist::uploads
