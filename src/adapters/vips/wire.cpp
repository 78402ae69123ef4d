#include "adapters/vips/wire.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/slugs.hpp"
#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

constexpr auto never = Deadline::max();
constexpr auto cause_bytes_max = std::size_t{500};

std::unexpected<Error> peer_gone(char const* what) {
  return fail(Error{Code::unavailable, "The decoder is gone."}.with_cause(std::string{what} + ": " +
                                                                          std::strerror(errno)));
}

Result<void> wait_for(int socket, short events, Deadline deadline) {
  while (true) {
    auto patience = -1;
    if (deadline != never) {
      auto const left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return fail(Code::timeout);
      patience = static_cast<int>(std::min<std::int64_t>(left.count(), 3'600'000));
    }
    auto watched = pollfd{.fd = socket, .events = events, .revents = 0};
    auto const ready = ::poll(&watched, 1, patience);
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return peer_gone("poll");
  }
}

std::string length_prefix(std::size_t length) {
  auto prefix = std::string(4, '\0');
  for (auto i = std::size_t{0}; i < 4; ++i) prefix[i] = static_cast<char>(length >> (8 * i) & 0xff);
  return prefix;
}

Result<std::size_t> parse_length(std::string_view prefix) {
  auto length = std::size_t{0};
  for (auto i = std::size_t{0}; i < 4; ++i)
    length |= static_cast<std::size_t>(static_cast<unsigned char>(prefix[i])) << (8 * i);
  if (length > limits::frame_bytes_max) return fail(Code::too_large);
  return length;
}

Result<json::object> receive_body(int socket, std::string_view prefix, Deadline deadline) {
  TRY(auto const length, parse_length(prefix));
  auto text = std::string(length, '\0');
  CHECK(receive_all(socket, text, deadline));
  TRY(auto value, parse_json(text, {.depth_max = 8}));
  if (!value.is_object()) return fail(Code::invalid);
  return std::move(value.as_object());
}

std::string decoders_words(std::string_view cause) {
  if (!is_utf8(cause)) return "not UTF-8";
  auto words = cause.substr(0, cause_bytes_max);
  while (!is_utf8(words)) words.remove_suffix(1);  // the cut may have gone through a character
  return std::string{words};
}

json::object to_json(MediaReport const& report) {
  auto object = json::object{{"content_type", report.content_type}};
  auto const put = [&](char const* name, auto const& optional) {
    if (optional) object[name] = *optional;
  };
  put("width", report.width);
  put("height", report.height);
  put("orientation", report.orientation);
  put("pages", report.pages);
  put("captured_at", report.captured_at);
  if (report.gps) {
    auto gps = json::array{report.gps->latitude, report.gps->longitude};
    if (report.gps->altitude) gps.emplace_back(*report.gps->altitude);
    object["gps"] = std::move(gps);
  }
  object["make"] = report.camera_make;
  object["model"] = report.camera_model;
  auto thumbnails = json::array{};
  for (auto const& thumbnail : report.thumbnails)
    thumbnails.push_back(
        json::array{thumbnail.size, thumbnail.width, thumbnail.height, thumbnail.bytes.size()});
  object["thumbnails"] = std::move(thumbnails);
  auto const& preview = report.preview;
  object["preview"] = json::array{preview.reason, preview.note, decoders_words(preview.message)};
  return object;
}

bool is_type_name(std::string_view text) {
  auto const plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"/.+-_"}.find(c) != std::string_view::npos;
  };
  return text.size() <= 127 && text.find('/') != text.npos && std::ranges::all_of(text, plain);
}

std::optional<int> small_number(Fields& fields, char const* name, int max) {
  auto const number = fields.optional_number(name, {.min = 1, .max = max});
  if (!number) return std::nullopt;
  return static_cast<int>(*number);
}

Result<std::optional<Gps>> read_gps(Fields& fields) {
  auto const* const value = fields.any("gps");
  if (value == nullptr) return std::nullopt;
  if (!value->is_array() || value->as_array().size() < 2 || value->as_array().size() > 3)
    return fail(Code::invalid);
  auto numbers = std::vector<double>{};
  for (auto const& item : value->as_array()) {
    if (!item.is_number()) return fail(Code::invalid);
    numbers.push_back(item.to_number<double>());
  }
  auto gps = Gps{.latitude = numbers[0], .longitude = numbers[1]};
  if (numbers.size() == 3) gps.altitude = numbers[2];
  auto const is_place = std::abs(gps.latitude) <= 90 && std::abs(gps.longitude) <= 180;  // and no NaN
  if (!is_place || !std::isfinite(gps.altitude.value_or(0))) return fail(Code::invalid);
  return gps;
}

