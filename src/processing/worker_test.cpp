#include "processing/worker.hpp"

#include <gtest/gtest.h>

#include "adapters/memory/objects.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "processing/test_world.hpp"

namespace hoist::processing {
namespace {

class ProcessingWorker : public ::testing::Test {
 protected:
  Async<> store(std::string key, std::string text) {
    CO_TRY(auto writer, co_await objects.create({"main", std::move(key)}, std::nullopt, deadline_in(5s)));
    CO_CHECK(co_await writer->write(text));
    CO_CHECK(co_await writer->commit({}));
    co_return Result<void>{};
  }

  // An upload whose bytes are `text` and its message.
  void upload(std::string const& id, std::string const& text) {
    auto job = UploadJob{.tenant = TenantId{"acme"}, .project = ProjectId{"site"}, .id = UploadId{id}};
    job.object = {"main", "acme/site/uploads/" + id};
    job.filename = "-rf $(x)\n.jpg";
    job.declared_type = "image/jpeg";
    job.size = static_cast<std::int64_t>(text.size());
    ASSERT_TRUE(run_to_end<void>([&] { return store(job.object.key, text); }));
    ledger.jobs.emplace(id, job);
    queue.add(json::serialize(json::object{{"tenant", "acme"}, {"upload", id}}));
  }

  // Runs the worker until `done` says so.
  void work_until(std::function<bool()> done, WorkerOptions options = {}) {
    options.quarantine_bucket = "quarantine";
    options.poll = 1ms;
    auto const finished = run_to_end<bool>([&]() -> Async<bool> {
      auto worker = Worker{queue, {ledger, objects, scanner, media, clock, metrics}, options};
      worker.start({co_await asio::this_coro::executor});
      while (true) {
        auto const ticket = queue.changed.ticket();
        if (done()) break;
        CO_TRY(auto const notified, co_await queue.changed.wait(ticket, deadline_in(20s)));
        if (!notified) break;
      }
      auto const fine = done();
      EXPECT_TRUE(*co_await worker.stop(5s));
      co_return fine;
    });
    EXPECT_TRUE(*finished);
  }

  ManualClock clock;
  Metrics metrics;
  memory::Objects objects{{"main", "quarantine"}, clock};
  WatchedQueue queue;
  ListLedger ledger;
  WordScanner scanner;
  PlainMedia media;
};

TEST_F(ProcessingWorker, ACleanFileIsCompletedWithItsHashAndThumbnails) {
  upload("u1", "a picture");
  work_until([&] { return queue.acknowledged == 1; });
  ASSERT_TRUE(ledger.completed.contains("u1"));
  auto const& file = ledger.completed.at("u1");
  EXPECT_EQ(file.sha256, sha256("a picture"));
  EXPECT_EQ(scanner.scanned, std::vector<std::string>{"a picture"});
  EXPECT_EQ(file.scan.engine, "words");
  ASSERT_EQ(file.thumbnails.size(), 2U);
  EXPECT_EQ(file.thumbnails[1].object.key, "acme/site/thumbnails/u1/256.jpg");
  EXPECT_EQ(objects.bytes(file.thumbnails[1].object), "picture 256");
  EXPECT_TRUE(file.media.thumbnails.empty());
  auto const text = metrics.render();
  EXPECT_NE(text.find("hoist_scans_total{verdict=\"clean\"} 1"), std::string::npos);
  EXPECT_NE(text.find("hoist_processing_stage_seconds_count{stage=\"scan\"} 1"), std::string::npos);
  EXPECT_NE(text.find("hoist_processing_jobs_in_flight 0"), std::string::npos);
}

TEST_F(ProcessingWorker, M11_AnInfectedFileIsQuarantinedTaggedAndNeverDecoded) {
  upload("u1", "a virus");
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "infected");
  EXPECT_EQ(ledger.failures.at("u1").scan->signature, "Word.Virus");
  EXPECT_EQ(media.inspected, 0);
  EXPECT_EQ(objects.bytes({"main", "acme/site/uploads/u1"}), "");
  EXPECT_EQ(objects.bytes({"quarantine", "acme/site/uploads/u1"}), "a virus");
  auto const info = run_to_end<ObjectInfo>(
      [&] { return objects.head({"quarantine", "acme/site/uploads/u1"}, deadline_in(5s)); });
  EXPECT_EQ(info->tags.at("scan"), "infected");
  EXPECT_EQ(info->tags.at("signature"), "Word.Virus");
}

TEST_F(ProcessingWorker, M11_AWorkerThatDiedAfterTheQuarantineIsContinued) {
  upload("u1", "a virus");
  ledger.fail_once = true;  // the first attempt moves the object and cannot record it
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "infected");
  EXPECT_EQ(ledger.failures.at("u1").scan->verdict, Verdict::infected);
  EXPECT_EQ(ledger.failures.at("u1").scan->signature, "Word.Virus");
  EXPECT_EQ(objects.count(), 1U);
}

