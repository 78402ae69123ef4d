#include "uploads/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::uploads {
namespace {

constexpr std::size_t filename_max = 255;  // code points
constexpr std::size_t content_type_max = 127;
constexpr std::size_t metadata_name_max = 64;
constexpr std::size_t path_max = 1024;  // code points
constexpr std::size_t path_segments_max = 32;

struct Algorithm {
  std::string_view name;
  std::size_t bytes;
};
constexpr auto algorithms =
    std::to_array<Algorithm>({{"sha256", 32}, {"sha1", 20}, {"crc32c", 4}, {"crc32", 4}});

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == '-';
  });
}

// RFC 6838 section 4.2: the names of types and subtypes.
bool is_type_name(std::string_view text) {
  return !text.empty() && is_alphanumeric(text[0]) && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || std::string_view{"!#$&-^_.+"}.find(c) != std::string_view::npos;
  });
}

bool is_media_type(std::string_view text) {
  auto const slash = text.find('/');
  return slash != text.npos && is_type_name(text.substr(0, slash)) && is_type_name(text.substr(slash + 1));
}

ProjectId read_project(Fields& fields) {
  auto project = fields.text("project_id", {.min = 1, .max = 64});
  if (!project.empty() && !is_project_id(project))
    fields.refuse("project_id",
                  "A project's name is 1 to 64 letters without accents, digits, dots, dashes and "
                  "underscores, without spaces.");
  return ProjectId{std::move(project)};
}

std::optional<Checksum> read_checksum(Fields& fields) {
  auto const* object = fields.optional_object("checksum");
  if (object == nullptr) return std::nullopt;
  auto inner = Fields{*object, fields.path("checksum.")};
  auto const algorithm = inner.choice("algorithm", {"sha256", "sha1", "crc32c", "crc32"});
  auto const value = inner.text("value", {.min = 1, .max = 128});
  auto digest = std::optional<std::string>{};
  if (!algorithm.empty() && !value.empty()) {
    auto const bytes = std::ranges::find(algorithms, std::string_view{algorithm}, &Algorithm::name)->bytes;
    if (value.size() == 2 * bytes) digest = unhex(to_lower(value));
    if (!digest) digest = unbase64(value);
    if (!digest || digest->size() != bytes)
      inner.refuse("value", fmt::format("must be {} bytes as hexadecimal digits or as base64", bytes));
  }
  auto errors = inner.take_errors();
  if (errors.empty()) return Checksum{algorithm, hex(*digest)};
  for (auto& error : errors)
    fields.refuse(error.field.substr(fields.path("").size()), std::move(error.reason));
  return std::nullopt;
}

std::string read_metadata(Fields& fields, Options const& options) {
  auto const* object = fields.optional_object("metadata");
  if (object == nullptr || object->empty()) return {};
  if (object->size() > options.metadata_members_max) {
    fields.refuse("metadata", fmt::format("must have at most {} members", options.metadata_members_max));
    return {};
  }
  for (auto const& member : *object) {
    auto const name = std::string_view{member.key().data(), member.key().size()};
    auto const* text = member.value().if_string();
    if (!is_name(name, metadata_name_max))
      fields.refuse("metadata", "must have names of 1 to 64 letters, digits, '.', '_' and '-'");
    else if (text == nullptr)
      fields.refuse(fmt::format("metadata.{}", name), "must be a string");
    else if (count_code_points({text->data(), text->size()}) > options.metadata_value_max)
      fields.refuse(fmt::format("metadata.{}", name),
                    fmt::format("must have at most {} characters", options.metadata_value_max));
  }
  return json::serialize(*object);
}

// Why `path` cannot be shown to people as the place of `filename`; empty when it can.
std::string wrong_path(std::string_view path, std::string_view filename) {
  if (path != filename && !path.ends_with("/" + std::string{filename})) return "must end in the filename";
  if (path.find('\\') != path.npos) return "must have / between folders, not \\";
  auto segments = std::size_t{0};
  while (true) {
    auto const segment = path.substr(0, path.find('/'));
    if (segment.empty() || segment == "." || segment == "..")
      return "must be relative, without empty segments, '.' and '..'";
    if (count_code_points(segment) > filename_max)
      return fmt::format("must have segments of at most {} characters", filename_max);
    if (++segments > path_segments_max)
      return fmt::format("must have at most {} segments", path_segments_max);
    if (segment.size() == path.size()) return {};
    path.remove_prefix(segment.size() + 1);
  }
}

std::string read_path(Fields& fields, std::string_view filename) {
  auto path = fields.optional_text("path", {.min = 1, .max = path_max}).value_or(std::string{});
  if (path.empty() || filename.empty()) return path;
  if (auto reason = wrong_path(path, filename); !reason.empty()) fields.refuse("path", std::move(reason));
  return path;
}

