#include "adapters/vips/wire.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

namespace hoist::vips {
namespace {

// As the parent reads it.
Result<MediaReport> sent(MediaReport const& report) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  EXPECT_TRUE(send_report(ends[0], report));
  auto received = receive_report(ends[1], {}, deadline_in(std::chrono::seconds{10}));
  for (auto const end : ends) ::close(end);
  return received;
}

MediaReport photo() {
  auto report = MediaReport{.content_type = "image/jpeg", .width = 640, .height = 480};
  report.camera_make = "Maker";
  report.gps = Gps{.latitude = 1, .longitude = 2};
  report.thumbnails.push_back({256, 256, 192, "image/jpeg", "\xff\xd8\xff..."});
  return report;
}

TEST(Wire, AReportArrivesAsItWasSent) {
  auto const received = sent(photo());
  ASSERT_TRUE(received);
  EXPECT_EQ(received->width, 640);
  EXPECT_EQ(received->camera_make, "Maker");
  EXPECT_EQ(received->thumbnails.size(), 1U);
}

// Each of these made the parent believe that the child had been taken over.
TEST(Wire, NonsenseOfADamagedFileCostsWhatItSaysAndNotItsPictures) {
  auto wrong = std::vector<MediaReport>(6, photo());
  wrong[0].width = 0;
  wrong[1].height = 16'777'215;
  wrong[2].pages = 2'000'000'000;
  wrong[3].camera_make = "Ma\x0eker";
  wrong[4].gps->latitude = std::numeric_limits<double>::quiet_NaN();
  wrong[5].content_type = "image/x-what?ever";
  for (auto const& report : wrong) {
    auto const received = sent(report);
    ASSERT_TRUE(received) << received.error().to_string();
    EXPECT_EQ(received->thumbnails.size(), 1U);
    EXPECT_EQ(received->camera_make, "");
  }
}

TEST(Wire, ADecodersWordsAreCutBetweenCharacters) {
  auto report = MediaReport{.content_type = "image/jpeg"};
  report.preview = {.reason = "corrupt_file", .note = {}, .message = "x"};
  for (auto i = 0; i < 400; ++i) report.preview.message += "\u00f1";
  auto const received = sent(report);
  ASSERT_TRUE(received) << received.error().to_string();
  EXPECT_EQ(received->preview.reason, "corrupt_file");
}

}  // namespace
}  // namespace hoist::vips