// The child reads its own report before it sends it.
enum class Reader { child, parent };

// The reason or note must be one of ours; the decoder's words go to the log only.
Result<Preview> read_preview(Fields& fields, Reader reader) {
  auto const* const value = fields.any("preview");
  if (value == nullptr || !value->is_array() || value->as_array().size() != 3) return fail(Code::invalid);
  auto words = std::array<std::string, 3>{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto const* const text = value->as_array()[i].if_string();
    if (text == nullptr) return fail(Code::invalid);
    words[i] = std::string{*text};
  }
  auto const& [reason, note, cause] = words;
  if (reason.empty() && note.empty()) return Preview{};
  auto preview = reason.empty() ? partly(note) : unavailable(reason);
  if (preview.message.empty()) return fail(Code::invalid);
  if (!cause.empty() && reader == Reader::parent)
    log::info("a file is shown in part or not at all",
              {{"reason", reason.empty() ? note : reason}, {"cause", cause}});
  return preview;
}

Result<Thumbnail> receive_thumbnail(int socket, json::value const& shape, Deadline deadline) {
  if (!shape.is_array() || shape.as_array().size() != 4) return fail(Code::invalid);
  auto numbers = std::array<std::int64_t, 4>{};
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    auto error = boost::system::error_code{};
    numbers[i] = shape.as_array()[i].to_number<std::int64_t>(error);
    if (error || numbers[i] < 1) return fail(Code::invalid);
  }
  auto const [size, width, height, bytes] = numbers;
  if (std::ranges::find(limits::thumbnail_sizes, size) == limits::thumbnail_sizes.end() || width > size ||
      height > size || static_cast<std::size_t>(bytes) > limits::thumbnail_bytes_max)
    return fail(Code::invalid);
  auto thumbnail = Thumbnail{
      .size = static_cast<int>(size), .width = static_cast<int>(width), .height = static_cast<int>(height)};
  thumbnail.content_type = "image/jpeg";
  thumbnail.bytes.resize(static_cast<std::size_t>(bytes));
  CHECK(receive_all(socket, thumbnail.bytes, deadline));
  if (!thumbnail.bytes.starts_with("\xff\xd8\xff")) return fail(Code::invalid);
  return thumbnail;
}

// All but the thumbnails, which follow.
Result<MediaReport> read_words(json::object const& object, Reader reader) {
  auto fields = Fields{object};
  auto report = MediaReport{};
  report.content_type = fields.text("content_type", {.max = 127});
  report.width = small_number(fields, "width", limits::edge_max);
  report.height = small_number(fields, "height", limits::edge_max);
  report.orientation = small_number(fields, "orientation", 8);
  report.pages = small_number(fields, "pages", limits::pages_max);
  report.captured_at = fields.optional_text("captured_at", {.max = 25});
  report.camera_make = fields.text("make", {.min = 0, .max = 64});
  report.camera_model = fields.text("model", {.min = 0, .max = 64});
  TRY(report.gps, read_gps(fields));
  TRY(report.preview, read_preview(fields, reader));
  (void)fields.any("thumbnails");
  CHECK(fields.finish());
  if (!is_type_name(report.content_type)) return fail(Code::invalid);
  if (report.captured_at && !parse_rfc3339(*report.captured_at) && !parse_rfc3339(*report.captured_at + "Z"))
    return fail(Code::invalid);
  return report;
}

Result<MediaReport> read_report(int socket, json::object const& object, Deadline deadline) {
  TRY(auto report, read_words(object, Reader::parent));
  auto const* const thumbnails = object.if_contains("thumbnails");
  if (thumbnails == nullptr || !thumbnails->is_array() ||
      thumbnails->as_array().size() > limits::thumbnail_sizes.size())
    return fail(Code::invalid);
  // Either there are pictures or there is a reason, unless no pictures were asked for.
  if (!thumbnails->as_array().empty() && !report.preview.reason.empty()) return fail(Code::invalid);
  for (auto const& shape : thumbnails->as_array()) {
    TRY(auto thumbnail, receive_thumbnail(socket, shape, deadline));
    report.thumbnails.push_back(std::move(thumbnail));
  }
  return report;
}

// What a damaged file says of itself may make no sense. The parent takes nonsense for a child that was
// taken over, so a report has none: without what the file says, its type and its pictures remain.
json::object presentable(MediaReport const& report) {
  auto object = to_json(report);
  if (read_words(object, Reader::child)) return object;
  auto bare = MediaReport{.content_type = report.content_type};
  if (!is_type_name(bare.content_type)) bare.content_type = "application/octet-stream";
  bare.thumbnails = report.thumbnails;
  bare.preview = report.preview;
  return to_json(bare);
}

}  // namespace

