#include "adapters/vips/media.hpp"

#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cmath>
#include <dirent.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/vips/media_samples.hpp"
#include "base/resources.hpp"
#include "support/hostile_files.hpp"

namespace hoist::vips {
namespace {

std::unique_ptr<Media> open_or_die(MediaOptions options, Metrics& metrics) {
  auto media = open_media(std::move(options), metrics);
  if (!media) throw std::runtime_error{media.error().to_string()};
  return std::move(*media);
}

Result<MediaReport> inspect(Media& media, std::string const& bytes, std::string declared,
                            std::string filename = "a",
                            Deadline deadline = deadline_in(std::chrono::minutes{1})) {
  auto const file = ::memfd_create("file", MFD_CLOEXEC);
  EXPECT_EQ(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  auto const request = MediaRequest{.file = file,
                                    .size = static_cast<std::int64_t>(bytes.size()),
                                    .declared_type = std::move(declared),
                                    .filename = std::move(filename)};
  auto report = run_to_end<MediaReport>([&] { return media.inspect(request, deadline); });
  ::close(file);
  return report;
}

std::string_view slug_of(Result<MediaReport> const& report) {
  return report ? std::string_view{"none"} : report.error().slug();
}

// Why there is no preview; "ready" when there is.
std::string reason_of(Result<MediaReport> const& report) {
  if (!report) return "error " + report.error().to_string();
  EXPECT_EQ(report->thumbnails.empty(), !report->preview.reason.empty());
  EXPECT_EQ(report->preview.message.empty(), report->preview.reason.empty() && report->preview.note.empty());
  return report->preview.reason.empty() ? "ready" : report->preview.reason;
}

class VipsMedia : public ::testing::Test {
 protected:
  Result<MediaReport> look(std::string const& bytes, std::string declared = "application/octet-stream") {
    return inspect(media(), bytes, std::move(declared));
  }
  static Media& media() {
    static auto metrics = Metrics{};
    static auto const instance =
        open_or_die({.child_command = {HOIST_PROGRAM, "media-child"}, .children = 1}, metrics);
    return *instance;
  }
};

struct Decoded {
  explicit Decoded(std::string const& jpeg) : bytes{jpeg} {
    vips_jpegload_buffer(bytes.data(), bytes.size(), &image, nullptr);
  }
  ~Decoded() { g_object_unref(image); }
  std::vector<double> at(int x, int y) const {
    double* values = nullptr;
    auto count = 0;
    vips_getpoint(image, &values, &count, x, y, nullptr);
    auto result = std::vector<double>(values, values + count);
    g_free(values);
    return result;
  }
  std::string bytes;
  VipsImage* image = nullptr;
};

TEST_F(VipsMedia, APhotoGivesSizePositionCameraAndTwoThumbnails) {
  auto const report =
      look(samples::picture(".jpg", {.width = 3000, .height = 2000, .position = true}), "image/jpeg");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->content_type, "image/jpeg");
  EXPECT_EQ(report->width, 3000);
  EXPECT_EQ(report->height, 2000);
  EXPECT_EQ(report->captured_at, "2026-01-02T03:04:05");
  EXPECT_EQ(report->camera_make, "Acme");
  EXPECT_EQ(report->camera_model, "Site Camera 1");
  ASSERT_TRUE(report->gps);
  EXPECT_NEAR(report->gps->latitude, 19.4325, 1e-6);
  EXPECT_NEAR(report->gps->longitude, -99.1333, 1e-6);
  EXPECT_EQ(report->gps->altitude, 2240);
  ASSERT_EQ(report->thumbnails.size(), 2U);
  EXPECT_EQ(report->thumbnails[0].size, 1024);
  EXPECT_EQ(report->thumbnails[0].width, 1024);
  EXPECT_EQ(report->thumbnails[0].height, 683);
  EXPECT_EQ(report->thumbnails[1].size, 256);
  EXPECT_EQ(report->thumbnails[1].width, 256);
  EXPECT_EQ(report->thumbnails[1].height, 171);
}

TEST_F(VipsMedia, OrientationIsAppliedToSizeAndThumbnails) {
  for (auto const* suffix : {".jpg", ".webp", ".tif"}) {
    auto const bytes = samples::picture(suffix, {.width = 800, .height = 400, .orientation = 6});
    auto const report = look(bytes);
    ASSERT_TRUE(report) << suffix << report.error().to_string();
    EXPECT_EQ(report->width, 400) << suffix;
    EXPECT_EQ(report->height, 800) << suffix;
    ASSERT_EQ(report->thumbnails.size(), 2U);
    EXPECT_EQ(report->thumbnails[1].width, 128) << suffix;
    EXPECT_EQ(report->thumbnails[1].height, 256) << suffix;
  }
}

TEST_F(VipsMedia, EveryFormatHasAPreviewAndSmallPicturesAreNotEnlarged) {
  auto const formats = std::vector<std::pair<char const*, char const*>>{
      {".jpg", "image/jpeg"}, {".png", "image/png"},  {".webp", "image/webp"},
      {".gif", "image/gif"},  {".tif", "image/tiff"}, {".heic", "image/heic"}};
  for (auto const& [suffix, type] : formats) {
    auto const bytes = samples::picture(suffix, {.width = 640, .height = 200});
    if (bytes.empty()) {
      std::printf("SKIPPED %s: this machine's libvips cannot write it\n", suffix);
      continue;
    }
    auto const report = look(bytes, type);
    ASSERT_TRUE(report) << suffix << ": " << report.error().to_string();
    EXPECT_EQ(report->content_type, type);
    EXPECT_EQ(report->width, 640);
    ASSERT_EQ(report->thumbnails.size(), 2U);
    EXPECT_EQ(report->thumbnails[0].width, 640);
    EXPECT_EQ(report->thumbnails[1].width, 256);
    EXPECT_EQ(report->thumbnails[1].height, 80);
  }
}

TEST_F(VipsMedia, NewerFormatsAreShownWhereTheirLibraryIsThere) {
  for (auto const& [suffix, type] : std::vector<std::pair<char const*, char const*>>{
           {".avif", "image/avif"}, {".jxl", "image/jxl"}, {".jp2", "image/jp2"}}) {
    auto const bytes = samples::picture(suffix, {.width = 640, .height = 200});
    if (bytes.empty()) {
      std::printf("SKIPPED %s: this machine's libvips cannot write it\n", suffix);
      continue;
    }
    auto const report = look(bytes, type);
    EXPECT_EQ(reason_of(report), "ready") << suffix;
    EXPECT_EQ(report->content_type, type);
    EXPECT_EQ(report->width, 640) << suffix;
  }
}

TEST_F(VipsMedia, RawPhotosShowTheJpegInsideAndTheSizeOfTheSensor) {
  for (auto const& [maker, dng, type] : std::vector<std::tuple<char const*, bool, char const*>>{
           {"NIKON CORPORATION", false, "image/x-nikon-nef"},
           {"SONY", false, "image/x-sony-arw"},
           {"PENTAX Corporation", false, "image/x-pentax-pef"},
           {"SAMSUNG", false, "image/x-samsung-srw"},
           {"Google", true, "image/x-adobe-dng"}}) {
    auto const report = look(samples::raw_photo(maker, dng));
    ASSERT_EQ(reason_of(report), "ready") << maker;
    EXPECT_EQ(report->content_type, type);
    EXPECT_EQ(report->width, 4000);
    EXPECT_EQ(report->height, 6000);
    EXPECT_EQ(report->camera_make, maker);
    EXPECT_EQ(report->thumbnails[0].width, 768);
    EXPECT_EQ(report->thumbnails[0].height, 1024);
    EXPECT_EQ(reason_of(look(samples::raw_photo(maker, dng), "image/tiff")), "ready");
  }
}

TEST_F(VipsMedia, MakersOwnFormatsShowTheJpegInside) {
  for (auto const& [kind, type, width] :
       std::vector<std::tuple<char const*, char const*, int>>{{".cr2", "image/x-canon-cr2", 4000},
                                                              {".cr3", "image/x-canon-cr3", 6000},
                                                              {".raf", "image/x-fuji-raf", 1600},
                                                              {".rw2", "image/x-panasonic-rw2", 6000},
                                                              {".orf", "image/x-olympus-orf", 6000}}) {
    auto const bytes = samples::maker_photo(kind);
    auto const report = look(bytes);
    ASSERT_EQ(reason_of(report), "ready") << kind;
    EXPECT_EQ(report->content_type, type);
    EXPECT_EQ(report->width, width) << kind;
    EXPECT_EQ(std::max(report->thumbnails[0].width, report->thumbnails[0].height), 1024) << kind;
    EXPECT_NE(reason_of(look(bytes.substr(0, bytes.size() / 2))), "ready") << kind;
  }
}

TEST_F(VipsMedia, BmpAndPsdHaveAPreview) {
  for (auto const& bytes : {samples::bmp_flag(), samples::bmp_runs(4), samples::bmp_runs(8),
                            samples::psd_flag(false), samples::psd_flag(true)}) {
    auto const report = look(bytes);
    ASSERT_EQ(reason_of(report), "ready") << bytes.substr(0, 4);
    EXPECT_EQ(report->width, 640);
    EXPECT_EQ(report->height, 200);
    auto const shown = Decoded{report->thumbnails[1].bytes};
    EXPECT_GT(shown.at(40, 40)[0], 230);
    EXPECT_LT(shown.at(40, 40)[2], 30);
    EXPECT_GT(shown.at(200, 40)[2], 230);
    auto cut = bytes;
    cut.resize(cut.size() * 3 / 4);
    EXPECT_EQ(reason_of(look(cut)), "ready");
    EXPECT_EQ(look(cut)->preview.note, "truncated");
  }
}

TEST_F(VipsMedia, TransparencyBecomesWhite) {
  auto const report = look(samples::transparent_png(), "image/png");
  ASSERT_TRUE(report) << report.error().to_string();
  auto const thumbnail = Decoded{report->thumbnails[1].bytes};
  for (auto const value : thumbnail.at(20, 50)) EXPECT_GT(value, 250);
  EXPECT_LT(thumbnail.at(180, 50)[2], 200);
}

TEST_F(VipsMedia, OtherTypesHaveNoPreview) {
  auto const report = look("just words\n", "text/csv");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->content_type, "text/csv");
  EXPECT_TRUE(report->thumbnails.empty());
  EXPECT_FALSE(report->width);
}

TEST_F(VipsMedia, M1_PixelFloodsAreStoredWithoutAPreview) {
  auto const flood = look(samples::png_header(65535, 65535), "image/png");
  ASSERT_TRUE(flood) << flood.error().to_string();
  EXPECT_EQ(flood->width, 65535);
  EXPECT_FALSE(flood->preview.reason.empty());
  // A GIF whose screen and first frame are 30,000 x 30,000.
  auto const gif = std::string(
      "GIF89a\x30\x75\x30\x75\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x30\x75\x30\x75\0\x02\x02L\x01\0;", 35);
  EXPECT_NE(reason_of(look(gif, "image/gif")), "ready");
  EXPECT_EQ(reason_of(look(samples::picture(".png"))), "ready");
}

TEST_F(VipsMedia, M1_AHeaderThatPromisesMoreThanThereIsHasNoPreview) {
  EXPECT_TRUE(reason_of(look(samples::png_header(5000, 5000), "image/png")).ends_with("_file"));
}

TEST_F(VipsMedia, M2_APictureThatTakesTooMuchMemoryIsStoredWithItsDimensions) {
  // 400 megapixels of interlaced PNG have to be decoded whole.
  auto const bomb = samples::png_bomb(20'000, true);
  EXPECT_LT(bomb.size(), 2'000'000U);
  auto const report = look(bomb, "image/png");
  EXPECT_EQ(reason_of(report), "decoder_limit");
  EXPECT_EQ(report->width, 20'000);
  EXPECT_EQ(report->content_type, "image/png");
  EXPECT_EQ(reason_of(look(samples::picture(".jpg"), "image/jpeg")), "ready");
}

TEST_F(VipsMedia, PanoramasAndMosaicsAreShownWhateverTheirSize) {
  auto const panorama = look(samples::picture(".jpg", {.width = 16'382, .height = 3'800}), "image/jpeg");
  EXPECT_EQ(reason_of(panorama), "ready");
  EXPECT_EQ(panorama->thumbnails[0].width, 1024);
  auto const phone = look(samples::picture(".jpg", {.width = 12'000, .height = 9'000}), "image/jpeg");
  EXPECT_EQ(reason_of(phone), "ready");
  EXPECT_EQ(phone->height, 9'000);
  for (auto const* suffix : {".tif[tile,compression=jpeg]", ".tif[bigtiff,compression=deflate]"}) {
    auto const mosaic = look(samples::picture(suffix, {.width = 12'000, .height = 9'000}), "image/tiff");
    EXPECT_EQ(reason_of(mosaic), "ready") << suffix;
    EXPECT_EQ(mosaic->width, 12'000);
    EXPECT_EQ(mosaic->content_type, "image/tiff");
  }
}

TEST_F(VipsMedia, AHeicOfManyTilesIsShownEveryTimeAndWhateverItsSize) {
  auto const phone = samples::tiled_heic(8, 6);
  if (phone.empty()) GTEST_SKIP() << "this machine's libvips cannot write HEIC";
  for (int i = 0; i < 30; ++i) {
    auto const report = look(phone, "image/heic");
    ASSERT_EQ(reason_of(report), "ready") << "copy " << i;
    EXPECT_EQ(report->width, 8 * 512);
    EXPECT_EQ(report->thumbnails[0].height, 768);
  }
  auto const huge = look(samples::tiled_heic(24, 18), "image/heic");
  EXPECT_EQ(reason_of(huge), "ready");
  EXPECT_EQ(huge->height, 18 * 512);
}

TEST_F(VipsMedia, AHeicHasItsColours) {
  auto const bytes = samples::picture(".heic", {.width = 640, .height = 200});
  if (bytes.empty()) GTEST_SKIP() << "this machine's libvips cannot write HEIC";
  auto const heic = look(bytes, "image/heic");
  auto const png = look(samples::picture(".png", {.width = 640, .height = 200}), "image/png");
  ASSERT_EQ(reason_of(heic), "ready");
  auto const ours = Decoded{heic->thumbnails[1].bytes};
  auto const truth = Decoded{png->thumbnails[1].bytes};
  for (auto const x : {10, 100, 250})
    for (std::size_t band = 0; band < 3; ++band)
      EXPECT_NEAR(ours.at(x, 40)[band], truth.at(x, 40)[band], 6) << x << " " << band;
}

TEST_F(VipsMedia, M2_ABombInsideTheLimitsIsDecodedWithinThem) {
  auto const bomb = samples::png_bomb(7000);  // 196 MB of pixels
  EXPECT_LT(bomb.size(), 300'000U);
  auto const report = look(bomb, "image/png");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->thumbnails[0].width, 1024);
}

TEST_F(VipsMedia, M3_FrameAndPageFloodsShowTheirFirst) {
  for (auto const frames : {60, 61, 2'000}) {
    auto const report = look(samples::animation(frames), "image/gif");
    EXPECT_EQ(reason_of(report), "ready") << frames;
    EXPECT_EQ(report->pages, frames);
    EXPECT_EQ(report->height, 8);
  }
  EXPECT_EQ(reason_of(look(samples::multipage_tiff(201), "image/tiff")), "ready");
}

TEST_F(VipsMedia, M4_FormatsOfUnfuzzedLoadersAreNeverDecoded) {
  auto const ppm = std::string{"P6\n2 2\n255\n"} + std::string(12, 'x');
  auto const report = look(ppm, "image/x-portable-pixmap");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->thumbnails.empty());
  EXPECT_FALSE(report->width);
  EXPECT_EQ(slug_of(look(ppm, "image/png")), "type_mismatch");
  EXPECT_EQ(slug_of(look(samples::picture(".ppm"), "image/jpeg")), "type_mismatch");
}

TEST_F(VipsMedia, M5_SvgIsStoredButNeverRendered) {
  auto const svg =
      std::string{R"(<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><text>&x;</text></svg>)"};
  auto const report = look(svg, "image/svg+xml");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_TRUE(report->thumbnails.empty());
  EXPECT_EQ(slug_of(look(svg, "image/png")), "type_mismatch");
}

TEST_F(VipsMedia, M6_APdfGivesItsPageCountAndFirstPage) {
  auto const report = look(samples::pdf(3), "application/pdf");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->content_type, "application/pdf");
  EXPECT_EQ(report->pages, 3);
  ASSERT_EQ(report->thumbnails.size(), 2U);
  EXPECT_EQ(report->thumbnails[0].width, 1024);
  EXPECT_EQ(report->thumbnails[0].height, 512);
  auto const page = Decoded{report->thumbnails[1].bytes};
  EXPECT_GT(page.at(5, 5)[1], 250);
  EXPECT_LT(page.at(128, 64)[1], 60);
  EXPECT_GT(page.at(128, 64)[0], 230);
}

TEST_F(VipsMedia, M6_HostilePdfsFailCleanly) {
  EXPECT_TRUE(
      look(samples::pdf(1, "/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "application/pdf"));
  EXPECT_TRUE(look(samples::pdf(1, "/OpenAction << /S /Launch /F (/bin/sh) >>"), "application/pdf"));
  auto const book = look(samples::pdf(2'001), "application/pdf");
  EXPECT_EQ(reason_of(book), "ready");
  EXPECT_EQ(book->pages, 2'001);
  EXPECT_EQ(reason_of(look("%PDF-1.4\nnothing else", "application/pdf")), "corrupt_file");
  auto loop = samples::pdf(1);
  loop.replace(loop.find("trailer\n<< "), 11, "trailer\n<< /Prev 9 ");
  EXPECT_NE(reason_of(look(loop, "application/pdf")), "decoder_crashed");
}

TEST_F(VipsMedia, M7_DamagedPicturesNeverCostMoreThanThemselves) {
  auto seed = 1U;
  for (auto const* suffix :
       {".jpg", ".png", ".webp", ".gif", ".tif", ".heic", ".jp2", ".jxl", ".bmp", ".psd", ".dng"}) {
    auto const own = std::string_view{suffix};
    auto const made = own == ".bmp"   ? samples::bmp_flag()
                      : own == ".psd" ? samples::psd_flag(true)
                      : own == ".dng" ? samples::raw_photo("Google", true)
                                      : std::string{};
    auto const good =
        made.empty() ? samples::picture(suffix, {.width = 64, .height = 48, .position = true}) : made;
    if (good.empty()) continue;
    for (int round = 0; round < 40; ++round) {
      auto bytes = good;
      for (int flips = 0; flips < 1 + round / 4; ++flips) {
        seed = seed * 1664525U + 1013904223U;
        bytes[12 + (seed >> 8) % (std::min(bytes.size(), std::size_t{4096}) - 12)] =
            static_cast<char>(seed >> 3);
      }
      auto const report = look(bytes);
      EXPECT_NE(slug_of(report), "unavailable") << suffix << " round " << round;
      EXPECT_NE(slug_of(report), "timeout") << suffix << " round " << round;
    }
    EXPECT_TRUE(look(good)) << "the child after the damaged ones: " << suffix;
  }
}

TEST_F(VipsMedia, M9_ThumbnailsCarryNoPersonalData) {
  auto const original = samples::picture(".jpg", {.width = 1500, .height = 900, .position = true});
  ASSERT_TRUE(samples::has_text(original, "Acme"));
  auto const report = look(original, "image/jpeg");
  ASSERT_TRUE(report);
  for (auto const& thumbnail : report->thumbnails) {
    for (auto const* mark : {"Exif", "Acme", "GPS", "http://ns.adobe.com/xap", "Photoshop", "ICC_PROFILE"})
      EXPECT_FALSE(samples::has_text(thumbnail.bytes, mark)) << mark;
    auto const decoded = Decoded{thumbnail.bytes};
    EXPECT_EQ(vips_image_get_typeof(decoded.image, VIPS_META_EXIF_NAME), 0U);
    EXPECT_EQ(vips_image_get_typeof(decoded.image, VIPS_META_XMP_NAME), 0U);
    EXPECT_EQ(vips_image_get_typeof(decoded.image, VIPS_META_IPTC_NAME), 0U);
  }
}

TEST_F(VipsMedia, M10_ALyingTypeIsRefusedWithAPlainSentence) {
  auto const report = look(samples::picture(".png"), "image/jpeg");
  ASSERT_EQ(slug_of(report), "type_mismatch");
  EXPECT_EQ(
      report.error().detail(),
      "The file was declared as image/jpeg but its content is image/png. Upload it with its real type.");
  EXPECT_EQ(slug_of(look("<html><script>x</script></html>", "image/png")), "type_mismatch");
  EXPECT_NE(reason_of(look("GIF89a=/*x*/;alert(1)//", "image/gif")), "ready");
  auto const both = samples::picture(".jpg") + testing::zip("a.txt", "x");
  EXPECT_EQ(slug_of(look(both, "application/zip")), "type_mismatch");
  EXPECT_TRUE(look(both, "image/jpeg"));
}

TEST_F(VipsMedia, ATruncatedPictureShowsWhatThereIsAndSaysSo) {
  for (auto const* suffix : {".jpg", ".png"}) {
    auto bytes = samples::picture(suffix, {.width = 1600, .height = 1200, .position = true});
    bytes.resize(bytes.size() * 9 / 10);
    auto const report = look(bytes);
    EXPECT_EQ(reason_of(report), "ready") << suffix;
    EXPECT_EQ(report->preview.note, "truncated") << suffix << report->preview.message;
    EXPECT_EQ(report->width, 1600);
    EXPECT_EQ(report->thumbnails.size(), 2U);
  }
  auto nothing = samples::picture(".jpg", {.width = 1600, .height = 1200, .position = true});
  nothing.resize(nothing.find("\xff\xda") + 14);  // up to the first byte of the picture itself
  auto const report = look(nothing, "image/jpeg");
  EXPECT_EQ(reason_of(report), "truncated_file");
  for (auto const* suffix : {".webp", ".tif", ".gif", ".heic"}) {
    auto bytes = samples::picture(suffix, {.width = 1600, .height = 1200});
    bytes.resize(bytes.size() / 2);
    EXPECT_TRUE(look(bytes)) << "stored, whatever can be shown: " << suffix;
  }
}

TEST_F(VipsMedia, M13_NamesNeverReachAShellOrAPath) {
  for (auto const* name : {"-rf", "$(touch /tmp/hoist-owned)", "a\nb", "../../etc/passwd", "`id`"})
    EXPECT_TRUE(inspect(media(), samples::pdf(1), "application/pdf", name)) << name;
  EXPECT_NE(::access("/tmp/hoist-owned", F_OK), 0);
}

TEST_F(VipsMedia, ADeadlineThatPassedSaysNothingAboutTheFile) {
  auto const report =
      inspect(media(), samples::picture(".png"), "image/png", "a", deadline_in(std::chrono::seconds{-1}));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::timeout);
}

std::size_t open_descriptors() {
  auto count = std::size_t{0};
  auto* const folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

TEST(VipsMediaFaults, M2_M7_AChildThatCrashesHangsOrLiesCostsItsOwnFileOnly) {
  auto metrics = Metrics{};
  auto const media =
      open_or_die({.child_command = {HOIST_MEDIA_TEST_CHILD, "faulty"}, .children = 1}, metrics);
  auto const before = open_descriptors();
  for (auto const* how : {"abort", "exit", "garbage", "not json", "huge thumbnail", "html thumbnail",
                          "unknown slug", "header injection"}) {
    EXPECT_EQ(reason_of(inspect(*media, how, "")), "decoder_crashed") << how;
    EXPECT_TRUE(inspect(*media, "fine", "")) << "after " << how;
  }
  EXPECT_EQ(open_descriptors(), before);
  auto const impatient = open_or_die({.child_command = {HOIST_MEDIA_TEST_CHILD, "faulty"},
                                      .children = 1,
                                      .wall_max = std::chrono::milliseconds{300}},
                                     metrics);
  auto const before_hanging = open_descriptors();
  for (auto const* how : {"hang", "spin"}) {
    auto const report = inspect(*impatient, how, "");
    EXPECT_EQ(reason_of(report), "decoder_limit") << how;
    EXPECT_TRUE(report->preview.ran_late) << how;
    EXPECT_TRUE(inspect(*impatient, "fine", "")) << "after " << how;
  }
  EXPECT_EQ(open_descriptors(), before_hanging);
}

TEST(VipsMediaFaults, WantOfDescriptorsSaysNothingAboutTheFile) {
  auto metrics = Metrics{};
  auto const media =
      open_or_die({.child_command = {HOIST_MEDIA_TEST_CHILD, "faulty"}, .children = 1}, metrics);
  auto before = rlimit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  // The file itself, its view, a socket and its other end, and what the start of a new child takes.
  for (auto spare = rlim_t{1}; spare < 9; ++spare) {
    auto const few = rlimit{open_descriptors() + spare, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    auto const report = inspect(*media, "abort", "");
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    if (!report) EXPECT_EQ(report.error().slug(), out_of_descriptors) << spare;
    EXPECT_TRUE(inspect(*media, "fine", "")) << spare;
  }
}

TEST(VipsMediaFaults, ACrashThatAFreshChildDoesNotRepeatCostsNothing) {
  auto metrics = Metrics{};
  auto const media =
      open_or_die({.child_command = {HOIST_MEDIA_TEST_CHILD, "faulty"}, .children = 1}, metrics);
  EXPECT_TRUE(inspect(*media, "fine", ""));
  auto const report = inspect(*media, "abort unless fresh", "");
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->content_type, "text/plain");
}

TEST(VipsMediaFaults, M2_WhatAChildMayKeepIsItsOwnMemoryAndNotMore) {
  auto metrics = Metrics{};
  auto const media =
      open_or_die({.child_command = {HOIST_MEDIA_TEST_CHILD, "faulty"}, .children = 1}, metrics);
  EXPECT_EQ(reason_of(inspect(*media, "eat", "")), "decoder_limit");
  EXPECT_TRUE(inspect(*media, "fine", ""));
}

TEST(VipsMediaFaults, M2_M6_APdfThatDrawsForMinutesIsStoppedAtItsLimit) {
  auto metrics = Metrics{};
  auto const media = open_or_die({.child_command = {HOIST_PROGRAM, "media-child"},
                                  .children = 1,
                                  .wall_max = std::chrono::milliseconds{700}},
                                 metrics);
  auto const bomb = samples::pdf_bomb();
  EXPECT_LT(bomb.size(), 100'000U);
  auto const report = inspect(*media, bomb, "application/pdf");
  EXPECT_EQ(reason_of(report), "decoder_limit");
  EXPECT_EQ(report->pages, 1);
  EXPECT_TRUE(inspect(*media, samples::picture(".jpg"), "image/jpeg"));
}

TEST_F(VipsMedia, ADeadlineThatPassesWhileAPdfIsDrawnSaysNothingAboutIt) {
  auto const report = inspect(media(), samples::pdf_bomb(), "application/pdf", "a",
                              deadline_in(std::chrono::milliseconds{700}));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::timeout);
}

TEST(VipsMediaFaults, ChildrenAreReplacedAfterTheirNumberOfJobs) {
  auto metrics = Metrics{};
  auto const media = open_or_die(
      {.child_command = {HOIST_PROGRAM, "media-child"}, .children = 1, .jobs_per_child_max = 1}, metrics);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(inspect(*media, samples::picture(".png"), "image/png"));
}

TEST(VipsMediaFaults, AProgramThatIsNoChildIsRefusedAtStart) {
  auto metrics = Metrics{};
  auto const media = open_media({.child_command = {"/bin/true"}}, metrics);
  ASSERT_FALSE(media);
  EXPECT_EQ(media.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace hoist::vips
