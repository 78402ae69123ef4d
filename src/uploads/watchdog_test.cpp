#include "uploads/watchdog.hpp"

#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

class UploadWatchdog : public ::testing::Test {
 protected:
  World world;
};

TEST_F(UploadWatchdog, AnAbandonedUploadExpiresAndGivesItsQuotaBack) {
  auto const id = world.create();
  world.clock.advance(24h - 1s);
  EXPECT_EQ(world.sweep().expired, 0);
  world.clock.advance(1s);
  EXPECT_EQ(world.sweep().expired, 1);
  EXPECT_EQ(world.status(id), "EXPIRED");
  EXPECT_EQ(world.stored(id).error_code, "expired");
  EXPECT_FALSE(world.stored(id).deadline);
  EXPECT_EQ(world.usage().bytes, 0);
  EXPECT_EQ(world.put_upload(id).error().code(), Code::forbidden);
}

TEST_F(UploadWatchdog, AnAbandonedMultipartLosesItsParts) {
  auto const id = world.create(5, "acme ana member", "?multipart=true");
  EXPECT_EQ(world
                .wait<std::vector<MultipartInfo>>(
                    [&] { return world.objects.list_multiparts({.bucket = "hoist"}, soon()); })
                ->size(),
            1U);
  world.clock.advance(25h);
  EXPECT_EQ(world.sweep().expired, 1);
  EXPECT_TRUE(world
                  .wait<std::vector<MultipartInfo>>(
                      [&] { return world.objects.list_multiparts({.bucket = "hoist"}, soon()); })
                  ->empty());
}

TEST_F(UploadWatchdog, BytesWhoseReportWasLostAreTakenRatherThanExpired) {
  auto const id = world.create();
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    CO_TRY(auto writer, co_await world.objects.create({"hoist", "acme/site-1/uploads/" + id}, 5, soon()));
    CO_CHECK(co_await writer->write("hello"));
    CO_CHECK(co_await writer->commit({.content_type = "image/jpeg"}));
    co_return Result<void>{};
  }));
  world.clock.advance(25h);
  EXPECT_EQ(world.sweep().expired, 0);
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.messages(id).size(), 1U);
}

TEST_F(UploadWatchdog, AMultipartThatIsAllThereIsCompletedWithoutTheClient) {
  auto const id = world.create(5, "acme ana member", "?multipart=true");
  ASSERT_TRUE(world.put_part(id, 1, "hello"));
  EXPECT_EQ(world.sweep().assembled, 0);
  world.clock.advance(3min);
  EXPECT_EQ(world.sweep().assembled, 1);
  EXPECT_EQ(world.status(id), "UPLOADED");
}

TEST_F(UploadWatchdog, U11_AFileWhoseMessageWaitsIsNeverGivenUp) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  for (auto i = 0; i < 10; ++i) {
    world.clock.advance(1h);
    auto const swept = world.sweep();
    EXPECT_EQ(swept.postponed, 1);
    EXPECT_EQ(swept.requeued + swept.failed, 0);
  }
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.messages(id).size(), 1U);
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(world.status(id), "COMPLETED");
}

TEST_F(UploadWatchdog, AFileWhoseMessageIsLostIsSentAgainAndFailsAtItsDeadline) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::cannot_be_asked);
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  world.lose_messages();
  auto const deadline = world.clock.now() + world.options.processing_deadline;
  auto sent_again = 0;
  while (world.clock.now() < deadline) {
    EXPECT_NE(world.status(id), "FAILED");
    world.clock.advance(world.options.processing_deadline / 60);
    sent_again += world.sweep().requeued;
    world.lose_messages();
  }
  EXPECT_EQ(sent_again, reminders_max);
  EXPECT_EQ(world.status(id), "FAILED");
  EXPECT_EQ(world.stored(id).error_code, "processing_timeout");
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(UploadWatchdog, AWorkerThatDiedIsReplaced) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::cannot_be_asked);
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.wait<std::optional<UploadJob>>(
      [&] { return world.uploads.ledger.begin(TenantId{"acme"}, UploadId{id}, 1, soon()); }));
  EXPECT_EQ(world.status(id), "PROCESSING");
  world.lose_messages();
  world.clock.advance(15min);
  EXPECT_EQ(world.sweep().requeued, 1);
  ASSERT_TRUE(world.process(id));
  world.clock.advance(48h);
  EXPECT_EQ(world.sweep().requeued, 0);
  EXPECT_EQ(world.status(id), "COMPLETED");
}

TEST_F(UploadWatchdog, TheBytesOfAFailedFileAreKeptForARedriveAndThenRemoved) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.fail_processing(id));
  (void)world.sweep();
  EXPECT_EQ(world.objects.count(), 1U);
  world.clock.advance(24h * 8);
  EXPECT_EQ(world.sweep().cleaned, 1);
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.status(id), "FAILED");
}

TEST_F(UploadWatchdog, OldChangesAreForgotten) {
  (void)world.create();
  world.clock.advance(25h);
  (void)world.create();
  (void)world.sweep();
  EXPECT_EQ(world.call("GET", "/stream?topic=tenant&cursor=0").status, 410);
}

TEST_F(UploadWatchdog, MetricsShowStatesAndTheOldestUnsettledFile) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  world.clock.advance(90s);
  (void)world.create();
  (void)world.sweep();
  auto const text = world.metrics.render();
  EXPECT_NE(text.find("hoist_uploads{state=\"UPLOADED\"} 1"), text.npos) << text;
  EXPECT_NE(text.find("hoist_uploads{state=\"PENDING\"} 1"), text.npos);
  EXPECT_NE(text.find("hoist_uploads_oldest_unsettled_seconds 90"), text.npos);
}

TEST_F(UploadWatchdog, OneStubbornFileDoesNotHoldUpTheOthers) {
  auto const stubborn = world.create();
  auto const easy = world.create();
  world.clock.advance(25h);
  world.objects.fail_next(Code::unavailable);
  auto const swept = world.sweep();
  EXPECT_EQ(swept.expired, 1);
  EXPECT_EQ(swept.cleaned, 1);
  EXPECT_EQ(world.status(stubborn), "PENDING");
  EXPECT_EQ(world.sweep().expired, 1);
  EXPECT_FALSE(world.stored(stubborn).deadline);
  EXPECT_FALSE(world.stored(easy).deadline);
}

}  // namespace
}  // namespace hoist::uploads
