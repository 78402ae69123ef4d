#include "uploads/arrivals.hpp"

#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class UploadsThatArrive : public ::testing::Test {
 protected:
  Code refusal(Result<void> const& result) { return result ? Code::count_ : result.error().code(); }
  World world;
};

TEST_F(UploadsThatArrive, TheGrantedBytesMakeTheUploadUploadedAndSendItToTheWorkers) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(world.status(id), "UPLOADED");
  ASSERT_EQ(world.messages(id).size(), 1U);
  EXPECT_EQ(world.messages(id)[0], R"({"tenant":"acme","upload":")" + id + "\"}");
}

TEST_F(UploadsThatArrive, P4_AnotherSizeIsRefused) {
  auto const id = world.create();
  EXPECT_EQ(refusal(world.put_upload(id, "hello!")), Code::forbidden);
  EXPECT_EQ(refusal(world.put_upload(id, "hell")), Code::forbidden);
  EXPECT_EQ(world.status(id), "PENDING");
  EXPECT_EQ(world.objects.count(), 0U);
}

TEST_F(UploadsThatArrive, P5_AnotherTypeIsRefused) {
  auto const id = world.create();
  EXPECT_EQ(refusal(world.put("acme/site-1/uploads/" + id, "hello", "text/html")), Code::forbidden);
}

TEST_F(UploadsThatArrive, P5_HeadersBesideTheBytesAreRefused) {
  auto const id = world.create();
  auto object = ObjectInfo{};
  object.ref = {world.options.bucket, "acme/site-1/uploads/" + id};
  object.size = 5;
  object.content_type = "image/jpeg";
  auto const created = [&] {
    return testing::write_now(*world.database, [&](sql::Transaction& tx) {
      return world.intake.arrivals().on_created(tx, object);
    });
  };
  for (auto const& header : {std::pair{"content-encoding", "deflate"}, {"cache-control", "public"}}) {
    object.headers = {header};
    EXPECT_EQ(refusal(created()), Code::forbidden) << header.first;
  }
  object.headers.clear();
  object.metadata = {{"note", "mine"}};
  EXPECT_EQ(refusal(created()), Code::forbidden);
  EXPECT_EQ(world.status(id), "PENDING");
  object.metadata.clear();
  EXPECT_TRUE(created());
}

TEST_F(UploadsThatArrive, P6_ASecondWriteIsRefusedWhateverBecameOfTheFirst) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(refusal(world.put_upload(id, "evil!")), Code::forbidden);
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(refusal(world.put_upload(id, "evil!")), Code::forbidden);
  EXPECT_EQ(world.objects.bytes({"hoist", "acme/site-1/uploads/" + id}), "hello");
  auto const failed = world.create();
  ASSERT_TRUE(world.put_upload(failed));
  ASSERT_TRUE(world.fail_processing(failed));
  EXPECT_EQ(refusal(world.put_upload(failed)), Code::forbidden);
}

TEST_F(UploadsThatArrive, P7_KeysOfUploadsThatNobodyWasGrantedAreRefused) {
  auto const id = world.create();
  for (auto const* key : {"acme/site-2/uploads/", "globex/site-1/uploads/", "acme/../uploads/"})
    EXPECT_EQ(refusal(world.put(key + id, "hello")), Code::forbidden) << key;
  EXPECT_EQ(refusal(world.put("acme/site-1/uploads/unknown", "hello")), Code::forbidden);
  EXPECT_TRUE(world.put("operator/backup.tar", "hello"));
  EXPECT_TRUE(world.put("acme/site-1/thumbnails/x/256", "hello"));
  EXPECT_EQ(world.status(id), "PENDING");
}

TEST_F(UploadsThatArrive, OtherContentThanDeclaredIsRefused) {
  auto const digest = sha256("hello");
  auto const answer = world.ok(
      201, "POST", "/uploads",
      R"({"project_id":"site-1","filename":"a","content_type":"image/jpeg","size":5,"checksum":)"
      R"({"algorithm":"sha256","value":"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}})");
  auto const id = text_of(answer.at("upload").at("id"));
  EXPECT_EQ(refusal(world.put_upload(id, "hullo")), Code::forbidden);
  EXPECT_TRUE(world.put_upload(id, "hello"));
}

TEST_F(UploadsThatArrive, PartsAreTakenInAnyOrderAndTheLastOneIsReported) {
  auto options = Options{};
  options.part_bytes = 4;
  auto parts = World{options};
  auto& reported = parts.intake.whole_uploads();
  auto const id = parts.create(10, "acme ana member", "?multipart=true");
  EXPECT_EQ(refusal(parts.put_part(id, 3, "abcd")), Code::forbidden);  // the last one is shorter
  EXPECT_EQ(refusal(parts.put_part(id, 4, "ab")), Code::forbidden);
  EXPECT_TRUE(parts.put_part(id, 3, "ij"));
  EXPECT_TRUE(parts.put_part(id, 1, "abcd"));
  EXPECT_TRUE(parts.put_part(id, 1, "ABCD"));
  EXPECT_TRUE(reported.take().empty());
  EXPECT_TRUE(parts.put_part(id, 2, "efgh"));
  auto const whole = reported.take();
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].id.str(), id);
  ASSERT_TRUE(parts.wait([&] { return parts.uploads.completion.settle(parts.stored(id), soon()); }));
  EXPECT_EQ(parts.status(id), "UPLOADED");
  EXPECT_EQ(refusal(parts.put_part(id, 1, "evil")), Code::forbidden);
}

TEST_F(UploadsThatArrive, AnObjectRemovedBehindOurBackIsADeletedUpload) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  auto const ref = ObjectRef{"hoist", "acme/site-1/uploads/" + id};
  auto const removed = [&](sql::Transaction& tx) { return world.intake.arrivals().on_removed(tx, ref); };
  ASSERT_TRUE(testing::write_now(*world.database, removed));
  EXPECT_EQ(world.status(id), "DELETED");
  EXPECT_EQ(world.usage().files, 0);
  ASSERT_TRUE(testing::write_now(*world.database, removed));
}

TEST_F(UploadsThatArrive, AFileFollowsItsMessageWhenItDiesAndWhenItIsRedriven) {
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    CO_TRY(auto const messages, co_await world.queue.consumer().receive({.queue = "processing"}, soon()));
    co_return co_await world.queue.consumer().fail(messages.at(0).receipt,
                                                   {.cause = "worker was killed", .permanent = true}, soon());
  }));
  EXPECT_EQ(world.status(id), "FAILED");
  EXPECT_EQ(world.stored(id).error_code, "processing_failed");
  EXPECT_NE(world.stored(id).timeline.find("worker was killed"), std::string::npos);
  EXPECT_EQ(world.usage().files, 0);
  auto const letters = world.wait<std::vector<DeadLetter>>([&] {
    return world.queue.letters().list(processing_queue, TenantId{"acme"}, MessageId{}, 10, soon());
  });
  ASSERT_EQ(letters.value().size(), 1U);
  ASSERT_TRUE(testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(world.queue.letters().redrive(tx, processing_queue, TenantId{"acme"}, {&letters->front().id, 1}));
    return {};
  }));
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.usage().files, 1);
  ASSERT_TRUE(world.process(id));
  EXPECT_TRUE(world.wrong_usage().empty());
}

}  // namespace
}  // namespace hoist::uploads
