// Uploads that share bytes when the database is lost, or is one of before.
#include "uploads/sharing_journal.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

class SharingRecovery : public ::testing::Test {
 protected:
  std::string create(std::string_view project, std::string_view name) {
    auto const body =
        fmt::format(R"({{"project_id":"{}","filename":"{}","content_type":"image/jpeg","size":5,)"
                    R"("checksum":{{"algorithm":"sha256","value":"{}"}}}})",
                    project, name, hex(sha256("hello")));
    return text_of(world.ok(201, "POST", "/uploads", body).at("upload").at("id"));
  }
  std::string store(std::string_view project, std::string_view name) {
    auto id = create(project, name);
    send(id);
    return id;
  }
  void send(std::string const& id) {
    ASSERT_TRUE(world.put(key_of(world.stored(id)), "hello"));
    notes[key_of(world.stored(id))] = note_of(id);
    process(id);
  }
  void process(std::string const& id) {
    ASSERT_TRUE(world.process(id));
    ASSERT_TRUE(world.wait([&]() -> Async<> {
      for (auto const& picture : pictures_of(world.stored(id))) {
        CO_TRY(auto writer, co_await world.objects.create(picture.object, 7, soon()));
        CO_CHECK(co_await writer->write("picture"));
        CO_CHECK(co_await writer->commit({.content_type = "image/jpeg"}));
      }
      co_return Result<void>{};
    }));
  }
  std::string note_of(std::string const& id) {
    auto note = std::string{};
    auto const key = key_of(world.stored(id));
    EXPECT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(note, recovery.note_for(tx, {"hoist", key}));
      return {};
    }));
    return note;
  }
  void remove(std::string const& id) {
    EXPECT_EQ(world.ok(200, "DELETE", "/uploads/" + id).at("status"), "DELETED");
  }
  void lose_all_rows() {
    ASSERT_TRUE(testing::write_now(*world.database, [](sql::Transaction& tx) -> Result<void> {
      for (auto const* table : {"uploads", "batches", "tenant_usage", "project_counts", "changes",
                                "queue_messages", "queue_groups"})
        CHECK(tx.execute(std::string{"DELETE FROM "} + table));
      return {};
    }));
  }
  // As `hoist doctor --recover` does over the files that brought bytes; answers those that were wanted.
  int recover() {
    auto wanted = 0;
    EXPECT_TRUE(recovery.read_journal());
    for (auto const& [key, note] : notes) {
      auto object = ObjectInfo{.ref = {"hoist", key}, .size = 5};
      object.content_type = "image/jpeg";
      EXPECT_TRUE(testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto const this_one, recovery.on_recovered(tx, object, note));
        tx.after_commit([&wanted, this_one] { wanted += this_one ? 1 : 0; });
        return {};
      }));
    }
    auto const recovered = world.wait<Recovery::Shared>(
        [&] { return recovery.recover_sharing(*world.database, world.objects, soon()); });
    EXPECT_TRUE(recovered);
    shared = recovered.value_or(Recovery::Shared{});
    EXPECT_TRUE(world.wrong_usage().empty());
    return wanted;
  }
  bool exists(std::string const& id) { return world.call("GET", "/uploads/" + id).status == 200; }

  World world;
  Recovery& recovery = world.intake.recovery();
  std::map<std::string, std::string> notes;  // by key, of the files that lie in the store
  Recovery::Shared shared;
};

TEST_F(SharingRecovery, WhatSharesBytesComesBackUnderItsOwnNameAndStoresThemOnce) {
  auto const first = store("site-1", "a.jpg");
  auto const second = create("site-2", "b.jpg");
  auto const before = world.stored(second);
  lose_all_rows();
  EXPECT_EQ(recover(), 1);
  EXPECT_EQ(shared.uploads, 1);
  auto const after = world.stored(second);
  EXPECT_EQ(after.filename, "b.jpg");
  EXPECT_EQ(after.user, before.user);
  EXPECT_EQ(after.project, before.project);
  EXPECT_EQ(after.content_type, before.content_type);
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_EQ(after.object_key, before.object_key);
  EXPECT_EQ(world.usage().bytes, 5);
  EXPECT_EQ(world.usage().files, 2);
  for (auto const& id : {second, first}) {
    EXPECT_EQ(world.status(id), "UPLOADED");
    process(id);
    EXPECT_EQ(world.status(id), "COMPLETED");
  }
  (void)world.sweep();
  EXPECT_EQ(world.objects.count(), 2U) << "the bytes and their picture";
  remove(first);
  EXPECT_EQ(world.objects.count(), 2U);
  remove(second);
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.usage().bytes, 0);
}

