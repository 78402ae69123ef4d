#include "model/upload.hpp"

#include <array>

#include "base/assert.hpp"

namespace hoist {
namespace {

using enum UploadState;

struct Row {
  UploadState state;
  std::string_view name;
  bool final;
  bool quota;
  std::array<UploadState, 4> next;  // padded with count_
};

constexpr auto none = count_;
constexpr auto table = std::to_array<Row>({
    {pending, "PENDING", false, true, {uploaded, failed, expired, cancelled}},
    {uploaded, "UPLOADED", false, true, {processing, failed, deleted, none}},
    // PROCESSING to PROCESSING is a retried attempt by another worker.
    {processing, "PROCESSING", false, true, {processing, completed, failed, deleted}},
    {completed, "COMPLETED", true, true, {failed, deleted, none, none}},
    {failed, "FAILED", true, false, {uploaded, deleted, none, none}},  // UPLOADED again by a redrive
    {expired, "EXPIRED", true, false, {deleted, none, none, none}},
    {cancelled, "CANCELLED", true, false, {deleted, none, none, none}},
    {deleted, "DELETED", true, false, {none, none, none, none}},
});
static_assert(table.size() == static_cast<std::size_t>(count_));

Row const& row(UploadState state) {
  auto const index = static_cast<std::size_t>(state);
  HOIST_ASSERT(index < table.size() && table[index].state == state);
  return table[index];
}

}  // namespace

std::string_view to_string(UploadState state) {
  return row(state).name;
}

std::optional<UploadState> parse_upload_state(std::string_view text) {
  for (auto const& entry : table)
    if (entry.name == text) return entry.state;
  return std::nullopt;
}

bool may_become(UploadState from, UploadState to) {
  for (auto const next : row(from).next)
    if (next == to && next != none) return true;
  return false;
}

std::vector<UploadState> may_come_from(UploadState to) {
  auto states = std::vector<UploadState>{};
  for (auto const& entry : table)
    if (may_become(entry.state, to)) states.push_back(entry.state);
  return states;
}

bool is_final(UploadState state) {
  return row(state).final;
}
bool holds_quota(UploadState state) {
  return row(state).quota;
}

bool forgets_file(UploadState state) {
  return state == UploadState::cancelled || state == UploadState::deleted;
}

}  // namespace hoist