TEST_F(ProcessingWorker, U11_FilesWaitForAScannerThatIsAwayAndNoAttemptIsCounted) {
  upload("u1", "a picture");
  scanner.leaves = 20;  // far more often than a file is tried
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_TRUE(ledger.completed.contains("u1"));
  EXPECT_EQ(queue.released, 20);
  EXPECT_EQ(ledger.waits.size(), 20U);
  EXPECT_TRUE(ledger.retries.empty());
  EXPECT_TRUE(queue.causes.empty());
}

TEST_F(ProcessingWorker, U11_WhileTheScannerIsAwayNoFileIsTaken) {
  upload("u1", "a picture");
  scanner.away_for = 4;
  auto options = WorkerOptions{};
  options.jobs_max = 2;
  auto taken_early = false;
  queue.on_receive = [&] { taken_early = taken_early || scanner.away_for > 0; };
  work_until([&] { return queue.acknowledged == 1; }, options);
  EXPECT_FALSE(taken_early);
  EXPECT_GE(scanner.asked, 5);
  EXPECT_TRUE(ledger.waits.empty());
}

TEST_F(ProcessingWorker, WithoutADescriptorFilesWaitAndNoAttemptIsCounted) {
  upload("u1", "a picture");
  media.lacks_descriptors = 1;
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_TRUE(ledger.completed.contains("u1"));
  EXPECT_TRUE(ledger.retries.empty());
  EXPECT_EQ(ledger.waits.size(), 1U);
}

TEST_F(ProcessingWorker, APreviewForWhichThereWasNoTimeIsTriedOnceMore) {
  upload("u1", "a picture");
  media.late_times = 1;
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.completed.at("u1").thumbnails.size(), 2U);
  EXPECT_EQ(ledger.retries.size(), 1U);

  upload("u2", "another");
  media.late_times = 2;
  work_until([&] { return queue.acknowledged == 2; });
  EXPECT_EQ(ledger.completed.at("u2").media.preview.reason, "decoder_limit") << "and then goes on without";
}

TEST_F(ProcessingWorker, M12_AScannerThatBreaksOffIsRetriedThenTheFileFails) {
  upload("u1", "a picture");
  scanner.breaks_off = 2;
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_TRUE(ledger.completed.contains("u1"));
  EXPECT_EQ(ledger.retries.size(), 2U);

  upload("u2", "another");
  scanner.breaks_off = 3;
  work_until([&] { return queue.dead == 1; });
  EXPECT_FALSE(ledger.completed.contains("u2"));
  EXPECT_EQ(ledger.failures.at("u2").code, "scan_unavailable");
  EXPECT_EQ(media.inspected, 1);
}

TEST_F(ProcessingWorker, M4_AnUnscannableFileFailsUnlessItsTenantAllowsIt) {
  upload("u1", "a secret");
  upload("u2", "a secret");
  ledger.jobs.at("u2").allow_unscannable = true;
  work_until([&] { return queue.acknowledged == 2; });
  EXPECT_EQ(ledger.failures.at("u1").code, "unscannable");
  EXPECT_NE(ledger.failures.at("u1").message.find("password"), std::string::npos);
  EXPECT_EQ(ledger.failures.at("u1").scan->verdict, Verdict::unscannable);
  EXPECT_EQ(ledger.completed.at("u2").scan.verdict, Verdict::unscannable);
  EXPECT_EQ(media.inspected, 1);
  EXPECT_NE(metrics.render().find("hoist_scans_total{verdict=\"unscannable\"} 2"), std::string::npos);
}

TEST_F(ProcessingWorker, M12_OverTheScannersLimitIsAFailureAtOnce) {
  scanner.size_max = 3;
  upload("u1", "a picture");
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "scan_too_large");
  EXPECT_EQ(queue.causes.size(), 0U);
}

TEST_F(ProcessingWorker, AFileThatCannotBeReadFailsWithItsReasonAtOnce) {
  media.failure = Error{Code::invalid, "The file is damaged."}.with_slug("corrupt_file");
  upload("u1", "a picture");
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "corrupt_file");
  EXPECT_EQ(ledger.failures.at("u1").message, "The file is damaged.");
  EXPECT_EQ(objects.count(), 1U);
}

