#include "uploads/render.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace hoist::uploads {
namespace {

std::string string_or_null(std::string const& text) {
  return text.empty() ? "null" : json_string(text);
}

std::string render_checksum(Upload const& upload) {
  auto out = std::string{};
  auto const add = [&](std::string_view algorithm, std::string_view hex) {
    out += fmt::format(R"({}"{}":"{}")", out.empty() ? "" : ",", algorithm, hex);
  };
  if (!upload.sha256.empty()) add("sha256", upload.sha256);
  if (upload.checksum && (upload.checksum->algorithm != "sha256" || upload.sha256.empty()))
    add(upload.checksum->algorithm, upload.checksum->hex);
  return out;
}

void append_done(std::string& out, Upload const& upload, Grants const& grants, Time now) {
  if (!upload.media.empty()) out += ",\"media\":" + upload.media;
  if (!upload.scan.empty()) out += ",\"scan\":" + upload.scan;
  if (upload.state == UploadState::completed) {
    out += ",\"thumbnails\":[";
    auto separator = "";
    for (auto const& picture : pictures_of(upload)) {
      out += fmt::format(R"({}{{"size":{},"width":{},"height":{},"url":{}}})", separator, picture.size,
                         picture.width, picture.height, json_string(grants.picture(picture, now)));
      separator = ",";
    }
    out += "]";
  }
  if (!upload.error_code.empty())
    out += fmt::format(R"(,"error":{{"code":{},"message":{}}})", json_string(upload.error_code),
                       json_string(upload.error_message));
}

std::string render_part_urls(Transfer const& transfer) {
  auto out = std::string{"["};
  for (auto const& part : transfer.parts) {
    if (out.size() > 1) out += ',';
    out +=
        fmt::format(R"({{"number":{},"size":{},"url":{}}})", part.number, part.size, json_string(part.url));
  }
  return out + "]";
}

}  // namespace

std::string json_string(std::string_view text) {
  auto const plain = std::ranges::all_of(
      text, [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; });
  if (plain) return '"' + std::string{text} + '"';
  return json::serialize(json::string_view{text.data(), text.size()});
}

std::string render_upload(Upload const& upload, Grants const& grants, Time now) {
  auto out = fmt::format(
      R"({{"id":"{}","batch_id":{},"project_id":"{}","filename":{},"content_type":"{}","size":{},)"
      R"("status":"{}","created_at":"{}","updated_at":"{}","expires_at":"{}","created_by":{})",
      upload.id.str(), string_or_null(upload.batch.str()), upload.project.str(), json_string(upload.filename),
      upload.content_type, upload.size, to_string(upload.state), to_rfc3339(upload.created_at),
      to_rfc3339(upload.updated_at), to_rfc3339(upload.expires_at), json_string(upload.user.str()));
  if (auto const checksum = render_checksum(upload); !checksum.empty())
    out += ",\"checksum\":{" + checksum + "}";
  if (!upload.metadata.empty()) out += ",\"metadata\":" + upload.metadata;
  append_done(out, upload, grants, now);
  return out + ",\"timeline\":[" + upload.timeline + "]}";
}

std::string render_transfer(Transfer const& transfer) {
  auto const expires_at = to_rfc3339(transfer.expires_at);
  if (transfer.multipart)
    return fmt::format(
        R"({{"method":"PUT","multipart":{{"part_size":{},"part_count":{},"parts":{},"expires_at":"{}"}}}})",
        transfer.part_size, transfer.part_count, render_part_urls(transfer), expires_at);
  auto headers = std::string{};
  for (auto const& [name, value] : transfer.headers)
    headers += fmt::format("{}{}:{}", headers.empty() ? "" : ",", json_string(name), json_string(value));
  return fmt::format(R"({{"method":"PUT","url":{},"headers":{{{}}},"expires_at":"{}"}})",
                     json_string(transfer.url), headers, expires_at);
}

std::string render_parts(Transfer const& transfer, std::vector<int> const& stored) {
  return fmt::format(R"({{"part_size":{},"part_count":{},"parts":{},"stored":[{}],"expires_at":"{}"}})",
                     transfer.part_size, transfer.part_count, render_part_urls(transfer),
                     fmt::join(stored, ","), to_rfc3339(transfer.expires_at));
}

std::string render_batch(Batch const& batch, std::vector<StateCount> const& counts) {
  constexpr auto states = static_cast<std::size_t>(UploadState::count_);
  auto files = std::array<std::int64_t, states>{};
  auto bytes = std::int64_t{0};
  auto bytes_arrived = std::int64_t{0};
  auto granted = std::int64_t{0};
  auto settled = std::int64_t{0};
  auto finished_at = batch.created_at;
  for (auto const& count : counts) {
    files[static_cast<std::size_t>(count.state)] = count.files;
    bytes += count.bytes;
    granted += count.files;
    if (is_final(count.state)) settled += count.files;
    auto const arrived = count.state == UploadState::uploaded || count.state == UploadState::processing ||
                         count.state == UploadState::completed;
    if (arrived) bytes_arrived += count.bytes;
    finished_at = std::max(finished_at, count.last_updated);
  }
  auto by_state = std::string{};
  for (std::size_t i = 0; i < states; ++i)
    by_state +=
        fmt::format(R"({}"{}":{})", i == 0 ? "" : ",", to_string(static_cast<UploadState>(i)), files[i]);
  auto const finished = settled == granted;
  auto const percent =
      granted == 0 ? 100.0 : 100.0 * static_cast<double>(settled) / static_cast<double>(granted);
  return fmt::format(
      R"({{"id":"{}","project_id":"{}","created_by":{},"created_at":"{}","files":{},"have":{},"refused":{},)"
      R"("counts":{{{}}},"bytes":{},"bytes_uploaded":{},"percent":{:.1f},"started_at":"{}","finished_at":{}}})",
      batch.id.str(), batch.project.str(), json_string(batch.user.str()), to_rfc3339(batch.created_at),
      batch.files, batch.have, batch.refused, by_state, bytes, bytes_arrived, percent,
      to_rfc3339(batch.created_at), finished ? '"' + to_rfc3339(finished_at) + '"' : "null");
}

}  // namespace hoist::uploads
