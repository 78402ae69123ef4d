#include "adapters/vips/sniff.hpp"

#include <gtest/gtest.h>

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

TEST(Sniffer, KnowsFilesByTheirContent) {
  auto const sniffer = Sniffer::open();
  ASSERT_TRUE(sniffer);
  EXPECT_EQ(sniffer->type_of("\xff\xd8\xff\xe0\0\x10JFIF"sv), "image/jpeg");
  EXPECT_EQ(sniffer->type_of("\0\0\0\x18"
                             "ftypmif1\0\0\0\0mif1heic"sv),
            "image/heic");
  EXPECT_EQ(sniffer->type_of("\0\0\0\x1c"
                             "ftypmif1\0\0\0\0mif1avifmiaf"sv),
            "image/avif");
  EXPECT_EQ(sniffer->type_of("%PDF-1.7\n"), "application/pdf");
  EXPECT_EQ(sniffer->type_of("<!DOCTYPE html><html><body>hi</body></html>"), "text/html");
  EXPECT_EQ(sniffer->type_of("hello, world\n"), "text/plain");
}

TEST(Sniffer, M5_SvgIsNeverAPicture) {
  auto const sniffer = Sniffer::open();
  ASSERT_TRUE(sniffer);
  auto const type = sniffer->type_of("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
  EXPECT_EQ(type, "image/svg+xml");
  EXPECT_FALSE(has_picture(type));
}

TEST(Sniffer, M10_PolyglotsAreWhatTheirFirstBytesSay) {
  auto const sniffer = Sniffer::open();
  ASSERT_TRUE(sniffer);
  EXPECT_EQ(sniffer->type_of("GIF89a=/*"), "image/gif");
  EXPECT_EQ(sniffer->type_of("<html><script>x</script></html>%PDF-1.4"), "application/octet-stream");
  EXPECT_TRUE(contradicts("text/javascript", "image/gif"));
  EXPECT_TRUE(contradicts("application/pdf", "text/html"));
  EXPECT_TRUE(contradicts("application/zip", "image/jpeg"));
  EXPECT_TRUE(contradicts("text/plain", "text/html"));
  EXPECT_TRUE(contradicts("application/zip", "application/x-dosexec"));
}

TEST(Sniffer, OnlyACertainAnswerContradicts) {
  EXPECT_FALSE(contradicts("image/jpeg", "application/octet-stream"));  // it may be anything
  EXPECT_FALSE(contradicts("application/acad", "image/vnd.dwg"));
  EXPECT_FALSE(contradicts("message/rfc822", "text/html"));
  EXPECT_FALSE(contradicts("text/markdown", "text/html"));
  EXPECT_FALSE(contradicts("image/svg+xml", "text/xml"));
  EXPECT_FALSE(contradicts("image/heif", "image/avif"));
  EXPECT_FALSE(contradicts("image/apng", "image/png"));
  EXPECT_FALSE(contradicts("application/acad", "image/bmp"));  // two letters may be chance
  EXPECT_FALSE(contradicts("image/tiff", "image/x-nikon-nef"));
  EXPECT_FALSE(contradicts("image/x-sony-arw", "image/tiff"));
  EXPECT_EQ(settled_type("application/acad", "image/bmp"), "application/acad");
  EXPECT_TRUE(picture_type("application/acad", "image/bmp").empty());
  EXPECT_TRUE(contradicts("image/x-icon", "text/html"));
  EXPECT_TRUE(contradicts("image/jpeg", "text/plain"));
}

TEST(Sniffer, KnowsBigTiffAndTheNewerPictures) {
  auto const sniffer = Sniffer::open();
  ASSERT_TRUE(sniffer);
  EXPECT_EQ(sniffer->type_of("II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0"sv), "image/tiff");
  EXPECT_EQ(sniffer->type_of("MM\0+\0\x08\0\0\0\0\0\0\0\0\0\x10"sv), "image/tiff");
  EXPECT_EQ(sniffer->type_of("\0\0\0\x0cJXL \r\n\x87\n"sv), "image/jxl");
  EXPECT_EQ(sniffer->type_of("\0\0\0\x0cjP  \r\n\x87\n"sv), "image/jp2");
  EXPECT_EQ(sniffer->type_of("8BPS\0\x01\0\0"sv), "image/vnd.adobe.photoshop");
}

TEST(Sniffer, HarmlessDifferencesAreTolerated) {
  EXPECT_EQ(canonical_type(" Image/JPG; charset=x"), "image/jpeg");
  EXPECT_FALSE(contradicts("", "image/png"));
  EXPECT_FALSE(contradicts("application/octet-stream", "image/png"));
  EXPECT_FALSE(contradicts("text/csv", "text/plain"));
  EXPECT_FALSE(contradicts("image/x-adobe-dng", "image/tiff"));
  EXPECT_EQ(settled_type("image/x-adobe-dng", "image/tiff"), "image/x-adobe-dng");
  EXPECT_EQ(settled_type("text/csv", "text/plain"), "text/csv");
  EXPECT_EQ(settled_type("application/octet-stream", "application/zip"), "application/zip");
}

}  // namespace
}  // namespace hoist::vips
