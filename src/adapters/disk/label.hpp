// What a blob says about itself: which object its bytes are, written behind them before they are
// synced, so that the rows of hoist.db can be made again from the files alone.
//
//   bytes of the object | JSON | magic, length of the JSON, half a SHA-256 of blob name and JSON
//
// An object made of other files (completed from parts, or copied) has a blob of its own without
// bytes, whose label lists those files.
//
// Trust      clients choose the bytes but never learn the blob's name, so bytes that end like a label
//            are none.
// Invariant  a label is written before the transaction that makes its object, so it may describe
//            what never came to be; where both exist, rows are right.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "adapters/disk/files.hpp"
#include "adapters/disk/object_table.hpp"

namespace hoist::disk {

struct Label {
  struct Part {
    std::string upload_id;
    int number = 0;
  };
  ObjectRef ref;
  std::int64_t size = 0;  // of the object, or of the part
  std::string etag;
  std::string sha256;  // hex; empty for an object made of parts
  std::string content_type;
  std::string attributes;  // as in the table of objects
  Time modified_at;
  std::string note;  // of the feature that listens, for on_recovered()
  std::optional<Part> part;
  std::vector<Segment> segments;  // in order, where the bytes are in other files
};

[[nodiscard]] Label label_of(ObjectInfo const& info, std::vector<Segment> segments, std::string note);

// What is appended to the bytes.
[[nodiscard]] std::string to_bytes(Label const& label, std::string_view blob);
// Errors: corrupt when there is none, or it is not the one that was written.
[[nodiscard]] Result<Label> read_label(Fd const& file, std::string_view blob);
// Does the file hold `size` bytes and then a label?
[[nodiscard]] bool ends_in_label(Fd const& file, std::int64_t size, std::int64_t file_size);

}  // namespace hoist::disk
