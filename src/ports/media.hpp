// What a file is, and small pictures of it. Decoding happens in a sandboxed child; this port hides
// that.
// Errors   invalid with a slug for the user: "corrupt_file", "type_mismatch", "too_many_pixels",
//          "too_many_frames", "too_many_pages", "decoder_limit" (time or memory), "decoder_crashed".
//          unavailable when no child can be started.
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
  std::vector<Thumbnail> thumbnails;  // empty for types without a preview
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
