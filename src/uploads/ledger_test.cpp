#include "uploads/ledger.hpp"

#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class UploadLedgerTest : public ::testing::Test {
 protected:
  Result<void> fail_with(std::string const& id, std::string code) {
    return world.wait([&] {
      return world.uploads.ledger.failed(TenantId{"acme"}, UploadId{id}, {code, "The file is bad.", {}},
                                         soon());
    });
  }
  bool has_job(std::string const& id, std::string tenant = "acme") {
    auto const job = world.wait<std::optional<UploadJob>>(
        [&] { return world.uploads.ledger.begin(TenantId{tenant}, UploadId{id}, 1, soon()); });
    return job && job->has_value();
  }
  World world;
};

TEST_F(UploadLedgerTest, OnlyWhatHasArrivedIsProcessedAndOnlyByItsTenant) {
  auto const id = world.create();
  EXPECT_FALSE(has_job(id));
  EXPECT_EQ(fail_with(id, "corrupt_file").error().code(), Code::conflict);
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_FALSE(has_job(id, "globex"));
  EXPECT_TRUE(has_job(id));
  EXPECT_TRUE(has_job(id));  // another attempt
  EXPECT_FALSE(has_job("01890000-0000-7000-8000-000000000000"));
}

TEST_F(UploadLedgerTest, ALateWorkerCannotUndoWhatAnotherOneCompletedButNewSignaturesCan) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(fail_with(id, "corrupt_file").error().code(), Code::conflict);
  EXPECT_FALSE(has_job(id));
  EXPECT_EQ(world.status(id), "COMPLETED");
  EXPECT_TRUE(fail_with(id, "infected"));
  EXPECT_EQ(world.status(id), "FAILED");
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/content").status, 409);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(UploadLedgerTest, WhatWasDeletedMeanwhileIsNotCompleted) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_TRUE(has_job(id));
  EXPECT_EQ(world.call("DELETE", "/uploads/" + id).status, 200);
  auto const completed = world.wait(
      [&] { return world.uploads.ledger.complete(TenantId{"acme"}, UploadId{id}, ProcessedFile{}, soon()); });
  EXPECT_EQ(completed.error().code(), Code::conflict);
  EXPECT_EQ(world
                .wait([&] {
                  return world.uploads.ledger.retrying(TenantId{"acme"}, UploadId{id}, "again", soon());
                })
                .error()
                .code(),
            Code::conflict);
  EXPECT_EQ(world.status(id), "DELETED");
}

TEST_F(UploadLedgerTest, M4_ATenantsPolicyComesWithTheJob) {
  for (auto const allow : {true, false}) {
    world.limits.by_tenant[TenantId{"acme"}].allow_unscannable = allow;
    auto const id = world.create();
    ASSERT_TRUE(world.put_upload(id));
    auto const job = world.wait<std::optional<UploadJob>>(
        [&] { return world.uploads.ledger.begin(TenantId{"acme"}, UploadId{id}, 1, soon()); });
    ASSERT_TRUE(job && *job);
    EXPECT_EQ((*job)->allow_unscannable, allow);
  }
}

TEST_F(UploadLedgerTest, ARetryIsSeenInTheTimelineWhichStaysBounded) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  for (auto i = 0; i < 1000; ++i) {
    ASSERT_TRUE(has_job(id));
    ASSERT_TRUE(world.wait([&] {
      return world.uploads.ledger.retrying(TenantId{"acme"}, UploadId{id}, "the \"scanner\" is away", soon());
    }));
  }
  EXPECT_LE(world.stored(id).timeline.size(), world.options.timeline_bytes_max);
  auto const upload = world.ok(200, "GET", "/uploads/" + id);
  EXPECT_EQ(upload.at("timeline").at(3).at("what"), "retrying");
  EXPECT_EQ(upload.at("timeline").at(3).at("detail"), "the \"scanner\" is away");
}

}  // namespace
}  // namespace hoist::uploads