Result<void> send_all(int socket, std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    CHECK(wait_for(socket, POLLOUT, deadline));
    auto message = msghdr{};
    auto part = iovec{const_cast<char*>(bytes.data()), bytes.size()};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    auto const sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EINTR && errno != EAGAIN) return peer_gone("send");
    if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

Result<void> receive_all(int socket, std::span<char> bytes, Deadline deadline) {
  while (!bytes.empty()) {
    CHECK(wait_for(socket, POLLIN, deadline));
    auto const count = ::read(socket, bytes.data(), bytes.size());
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) return peer_gone("read");
    if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> send_frame(int socket, json::value const& value, Deadline deadline) {
  auto const text = json::serialize(value);
  return send_all(socket, length_prefix(text.size()) + text, deadline);
}

Result<json::object> receive_frame(int socket, Deadline deadline) {
  auto prefix = std::array<char, 4>{};
  CHECK(receive_all(socket, prefix, deadline));
  return receive_body(socket, {prefix.data(), prefix.size()}, deadline);
}

Result<void> send_job(int socket, Job const& job, Deadline deadline) {
  auto const text = json::serialize(json::object{
      {"size", job.size}, {"declared_type", job.declared_type}, {"depth", static_cast<int>(job.depth)}});
  auto bytes = length_prefix(text.size()) + text;
  auto message = msghdr{};
  auto part = iovec{bytes.data(), 1};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) auto control = std::array<char, CMSG_SPACE(sizeof(int))>{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &job.file, sizeof(int));
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) != 1) return peer_gone("sendmsg");
  return send_all(socket, std::string_view{bytes}.substr(1), deadline);
}

Result<Job> receive_job(int socket) {
  auto prefix = std::array<char, 4>{};
  auto message = msghdr{};
  auto part = iovec{prefix.data(), 1};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  alignas(cmsghdr) auto control = std::array<char, CMSG_SPACE(sizeof(int))>{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  auto received = ssize_t{0};
  do received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (received < 0 && errno == EINTR);
  if (received != 1) return peer_gone("recvmsg");
  auto job = Job{};
  if (auto const* const head = CMSG_FIRSTHDR(&message); head != nullptr && head->cmsg_type == SCM_RIGHTS)
    std::memcpy(&job.file, CMSG_DATA(head), sizeof(int));
  CHECK(receive_all(socket, std::span{prefix}.subspan(1), never));
  TRY(auto const object, receive_body(socket, {prefix.data(), prefix.size()}, never));
  auto fields = Fields{object};
  job.size = fields.number("size", {});
  job.declared_type = fields.text("declared_type", {.min = 0, .max = 256});
  auto const deepest = static_cast<int>(Depth::pictures);
  job.depth = static_cast<Depth>(fields.number("depth", {.min = 0, .max = deepest}));
  CHECK(fields.finish());
  return job;
}

Result<void> send_report(int socket, Result<MediaReport> const& report) {
  if (!report) {
    auto const cause = decoders_words(report.error().cause());
    auto const& content_type = report.error().detail();
    auto const object =
        json::object{{"error", report.error().slug()}, {"content_type", content_type}, {"cause", cause}};
    return send_frame(socket, object, never);
  }
  CHECK(send_frame(socket, presentable(*report), never));
  for (auto const& thumbnail : report->thumbnails) CHECK(send_all(socket, thumbnail.bytes, never));
  return {};
}

Result<MediaReport> receive_report(int socket, Job const& job, Deadline deadline) {
  auto const nonsense = [](Error const& error) {
    if (error.code() == Code::timeout || error.code() == Code::unavailable) return fail(error);
    return fail(lost(slug::decoder_crashed, "a child's reply made no sense"));
  };
  auto const object = receive_frame(socket, deadline);
  if (!object) return nonsense(object.error());
  if (!object->contains("error")) {
    auto report = read_report(socket, *object, deadline);
    if (!report) return nonsense(report.error());
    return report;
  }
  auto fields = Fields{*object};
  auto const slug = fields.text("error", {.max = 32});
  auto const cause = fields.optional_text("cause", {.min = 0, .max = 600, .line_breaks = true}).value_or("");
  auto const content_type = fields.optional_text("content_type", {.min = 0, .max = 127}).value_or("");
  if (!fields.finish() || slug != slug::type_mismatch || !is_type_name(content_type))
    return fail(lost(slug::decoder_crashed, "a child's error made no sense"));
  return fail(refusal(job.declared_type, content_type, cause));
}

}  // namespace hoist::vips
