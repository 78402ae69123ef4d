// How parent and child talk over their socket pair: frames of a little-endian length and JSON; a
// job's first byte carries the file's descriptor; the thumbnails' bytes follow a reply.
// Rule     the parent believes nothing: lengths, names and numbers of a reply are checked here.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "ports/media.hpp"

namespace hoist::vips {

// Blocking transfer of all bytes. Errors: timeout (the deadline passed), unavailable (the peer is
// gone), too_large (a frame over limits::frame_bytes_max).
[[nodiscard]] Result<void> send_all(int socket, std::string_view bytes, Deadline deadline);
[[nodiscard]] Result<void> receive_all(int socket, std::span<char> bytes, Deadline deadline);
[[nodiscard]] Result<void> send_frame(int socket, json::value const& value, Deadline deadline);
[[nodiscard]] Result<json::object> receive_frame(int socket, Deadline deadline);

// How closely to look at a file. One that was too much for its decoder is looked at less closely.
enum class Depth { type, header, pictures };

struct Job {
  int file = -1;
  std::int64_t size = 0;
  std::string declared_type;
  Depth depth = Depth::pictures;
};
[[nodiscard]] Result<void> send_job(int socket, Job const& job, Deadline deadline);
[[nodiscard]] Result<Job> receive_job(int socket);  // waits for ever; the file becomes the caller's

// The child's side: a report, whose preview's message are the decoder's words, or an error with one of
// slugs.hpp; its detail is the content's type.
[[nodiscard]] Result<void> send_report(int socket, Result<MediaReport> const& report);
// The parent's side; the preview's message is ours. Errors: as ports/media.hpp; decoder_crashed when the
// reply makes no sense.
[[nodiscard]] Result<MediaReport> receive_report(int socket, Job const& job, Deadline deadline);

}  // namespace hoist::vips
