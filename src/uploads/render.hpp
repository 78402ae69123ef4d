// Uploads and batches as the API shows them. Written as text, because most of it already is.
#pragma once

#include <string>
#include <vector>

#include "uploads/grants.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {

[[nodiscard]] std::string json_string(std::string_view text);

[[nodiscard]] std::string render_upload(Upload const& upload, Grants const& grants, Time now);
[[nodiscard]] std::string render_transfer(Transfer const& transfer);
[[nodiscard]] std::string render_parts(Transfer const& transfer, std::vector<int> const& stored);
[[nodiscard]] std::string render_batch(Batch const& batch, std::vector<StateCount> const& counts);

}  // namespace hoist::uploads