TEST_F(SharingRecovery, ADeletedFirstOwnerOfSharedBytesStaysDeleted) {
  auto const first = store("site-1", "a.jpg");
  auto const second = create("site-2", "b.jpg");
  remove(first);
  lose_all_rows();
  EXPECT_EQ(recover(), 1) << "the object that the second is over";
  EXPECT_FALSE(exists(first));
  EXPECT_EQ(world.status(second), "UPLOADED");
  EXPECT_EQ(world.usage().bytes, 5);
  EXPECT_EQ(world.usage().files, 1);
  process(second);
  remove(second);
  EXPECT_EQ(world.objects.count(), 0U);
}

TEST_F(SharingRecovery, ADeletedFileIsNotBroughtBackByWhatIsLeftOfIt) {
  auto const only = store("site-1", "a.jpg");
  remove(only);
  lose_all_rows();
  EXPECT_EQ(recover(), 0);
  EXPECT_FALSE(exists(only));
}

TEST_F(SharingRecovery, WhatCameToShareBytesAtItsCompletionComesBackWithoutItsOwn) {
  auto const first = create("site-1", "a.jpg");
  auto const second = create("site-2", "b.jpg");
  send(first);
  send(second);
  (void)world.sweep();  // its own bytes go
  notes.erase("acme/site-2/uploads/" + second);
  remove(create("site-3", "c.jpg"));  // flushes, as the job does
  lose_all_rows();
  recover();
  EXPECT_EQ(world.stored(second).filename, "b.jpg");
  EXPECT_EQ(world.stored(second).object_key, "acme/site-1/uploads/" + first);
}

TEST_F(SharingRecovery, AnOlderDatabaseForgetsNoDeletion) {
  auto const first = store("site-1", "a.jpg");
  auto const waiting = create("site-2", "b.jpg");
  for (auto const& record : {"acme/site-1/uploads/" + first, "acme/site-2/uploads/" + waiting})
    world.journal.entries.push_back(
        {.record = record, .object = record, .ended = true, .at = {}, .note = {}});
  recover();
  EXPECT_EQ(shared.deletions, 2);
  EXPECT_EQ(world.status(first), "DELETED");
  EXPECT_EQ(world.status(waiting), "DELETED");
  (void)world.sweep();
  EXPECT_EQ(world.objects.count(), 0U);
}

TEST_F(SharingRecovery, WhatSharesBytesThatAreGoneIsCountedAndNotMade) {
  auto const first = store("site-1", "a.jpg");
  auto const second = create("site-2", "b.jpg");
  lose_all_rows();
  ASSERT_TRUE(
      world.wait([&] { return world.objects.remove({"hoist", "acme/site-1/uploads/" + first}, soon()); }));
  notes.clear();
  recover();
  EXPECT_EQ(shared.byteless, 1);
  EXPECT_FALSE(exists(second));
}

TEST_F(SharingRecovery, NothingIsAnsweredBeforeTheJournalHasIt) {
  auto const first = store("site-1", "a.jpg");
  create("site-2", "b.jpg");
  EXPECT_EQ(world.journal.entries.size(), 1U);
  auto const batch =
      fmt::format(R"({{"project_id":"site-3","files":[{{"filename":"c","content_type":"image/jpeg","size":5,)"
                  R"("checksum":{{"algorithm":"sha256","value":"{}"}}}}]}})",
                  hex(sha256("hello")));
  world.ok(201, "POST", "/batches", batch);
  EXPECT_EQ(world.journal.entries.size(), 2U);
  remove(first);
  EXPECT_EQ(world.journal.entries.size(), 3U);
  EXPECT_TRUE(world.journal.waiting.empty());
}

TEST_F(SharingRecovery, RowsThatAreOlderThanTheJournalAreWrittenToIt) {
  auto const first = store("site-1", "a.jpg");
  create("site-2", "b.jpg");
  create("site-3", "c.jpg");
  remove(first);
  auto const by_record = [&] {
    auto entries = std::map<std::string, std::string>{};
    for (auto const& entry : world.journal.entries)
      entries[entry.record] = fmt::format("{} {} {}", entry.object, entry.ended, entry.note);
    return entries;
  };
  auto const before = by_record();
  ASSERT_EQ(before.size(), 3U);
  world.journal.entries.clear();
  auto const begin = [&] { return world.intake.journal().begin(*world.database, soon()); };
  ASSERT_TRUE(world.wait(begin));
  EXPECT_EQ(by_record(), before);
  ASSERT_TRUE(world.wait(begin));
  EXPECT_EQ(world.journal.entries.size(), 3U);
}

}  // namespace
}  // namespace hoist::uploads
