// What a client may do with the object store, as signed URLs. Pure computation.
//
// A grant to PUT signs host, content-type, content-length, if-none-match and the declared checksum:
// anything but exactly the granted bytes is refused by the store, and so is a second PUT.
#pragma once

#include <optional>
#include <vector>

#include "ports/presigner.hpp"
#include "uploads/options.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

struct PartUrl {
  int number = 0;
  std::int64_t size = 0;
  std::string url;
};

// How the bytes get to the store: one PUT, or parts.
struct Transfer {
  bool multipart = false;
  std::string url;
  StringMap headers;  // to be sent with the PUT
  std::int64_t part_size = 0;
  int part_count = 0;
  std::vector<PartUrl> parts;
  Time expires_at;
};

struct Picture {
  int size = 0;
  int width = 0;
  int height = 0;
  ObjectRef object;
};
[[nodiscard]] std::vector<Picture> pictures_of(Upload const& upload);
[[nodiscard]] std::vector<ObjectRef> leftovers_of(Upload const& upload);

class Grants {
 public:
  Grants(Presigner const& presigner, Options const& options) : presigner_{presigner}, options_{options} {}

  [[nodiscard]] Transfer put(Upload const& upload, Time now) const;
  // The upload's multipart must exist unless `numbers` is empty.
  [[nodiscard]] Transfer parts(Upload const& upload, std::vector<int> const& numbers, Time now) const;
  [[nodiscard]] std::string download(Upload const& upload, Time now) const;
  [[nodiscard]] std::string picture(Picture const& picture, Time now) const;

 private:
  Presigner const& presigner_;
  Options const& options_;
};

// RFC 6266: an attachment under its own name, in ASCII for old clients and in full for the others.
[[nodiscard]] std::string content_disposition(std::string_view filename);

}  // namespace hoist::uploads
