#include "adapters/disk/label.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sys/stat.h>

#include "adapters/disk/attributes.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr std::string_view magic = "\nhoist1 ";
constexpr std::size_t length_digits = 8;
constexpr std::size_t digest_digits = 32;
constexpr auto end_bytes = magic.size() + length_digits + digest_digits;
constexpr auto label_bytes_max = std::int64_t{16} << 20;  // 10,000 parts and more

constexpr auto text_max = std::size_t{1} << 20;

std::unexpected<Error> unlabelled(std::string cause) {
  return fail(Error{Code::corrupt, "The stored file does not say what it is."}.with_cause(std::move(cause)));
}

std::string end_of(std::string_view blob, std::string_view text) {
  auto const digest = hex(sha256(fmt::format("{}\n{}", blob, text)));
  return fmt::format("{}{:08x}{}", magic, text.size(), std::string_view{digest}.substr(0, digest_digits));
}

// The length of the label's text, from the file's last bytes.
std::optional<std::int64_t> text_length(std::string_view end) {
  if (!end.starts_with(magic)) return std::nullopt;
  auto const digits = end.substr(magic.size(), length_digits);
  auto length = std::int64_t{0};
  auto const parsed = std::from_chars(digits.data(), digits.data() + digits.size(), length, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  return length;
}

Result<std::string> read_end(Fd const& file, std::int64_t file_size) {
  auto end = std::string(end_bytes, '\0');
  if (file_size < std::ssize(end)) return unlabelled("too short");
  CHECK(read_at(file, end, file_size - std::ssize(end)));
  return end;
}

Result<std::vector<Segment>> parse_segments(json::array const* array) {
  auto segments = std::vector<Segment>{};
  if (array == nullptr) return segments;
  for (auto const& item : *array) {
    if (!item.is_object()) return unlabelled("a segment is no object");
    auto fields = Fields{item.get_object()};
    auto segment = Segment{fields.text("blob", {}), fields.number("size", {}), fields.text("sha256", {})};
    CHECK(fields.finish());
    segments.push_back(std::move(segment));
  }
  return segments;
}

Result<Label> parse(std::string_view text) {
  TRY(auto const value, parse_json(text));
  if (!value.is_object()) return unlabelled("not an object");
  auto fields = Fields{value.get_object()};
  auto const any = Fields::TextRule{.min = 0, .max = text_max, .line_breaks = true};
  auto label = Label{};
  label.ref = {fields.text("bucket", {}), fields.text("key", any)};
  label.size = fields.number("size", {});
  label.etag = fields.text("etag", any);
  label.sha256 = fields.text("sha256", any);
  label.content_type = fields.text("content_type", any);
  label.attributes = fields.text("attributes", any);
  label.modified_at = from_us(fields.number("modified_us", {}));
  label.note = fields.text("note", any);
  if (auto const upload_id = fields.optional_text("upload_id", {}))
    label.part = Label::Part{*upload_id, static_cast<int>(fields.number("part", {}))};
  auto const* const segments = fields.any("segments");
  CHECK(fields.finish());
  TRY(label.segments, parse_segments(segments != nullptr ? segments->if_array() : nullptr));
  return label;
}

}  // namespace

Label label_of(ObjectInfo const& info, std::vector<Segment> segments, std::string note) {
  return {.ref = info.ref,
          .size = info.size,
          .etag = info.etag,
          .sha256 = hex(info.sha256),
          .content_type = info.content_type,
          .attributes = to_text({info.metadata, info.headers, info.checksums, info.tags}),
          .modified_at = info.modified_at,
          .note = std::move(note),
          .part = {},
          .segments = std::move(segments)};
}

std::string to_bytes(Label const& label, std::string_view blob) {
  auto object = json::object{{"bucket", label.ref.bucket},
                             {"key", label.ref.key},
                             {"size", label.size},
                             {"etag", label.etag},
                             {"sha256", label.sha256},
                             {"content_type", label.content_type},
                             {"attributes", label.attributes},
                             {"modified_us", to_us(label.modified_at)},
                             {"note", label.note}};
  if (label.part) {
    object["upload_id"] = label.part->upload_id;
    object["part"] = label.part->number;
  }
  if (!label.segments.empty()) {
    auto& segments = object["segments"].emplace_array();
    for (auto const& segment : label.segments)
      segments.push_back(
          json::object{{"blob", segment.blob}, {"size", segment.size}, {"sha256", segment.sha256}});
  }
  auto text = json::serialize(object);
  auto const end = end_of(blob, text);
  return std::move(text) + end;
}

Result<Label> read_label(Fd const& file, std::string_view blob) {
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return errno_error("stat");
  TRY(auto const end, read_end(file, status.st_size));
  auto const length = text_length(end);
  auto const start = status.st_size - std::ssize(end) - length.value_or(0);
  if (!length || *length > label_bytes_max || start < 0) return unlabelled("no label at its end");
  auto text = std::string(static_cast<std::size_t>(*length), '\0');
  CHECK(read_at(file, text, start));
  if (end_of(blob, text) != end) return unlabelled("the label is damaged");
  TRY(auto label, parse(text));
  auto const bytes = label.segments.empty() ? label.size : 0;
  if (start != bytes) return unlabelled(fmt::format("{} bytes instead of {}", start, bytes));
  return label;
}

bool ends_in_label(Fd const& file, std::int64_t size, std::int64_t file_size) {
  auto const end = read_end(file, file_size);
  if (!end) return false;
  auto const length = text_length(*end);
  return length && size + *length + std::ssize(*end) == file_size;
}

}  // namespace hoist::disk
