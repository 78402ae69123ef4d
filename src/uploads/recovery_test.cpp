// What is granted has room, and what was stored comes back when its rows are lost.
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

constexpr auto one_file = R"({"project_id":"site-1","filename":"a","content_type":"image/jpeg","size":5})";
constexpr auto two_files =
    R"({"project_id":"site-1","files":[{"filename":"a","content_type":"image/jpeg","size":5},)"
    R"({"filename":"b","content_type":"image/jpeg","size":6}]})";

TEST(UploadRoom, WhatCouldNotBeStoredIsNotGranted) {
  auto room = std::int64_t{4};
  auto options = Options{};
  options.room = [&] { return room; };
  auto world = World{options};
  auto const code = [&](std::string path, std::string body) {
    return text_of(world.ok(507, "POST", std::move(path), std::move(body)).at("code"));
  };
  EXPECT_EQ(code("/uploads", one_file), "storage_full");
  room = 10;
  EXPECT_EQ(code("/batches", two_files), "storage_full");
  EXPECT_EQ(world.usage().files, 0);
  room = 11;
  world.ok(201, "POST", "/batches", two_files);
  world.ok(201, "POST", "/uploads", one_file);
}

class UploadRecovery : public ::testing::Test {
 protected:
  std::string note_of(std::string const& id) {
    auto note = std::string{};
    EXPECT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
                  TRY(note, world.intake.recovery().note_for(tx, object_of(id).ref));
                  return {};
                }).has_value());
    return note;
  }
  static ObjectInfo object_of(std::string const& id) {
    auto object = ObjectInfo{.ref = {"hoist", "acme/site-1/uploads/" + id}, .size = 5};
    object.content_type = "image/jpeg";
    return object;
  }
  bool recover(ObjectInfo const& object, std::string const& note) {
    auto wanted = false;
    EXPECT_TRUE(testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
                  TRY(wanted, world.intake.recovery().on_recovered(tx, object, note));
                  return {};
                }).has_value());
    return wanted;
  }
  void lose_all_rows() {
    world.lose_messages();
    ASSERT_TRUE(testing::write_now(*world.database, [](sql::Transaction& tx) -> Result<void> {
      for (auto const* table : {"uploads", "batches", "tenant_usage", "project_counts", "changes"})
        CHECK(tx.execute(std::string{"DELETE FROM "} + table));
      return {};
    }));
  }
  World world;
};

TEST_F(UploadRecovery, AnUploadIsMadeAgainFromItsNoteAndGoesThroughTheWorkersOnceMore) {
  auto const batch = world.ok(201, "POST", "/batches", two_files);
  auto const id = text_of(batch.at("items").at(0).at("upload").at("id"));
  auto const before = world.stored(id);
  auto const note = note_of(id);
  lose_all_rows();
  ASSERT_TRUE(recover(object_of(id), note));
  auto const after = world.stored(id);
  EXPECT_EQ(after.filename, before.filename);
  EXPECT_EQ(after.user, before.user);
  EXPECT_EQ(after.batch, before.batch);
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.size, 5);
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.messages(id).size(), 1U);
  EXPECT_EQ(world.usage().bytes, 5);
  EXPECT_TRUE(world.wrong_usage().empty());
  world.ok(200, "GET", "/batches/" + before.batch.str());
}

TEST_F(UploadRecovery, AGrantedUploadWhoseCommitWasLostIsUploaded) {
  auto const id = world.create();
  EXPECT_TRUE(recover(object_of(id), note_of(id)));
  EXPECT_EQ(world.status(id), "UPLOADED");
}

TEST_F(UploadRecovery, WhatHasEndedStaysEnded) {
  auto const id = world.create();
  auto const note = note_of(id);
  ASSERT_EQ(world.call("DELETE", "/uploads/" + id).status / 100, 2);
  EXPECT_FALSE(recover(object_of(id), note));
}

TEST_F(UploadRecovery, WatchersOfBeforeSeeNoOldNumbers) {
  auto const id = world.create();
  auto const note = note_of(id);
  auto const before = world.usage().change_seq;
  lose_all_rows();
  ASSERT_TRUE(recover(object_of(id), note));
  EXPECT_GT(world.usage().change_seq, before + 1'000'000);
}

}  // namespace
}  // namespace hoist::uploads