// In the unit that a person would use, with one decimal below ten.
std::string amount(std::int64_t bytes) {
  constexpr auto units = std::to_array<std::string_view>({"B", "kB", "MB", "GB", "TB"});
  auto value = static_cast<double>(bytes);
  auto unit = std::size_t{0};
  for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
  auto const whole = value >= 10 || value == std::floor(value);
  return fmt::format("{:.{}f} {}", whole ? std::floor(value) : value, whole ? 0 : 1, units.at(unit));
}

std::int64_t read_size(Fields& fields, Options const& options) {
  auto const* const given = fields.any("size");
  if (given != nullptr && given->is_int64() && given->get_int64() == 0) {
    fields.refuse("size", "This file is empty. Choose it again when it has content.");
    return 0;
  }
  auto const size = fields.number("size", {.min = 1});
  if (size > options.file_bytes_max)
    fields.refuse("size", fmt::format("This file is {}; the limit is {}. Make it smaller or ask your "
                                      "administrator.",
                                      amount(size), amount(options.file_bytes_max)));
  return size;
}

NewFile read_file(Fields& fields, Options const& options) {
  auto file = NewFile{};
  file.filename = fields.text("filename", {.min = 1, .max = filename_max});
  if (file.filename.find('/') != std::string::npos) fields.refuse("filename", "must not contain a slash");
  file.content_type = fields.text("content_type", {.min = 1, .max = content_type_max});
  if (!file.content_type.empty() && !is_media_type(file.content_type))
    fields.refuse("content_type", "must be a media type such as image/jpeg, without parameters");
  file.size = read_size(fields, options);
  file.checksum = read_checksum(fields);
  file.metadata = read_metadata(fields, options);
  file.path = read_path(fields, file.filename);
  return file;
}

}  // namespace

bool is_project_id(std::string_view text) {
  return is_name(text, 64) && text != "." && text != "..";
}

Result<NewUpload> parse_new_upload(json::object const& body, Options const& options) {
  auto fields = Fields{body};
  auto project = read_project(fields);
  auto file = read_file(fields, options);
  CHECK(fields.finish());
  return NewUpload{std::move(project), std::move(file)};
}

Result<NewBatch> parse_new_batch(json::object const& body, Options const& options) {
  auto fields = Fields{body};
  auto batch = NewBatch{};
  batch.project = read_project(fields);
  auto const* files = fields.array("files", options.batch_files_max);
  auto errors = fields.take_errors();
  if (files == nullptr) return invalid_fields(std::move(errors));
  auto file_errors = std::vector<FieldError>{};
  auto good = std::size_t{0};
  batch.files.reserve(files->size());
  for (std::size_t i = 0; i < files->size(); ++i) {
    auto const* object = (*files)[i].if_object();
    auto wrong = std::vector<FieldError>{};
    if (object == nullptr) {
      wrong.push_back({fmt::format("files[{}]", i), "must be an object"});
    } else {
      auto inner = Fields{*object, fmt::format("files[{}].", i)};
      auto file = read_file(inner, options);
      wrong = inner.take_errors();
      if (wrong.empty()) {
        ++good;
        batch.files.emplace_back(std::move(file));
        continue;
      }
    }
    file_errors.insert(file_errors.end(), wrong.begin(), wrong.end());
    batch.files.emplace_back(std::move(wrong));
  }
  if (errors.empty() && good > 0) return batch;
  errors.insert(errors.end(), file_errors.begin(), file_errors.end());
  return invalid_fields(std::move(errors));
}

std::int64_t least_part_bytes(std::int64_t file_bytes) {
  constexpr std::int64_t parts_max = 10'000;
  return (file_bytes + parts_max - 1) / parts_max;
}

Result<PartsAsked> parse_parts_asked(json::object const& body, Upload const& upload, Options const& options) {
  auto fields = Fields{body};
  auto const part_count = upload.part_count();
  auto numbers = std::set<int>{};
  auto asked = PartsAsked{};
  auto const least = std::max(options.part_bytes_min, least_part_bytes(upload.size));
  auto const most = std::max(options.part_bytes, least);
  asked.part_size = fields.optional_number("part_size", {.min = least, .max = most});
  if (asked.part_size && upload.checksum && upload.checksum->algorithm != "sha256")
    fields.refuse("part_size", "cannot be had: a file in parts takes only a sha256 checksum");
  if (asked.part_size && body.contains("numbers"))
    fields.refuse("numbers", "must not come with part_size, which numbers the parts anew");
  if (!asked.part_size && body.contains("numbers")) {
    auto const* array = fields.array("numbers", static_cast<std::size_t>(options.parts_per_call_max));
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
      auto const* number = (*array)[i].if_int64();
      if (number == nullptr || *number < 1 || *number > part_count)
        fields.refuse(fmt::format("numbers[{}]", i), fmt::format("must be between 1 and {}", part_count));
      else if (!numbers.insert(static_cast<int>(*number)).second)
        fields.refuse(fmt::format("numbers[{}]", i), "is there twice");
    }
  }
  CHECK(fields.finish());
  asked.numbers.assign(numbers.begin(), numbers.end());
  return asked;
}

}  // namespace hoist::uploads
