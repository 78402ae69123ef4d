#include "bin/cli/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "base/encode.hpp"
#include "base/fd.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

constexpr auto read_bytes = std::size_t{256} * 1024;

constexpr auto content_types = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"png", "image/png"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"avif", "image/avif"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"bmp", "image/bmp"},
    {"svg", "image/svg+xml"},
    {"pdf", "application/pdf"},
    {"txt", "text/plain"},
    {"csv", "text/csv"},
    {"json", "application/json"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
    {"mp4", "video/mp4"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"doc", "application/msword"},
    {"xls", "application/vnd.ms-excel"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"dwg", "image/vnd.dwg"},
    {"dxf", "image/vnd.dxf"},
});

// A file name may be any bytes; the API takes text. Bytes that are not UTF-8 become "?".
std::string as_utf8(std::string name) {
  if (is_utf8(name)) return name;
  for (auto& byte : name)
    if (static_cast<unsigned char>(byte) >= 0x80) byte = '?';
  return name;
}

Result<LocalFile> describe(fs::path const& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return fail(Code::not_found, std::strerror(errno) + "."s);
  if (!S_ISREG(status.st_mode)) return fail(Code::invalid, "It is not a regular file.");
  if (::access(path.c_str(), R_OK) != 0) return fail(Code::forbidden, "It may not be read.");
  auto file = LocalFile{};
  file.path = path;
  file.name = as_utf8(path.filename().string());
  file.content_type = guess_content_type(file.name);
  file.size = status.st_size;
  file.modified_us = std::int64_t{status.st_mtim.tv_sec} * 1'000'000 + status.st_mtim.tv_nsec / 1'000;
  return file;
}

// With the name of the folder itself, so that two folders sent together stay apart, as browsers do it.
// Empty where the server would not take it: a file is worth more than its folders.
std::string place_of(fs::path folder, LocalFile const& file) {
  if (!folder.has_filename()) folder = folder.parent_path();  // "site/"
  auto const top = folder.filename();
  auto below = file.path.lexically_relative(folder);
  if (top != "." && top != "..") below = top / below;
  auto place = as_utf8(below.generic_string());
  auto const taken =
      count_code_points(place) <= limits::path_code_points_max && !place.contains('\\') &&
      std::ranges::count(place, '/') < static_cast<std::ptrdiff_t>(limits::path_segments_max) &&
      place.ends_with(file.name) &&
      std::ranges::none_of(place, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return taken ? place : std::string{};
}

Result<Fd> open_checked(LocalFile const& file) {
  auto descriptor = Fd{::open(file.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!descriptor.open()) return fail(Code::not_found, "It cannot be read: "s + std::strerror(errno) + ".");
  struct stat status = {};
  if (::fstat(descriptor.number(), &status) != 0 || status.st_size != file.size)
    return fail(Code::conflict, "It changed while it was being uploaded.");
  return descriptor;
}

class FileSource final : public net::BodySource {
 public:
  FileSource(Fd descriptor, std::int64_t offset, std::int64_t length,
             std::function<void(std::size_t)> on_read)
      : descriptor_{std::move(descriptor)}, offset_{offset}, left_{length}, on_read_{std::move(on_read)} {}

  // Reads on the network's thread: the pages were brought in by hashing a moment ago.
  Async<std::size_t> read(std::span<char> buffer) override {
    auto const wanted = std::min<std::int64_t>(left_, static_cast<std::int64_t>(buffer.size()));
    if (wanted == 0) co_return std::size_t{0};
    auto const got = ::pread(descriptor_.number(), buffer.data(), static_cast<std::size_t>(wanted), offset_);
    if (got <= 0) co_return fail(Code::conflict, "It changed while it was being uploaded.");
    offset_ += got;
    left_ -= got;
    on_read_(static_cast<std::size_t>(got));
    co_return static_cast<std::size_t>(got);
  }

 private:
  Fd descriptor_;
  std::int64_t offset_;
  std::int64_t left_;
  std::function<void(std::size_t)> on_read_;
};

}  // namespace

std::vector<LocalFile> find_files(std::vector<std::string> const& paths,
                                  std::function<void(fs::path const&, std::string)> const& problem) {
  auto files = std::vector<LocalFile>{};
  auto add = [&](fs::path const& path) {
    auto file = describe(path);
    if (file)
      files.push_back(*std::move(file));
    else
      problem(path, file.error().detail());
  };
  for (auto const& name : paths) {
    auto error = std::error_code{};
    if (!fs::is_directory(name, error)) {
      add(name);
      continue;
    }
    auto const first = files.size();
    auto walk = fs::recursive_directory_iterator{name, error};
    while (!error && walk != fs::recursive_directory_iterator{}) {
      auto const hidden = is_hidden(walk->path().filename().string());
      if (walk->is_directory(error)) {
        if (hidden) walk.disable_recursion_pending();
      } else if (!hidden) {
        add(walk->path());
      }
      walk.increment(error);
    }
    if (error) problem(name, error.message() + ".");
    for (auto& file : std::span{files}.subspan(first)) file.place = place_of(name, file);
    std::ranges::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end(), {}, &LocalFile::path);
  }
  return files;
}

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name == "Thumbs.db" || name == "desktop.ini";
}

std::string guess_content_type(std::string_view name) {
  auto const dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    auto const extension = to_lower(name.substr(dot + 1));
    for (auto const& [known, type] : content_types)
      if (known == extension) return std::string{type};
  }
  return "application/octet-stream";
}

Result<std::string> sha256_of(LocalFile const& file) {
  TRY(auto const descriptor, open_checked(file));
  auto hasher = Hasher{Hasher::Algorithm::sha256};
  auto buffer = std::string(read_bytes, '\0');
  while (true) {
    auto const got = ::read(descriptor.number(), buffer.data(), buffer.size());
    if (got < 0) return fail(Code::not_found, "It cannot be read: "s + std::strerror(errno) + ".");
    if (got == 0) return hex(hasher.finish());
    hasher.update(std::string_view{buffer}.substr(0, static_cast<std::size_t>(got)));
  }
}

Result<std::shared_ptr<net::BodySource>> open_file(LocalFile const& file, std::int64_t offset,
                                                   std::int64_t length,
                                                   std::function<void(std::size_t)> on_read) {
  TRY(auto descriptor, open_checked(file));
  return std::make_shared<FileSource>(std::move(descriptor), offset, length, std::move(on_read));
}

}  // namespace hoist::cli
