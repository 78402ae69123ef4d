#include "uploads/render.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <initializer_list>

namespace hoist::uploads {
namespace {

constexpr auto scanner_wait = std::string_view{
    R"(,"waiting":{"code":"scanner_away","message":"The virus scanner cannot be reached now. )"
    R"(The file is checked as soon as it is back; nothing has to be done."})"};

// Batches show a thousand uploads at a time, so pieces are appended and nothing is built in between.
void add(std::string& out, std::initializer_list<std::string_view> pieces) {
  for (auto const piece : pieces) out.append(piece);
}

void add_string(std::string& out, std::string_view member, std::string_view text) {
  out.append(member);
  append_json_string(out, text);
}

void add_checksum(std::string& out, Upload const& upload) {
  auto const declared = upload.checksum && (upload.checksum->algorithm != "sha256" || upload.sha256.empty());
  if (upload.sha256.empty() && !declared) return;
  out += ",\"checksum\":{";
  if (!upload.sha256.empty()) add(out, {R"("sha256":")", upload.sha256, declared ? "\"," : "\""});
  if (declared) add(out, {"\"", upload.checksum->algorithm, "\":\"", upload.checksum->hex, "\""});
  out += '}';
}

void add_findings(std::string& out, Upload const& upload, View const& view) {
  if (!upload.media.empty()) add(out, {",\"media\":", upload.media});
  if (!upload.scan.empty()) add(out, {",\"scan\":", upload.scan});
  if (!upload.preview.empty()) add(out, {",\"preview\":", upload.preview});
  if (upload.state == UploadState::completed) {
    out += ",\"thumbnails\":[";
    auto separator = "";
    for (auto const& picture : pictures_of(upload)) {
      out += fmt::format(R"({}{{"size":{},"width":{},"height":{},"url":{}}})", separator, picture.size,
                         picture.width, picture.height, json_string(view.grants.picture(picture, view.now)));
      separator = ",";
    }
    out += ']';
  }
  auto const in_work = upload.state == UploadState::uploaded || upload.state == UploadState::processing;
  if (in_work && view.scanner_away) out += scanner_wait;
  if (upload.error_code.empty()) return;
  add_string(out, R"(,"error":{"code":)", upload.error_code);
  add_string(out, R"(,"message":)", upload.error_message);
  out += '}';
}

// What is going on within the state.
void add_stage(std::string& out, Upload const& upload, View const& view) {
  auto const add_name = [&](std::string_view name) { add(out, {R"(,"stage":")", name, "\""}); };
  switch (upload.state) {
    case UploadState::pending:
      if (upload.parts_seen.find('1') == std::string::npos) return;
      add_name("uploading");
      return add(out, {",", render_received(upload)});
    case UploadState::uploaded: return add_name("queued");
    case UploadState::processing:
      if (view.stages == nullptr) return;
      if (auto const name = view.stages->of(upload.id); !name.empty()) add_name(name);
      return;
    case UploadState::failed:
      if (upload.error_code == "infected") add_name("quarantined");
      return;
    default: return;
  }
}

void add_timeline(std::string& out, Upload const& upload, std::string_view created_at) {
  add(out, {R"(,"timeline":[{"at":")", created_at, R"(","what":"created"})", upload.timeline, "]}"});
}

void add_part_urls(std::string& out, Transfer const& transfer) {
  out += '[';
  auto separator = "";
  for (auto const& part : transfer.parts) {
    out += fmt::format(R"({}{{"number":{},"size":{},"url":{}}})", separator, part.number, part.size,
                       json_string(part.url));
    separator = ",";
  }
  out += ']';
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  auto const plain = std::ranges::all_of(
      text, [](char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; });
  if (plain)
    add(out, {"\"", text, "\""});
  else
    out += json::serialize(json::string_view{text.data(), text.size()});
}

std::string json_string(std::string_view text) {
  auto out = std::string{};
  append_json_string(out, text);
  return out;
}

