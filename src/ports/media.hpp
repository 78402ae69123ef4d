// What a file is, and small pictures of it. Decoding happens in a sandboxed child; this port hides
// that.
// Promise  what a file is decides whether it is taken, what can be shown of it never does: a file
//          without a preview is reported with the reason.
// Errors   invalid with slug "type_mismatch" when the content is certainly of another type than
//          declared; unavailable when no child can be started, with the slug out_of_descriptors when that was
//          for want of them; timeout when the caller's time is up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/time.hpp"

namespace hoist {

struct Gps {
  double latitude = 0;             // degrees, north positive
  double longitude = 0;            // degrees, east positive
  std::optional<double> altitude;  // metres above sea level
};

struct Thumbnail {
  int size = 0;  // the longest edge asked for: 256 or 1024
  int width = 0;
  int height = 0;
  std::string content_type;
  std::string bytes;
};

// Whether there are small pictures of a file and, if not, why.
struct Preview {
  // Empty: there are. Else "unsupported_type", "corrupt_file", "truncated_file", "locked",
  // "decoder_limit" (memory or time) or "decoder_crashed".
  std::string reason;
  // "truncated" or "damaged" when the pictures show only what could be read; else empty.
  std::string note;
  std::string message;  // a sentence for the user; empty when all is well
  // The clock of the wall ended it, not the file's own cost: a moment with less to do may have time for it.
  bool ran_late = false;
};

struct MediaReport {
  std::string content_type;  // by content, e.g. "image/heic"
  std::optional<int> width;  // as displayed, after orientation
  std::optional<int> height;
  std::optional<int> orientation;          // EXIF 1-8
  std::optional<int> pages;                // PDF pages or animation frames
  std::optional<std::string> captured_at;  // RFC 3339; without offset where the camera gave none
  std::optional<Gps> gps;
  std::string camera_make;
  std::string camera_model;
  std::vector<Thumbnail> thumbnails;  // empty when `preview` has a reason
  Preview preview;
};

struct MediaRequest {
  int file = -1;  // descriptor, readable from 0; stays the caller's
  std::int64_t size = 0;
  std::string declared_type;
  std::string filename;  // for messages only
};

class Media {
 public:
  virtual ~Media() = default;
  virtual Async<MediaReport> inspect(MediaRequest request, Deadline deadline) = 0;
};

}  // namespace hoist
