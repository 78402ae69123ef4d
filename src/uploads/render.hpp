// Uploads and batches as the API shows them. Written as text, because most of it already is.
#pragma once

#include <string>
#include <vector>

#include "ports/scanner.hpp"
#include "uploads/grants.hpp"
#include "uploads/project_counts.hpp"
#include "uploads/rows.hpp"
#include "uploads/stages.hpp"

namespace hoist::uploads {

void append_json_string(std::string& out, std::string_view text);
[[nodiscard]] std::string json_string(std::string_view text);

// What a rendering needs that is not in the upload.
struct View {
  Grants const& grants;
  Time now;
  bool scanner_away = false;
  Stages const* stages = nullptr;  // null: none are known
};

// The view of this moment.   Lifetime  what it is given outlives it.
class Views {
 public:
  Views(Grants const& grants, Scanner const& scanner, Stages const& stages, Clock const& clock)
      : grants_{grants}, scanner_{scanner}, stages_{stages}, clock_{clock} {}
  [[nodiscard]] View now() const { return {grants_, clock_.now(), scanner_.away().has_value(), &stages_}; }

 private:
  Grants const& grants_;
  Scanner const& scanner_;  // only asked whether files wait for it
  Stages const& stages_;
  Clock const& clock_;
};

void append_upload(std::string& out, Upload const& upload, View const& view);
void append_transfer(std::string& out, Transfer const& transfer);

// "received":{...} of an upload in parts.
[[nodiscard]] std::string render_received(Upload const& upload);
[[nodiscard]] std::string render_parts(Transfer const& transfer, std::vector<int> const& stored);
[[nodiscard]] std::string render_project(ProjectCount const& project);
[[nodiscard]] std::string render_projects(std::vector<ProjectCount> const& projects);
[[nodiscard]] std::string render_batch(Batch const& batch, std::vector<StateCount> const& counts);

}  // namespace hoist::uploads
