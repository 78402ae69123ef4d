// Thumbnails of a folder's photos, one photo at a time, by the code that runs in Hoist's media children.
//
//   bench_thumbnails --folder F --count N --sizes 1024,256 | 256
//
// Both sizes come from one decode, as in a child. 256 alone is what the linked libvips needs for one call.
#include <vips/vips.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/picture.hpp"
#include "support.hpp"

namespace {

std::string read_file(std::filesystem::path const& path) {
  auto file = std::ifstream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

void make_both(std::string const& photo) {
  auto const report = hoist::vips::read_picture(photo, "image/jpeg");
  if (report.thumbnails.size() != 2) bench::die("read_picture");
}

void make_one(std::string const& photo, int size) {
  VipsImage* image = nullptr;
  void* data = nullptr;
  auto length = std::size_t{0};
  if (vips_thumbnail_buffer(const_cast<char*>(photo.data()), photo.size(), &image, size, "height", size,
                            "size", VIPS_SIZE_DOWN, nullptr) != 0 ||
      vips_jpegsave_buffer(image, &data, &length, "Q", hoist::vips::limits::thumbnail_quality, "strip", TRUE,
                           nullptr) != 0)
    bench::die(vips_error_buffer());
  g_free(data);
  g_object_unref(image);
}

}  // namespace

int main(int count, char** arguments) {
  auto const options =
      bench::parse_options(count, arguments, {{"folder", "."}, {"count", "10"}, {"sizes", "1024,256"}});
  auto photos = std::vector<std::filesystem::path>{};
  for (auto const& entry : std::filesystem::directory_iterator{options.at("folder")})
    if (entry.path().extension() == ".jpg") photos.push_back(entry.path());
  std::ranges::sort(photos);
  photos.resize(std::min(photos.size(), static_cast<std::size_t>(bench::number(options, "count"))));
  if (auto const started = hoist::vips::start_pictures(); !started) bench::die("start_pictures");

  auto const both = options.at("sizes") == "1024,256";
  auto const cpu = bench::process_cpu_s();
  auto const began = bench::now_s();
  for (auto const& path : photos) {
    auto const bytes = read_file(path);
    if (both)
      make_both(bytes);
    else
      make_one(bytes, static_cast<int>(bench::number(options, "sizes")));
  }
  std::printf("{\"images\": %zu, \"seconds\": %.6f, \"cpu_s\": %.6f}\n", photos.size(),
              bench::now_s() - began, bench::process_cpu_s() - cpu);
}