void append_upload(std::string& out, Upload const& upload, View const& view) {
  auto const created_at = to_rfc3339(upload.created_at);
  add(out, {R"({"id":")", upload.id.str(), R"(","batch_id":)"});
  if (upload.batch.empty())
    out += "null";
  else
    add(out, {"\"", upload.batch.str(), "\""});
  add(out, {R"(,"project_id":")", upload.project.str(), "\""});
  if (forgets_file(upload.state)) {
    add(out, {R"(,"status":")", to_string(upload.state), R"(","created_at":")", created_at,
              R"(","updated_at":")", to_rfc3339(upload.updated_at), "\""});
    return add_timeline(out, upload, created_at);
  }
  add_string(out, R"(,"filename":)", upload.filename);
  add(out,
      {R"(,"content_type":")", upload.content_type, R"(","size":)", std::to_string(upload.size),
       R"(,"status":")", to_string(upload.state), R"(","created_at":")", created_at, R"(","updated_at":")"});
  out += upload.updated_at == upload.created_at ? created_at : to_rfc3339(upload.updated_at);
  add(out, {R"(","expires_at":")", to_rfc3339(upload.expires_at)});
  add_string(out, R"(","created_by":)", upload.user.str());
  add_checksum(out, upload);
  add_stage(out, upload, view);
  if (!upload.path.empty()) add_string(out, R"(,"path":)", upload.path);
  if (!upload.metadata.empty()) add(out, {",\"metadata\":", upload.metadata});
  add_findings(out, upload, view);
  add_timeline(out, upload, created_at);
}

void append_transfer(std::string& out, Transfer const& transfer) {
  auto const expires_at = to_rfc3339(transfer.expires_at);
  if (transfer.multipart) {
    out += fmt::format(R"({{"method":"PUT","multipart":{{"part_size":{},"part_count":{},"parts":)",
                       transfer.part_size, transfer.part_count);
    add_part_urls(out, transfer);
    add(out, {R"(,"expires_at":")", expires_at, "\"}}"});
    return;
  }
  add_string(out, R"({"method":"PUT","url":)", transfer.url);
  out += R"(,"headers":{)";
  auto separator = std::string_view{};
  for (auto const& [name, value] : transfer.headers) {
    add(out, {separator, "\"", name, "\":"});
    append_json_string(out, value);
    separator = ",";
  }
  add(out, {R"(},"expires_at":")", expires_at, "\"}"});
}

std::string render_received(Upload const& upload) {
  auto const received = received_of(upload);
  return fmt::format(R"("received":{{"bytes":{},"parts":{},"part_count":{}}})", received.bytes,
                     received.parts, upload.part_count());
}

std::string render_parts(Transfer const& transfer, std::vector<int> const& stored) {
  auto out =
      fmt::format(R"({{"part_size":{},"part_count":{},"parts":)", transfer.part_size, transfer.part_count);
  add_part_urls(out, transfer);
  return out + fmt::format(R"(,"stored":[{}],"expires_at":"{}"}})", fmt::join(stored, ","),
                           to_rfc3339(transfer.expires_at));
}

std::string render_project(ProjectCount const& project) {
  auto by_state = std::string{};
  auto files = std::int64_t{0};
  auto bytes = std::int64_t{0};
  auto last = Time{};
  for (auto const& count : project.counts) {
    by_state += fmt::format(R"({}"{}":{})", by_state.empty() ? "" : ",", to_string(count.state), count.files);
    last = std::max(last, count.last_updated);
    if (!holds_quota(count.state)) continue;
    files += count.files;
    bytes += count.bytes;
  }
  return fmt::format(R"({{"id":"{}","files":{},"bytes":{},"counts":{{{}}},"updated_at":"{}"}})",
                     project.id.str(), files, bytes, by_state, to_rfc3339(last));
}

std::string render_projects(std::vector<ProjectCount> const& projects) {
  auto out = std::string{R"({"projects":[)"};
  auto separator = "";
  for (auto const& project : projects) {
    out += separator + render_project(project);
    separator = ",";
  }
  return out + "]}";
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
    files[static_cast<std::size_t>(count.state)] += count.files;
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