TEST_F(ProcessingWorker, AFileOfATypeThatIsNotTakenFailsBeforeAnyPictureOfItIsStored) {
  upload("u1", "a picture");
  auto types = FileTypes{.allowed = {}, .denied = {ledger.jobs.at("u1").declared_type}};
  ledger.jobs.at("u1").types = std::make_shared<FileTypes const>(std::move(types));
  auto const stored = objects.count();
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "type_not_allowed");
  EXPECT_EQ(objects.count(), stored);
  EXPECT_TRUE(ledger.completed.empty());
}

TEST_F(ProcessingWorker, OtherBytesThanDeclaredFail) {
  upload("u1", "a picture");
  ledger.jobs.at("u1").expected_sha256 = sha256("another");
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "checksum_mismatch");
  EXPECT_TRUE(scanner.scanned.empty());
}

TEST_F(ProcessingWorker, BytesDamagedInStorageAreNeverCompleted) {
  upload("u1", "a picture");
  objects.damage({"main", "acme/site/uploads/u1"});
  work_until([&] { return queue.dead == 1; });
  EXPECT_EQ(ledger.failures.at("u1").code, "storage_corrupt");
  EXPECT_TRUE(ledger.completed.empty());
}

TEST_F(ProcessingWorker, AStoreThatIsAwayIsRetried) {
  upload("u1", "a picture");
  objects.fail_next(Code::unavailable, 2);
  work_until([&] { return queue.acknowledged == 1; });
  EXPECT_TRUE(ledger.completed.contains("u1"));
  EXPECT_FALSE(ledger.retries.empty());
}

TEST_F(ProcessingWorker, AnUploadDeletedMeanwhileNeedsNothing) {
  upload("u1", "a picture");
  ledger.gone = true;
  queue.add(R"({"tenant":"acme","upload":"unknown"})");
  work_until([&] { return queue.acknowledged == 2; });
  EXPECT_TRUE(ledger.failures.empty());
}

TEST_F(ProcessingWorker, AMessageOfAnotherTenantOrShapeIsDeadAtOnce) {
  queue.add(R"({"tenant":"acme","upload":"u1"})", TenantId{"other"});
  queue.add("not json");
  work_until([&] { return queue.dead == 2; });
  EXPECT_TRUE(scanner.scanned.empty());
}

TEST_F(ProcessingWorker, ALeaseIsRenewedWhileWorkingAndALostOneRecordsNothing) {
  upload("u1", "a picture");
  media.hold = true;
  queue.lease_lost = true;
  auto options = WorkerOptions{};
  options.visibility = 30ms;
  work_until(
      [&] {
        if (queue.extended > 0 && media.hold) {
          media.hold = false;
          media.released.notify();
        }
        return queue.acknowledged == 1;
      },
      options);
  EXPECT_GT(queue.extended, 0);
  EXPECT_TRUE(ledger.completed.empty());
}

TEST_F(ProcessingWorker, FilesAreProcessedSideBySideUpToTheLimit) {
  for (int i = 0; i < 8; ++i) upload("u" + std::to_string(i), "picture " + std::to_string(i));
  auto options = WorkerOptions{};
  options.jobs_max = 3;
  work_until([&] { return queue.acknowledged == 8; }, options);
  EXPECT_EQ(ledger.completed.size(), 8U);
}

TEST_F(ProcessingWorker, StopWaitsForWhatIsInFlight) {
  upload("u1", "a picture");
  media.hold = true;
  auto const stopped = run_to_end<bool>([&]() -> Async<bool> {
    auto options = WorkerOptions{.quarantine_bucket = "quarantine", .poll = 1ms};
    auto worker = Worker{queue, {ledger, objects, scanner, media, clock, metrics}, options};
    worker.start({co_await asio::this_coro::executor});
    auto const ticket = media.started.ticket();
    if (media.inspected == 0) EXPECT_TRUE(*co_await media.started.wait(ticket, deadline_in(10s)));
    EXPECT_FALSE(*co_await worker.stop(20ms));
    media.hold = false;
    media.released.notify();
    co_return co_await worker.stop(5s);
  });
  EXPECT_TRUE(*stopped);
  EXPECT_TRUE(ledger.completed.contains("u1"));
}

TEST_F(ProcessingWorker, AQueueThatDoesNotAnswerIsAskedAgain) {
  upload("u1", "a picture");
  queue.fail_receives = 1;
  auto options = WorkerOptions{};
  options.jobs_max = 1;
  work_until([&] { return queue.acknowledged == 1; }, options);
  EXPECT_TRUE(ledger.completed.contains("u1"));
}

}  // namespace
}  // namespace hoist::processing
