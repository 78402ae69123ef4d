#include <gtest/gtest.h>

#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A store that tells nobody what happens in it: objects come and go, and perhaps there is news of it later.
class StoreNewsTest : public ::testing::Test {
 protected:
  static Options options() {
    auto options = Options{};
    options.store_reports = false;
    options.part_bytes = 4;
    options.part_bytes_min = 2;
    options.store_part_bytes_min = 4;
    return options;
  }
  static ObjectRef ref(std::string const& id) { return {"hoist", "acme/site-1/uploads/" + id}; }

  void arrive(std::string const& id, std::string bytes = "hello", std::string type = "image/jpeg") {
    ASSERT_TRUE(
        world.wait([&] { return world.objects.put(ref(id), bytes, {.content_type = type}, soon()); }));
  }
  void vanish(std::string const& id) {
    ASSERT_TRUE(world.wait([&] { return world.objects.remove(ref(id), soon()); }));
  }
  Result<void> news(ObjectRef object) {
    return world.wait([&] { return world.uploads.store_news.on_news(object, soon()); });
  }
  bool is_stored(std::string const& id) { return !world.objects.bytes(ref(id)).empty(); }

  World world{options()};
};

TEST_F(StoreNewsTest, NewsOfBytesMakesTheUploadUploadedOnce) {
  auto const id = world.create();
  arrive(id);
  EXPECT_EQ(world.status(id), "PENDING");
  for (auto times = 0; times < 3; ++times) ASSERT_TRUE(news(ref(id)));
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.messages(id).size(), 1U);
  ASSERT_TRUE(world.process(id));
  ASSERT_TRUE(news(ref(id))) << "late";
  EXPECT_EQ(world.status(id), "COMPLETED");
}

TEST_F(StoreNewsTest, NewsThatIsFalseChangesNothing) {
  auto const id = world.create();
  ASSERT_TRUE(news(ref(id)));
  EXPECT_EQ(world.status(id), "PENDING");
  EXPECT_TRUE(news(ref("01890000-0000-7000-8000-000000000000")));
  EXPECT_TRUE(news({"hoist", "acme/other/uploads/" + id}));
  EXPECT_TRUE(news({"elsewhere", ref(id).key}));
  EXPECT_TRUE(news({"hoist", "acme/site-1/thumbnails/" + id + "/256.jpg"}));
  EXPECT_EQ(world.status(id), "PENDING");
}

TEST_F(StoreNewsTest, BytesThatWereNotGrantedAreNotTaken) {
  auto const id = world.create();
  arrive(id, "hello", "text/html");
  EXPECT_TRUE(news(ref(id)));
  EXPECT_EQ(world.status(id), "PENDING");
}

TEST_F(StoreNewsTest, NewsIsToldAgainWhenTheStoreIsAway) {
  auto const id = world.create();
  arrive(id);
  world.objects.fail_next(Code::unavailable);
  EXPECT_EQ(news(ref(id)).error().code(), Code::unavailable);
  EXPECT_EQ(world.status(id), "PENDING");
}

TEST_F(StoreNewsTest, BytesThatAreGoneEndTheUpload) {
  auto const id = world.create();
  arrive(id);
  ASSERT_TRUE(news(ref(id)));
  ASSERT_TRUE(world.process(id));
  world.objects.fail_next(Code::unavailable);
  EXPECT_FALSE(news(ref(id))) << "a store that is away has lost nothing";
  vanish(id);
  ASSERT_TRUE(news(ref(id)));
  EXPECT_EQ(world.status(id), "DELETED");
}

// Its URL still held when its upload was over.
TEST_F(StoreNewsTest, BytesThatComeAfterTheEndAreRemoved) {
  auto const id = world.create();
  world.ok(200, "DELETE", "/uploads/" + id);
  EXPECT_EQ(world.status(id), "CANCELLED");
  arrive(id);
  ASSERT_TRUE(news(ref(id)));
  world.sweep();
  EXPECT_FALSE(is_stored(id));
  EXPECT_EQ(world.status(id), "CANCELLED");
}

TEST_F(StoreNewsTest, LostNewsIsHealedByTheWatchdog) {
  auto const id = world.create();
  arrive(id);
  EXPECT_EQ(world.sweep().assembled, 0);
  world.clock.advance(minutes{2});
  EXPECT_EQ(world.sweep().assembled, 1);
  EXPECT_EQ(world.status(id), "UPLOADED");
}

TEST_F(StoreNewsTest, WhatDoesNotComeIsLookedForEverMoreRarelyUntilItExpires) {
  auto const id = world.create();
  auto looks = 0;
  for (auto passed = minutes{0}; passed < hours{24} - minutes{1}; passed += minutes{1}) {
    world.clock.advance(minutes{1});
    auto const before = world.stored(id).deadline;
    world.sweep();
    if (world.stored(id).deadline != before) ++looks;
  }
  EXPECT_EQ(world.status(id), "PENDING");
  EXPECT_GT(looks, 20);
  EXPECT_LT(looks, 40);
  arrive(id);
  world.clock.advance(minutes{1});
  world.sweep();
  EXPECT_EQ(world.status(id), "UPLOADED") << "the last look";
}

TEST_F(StoreNewsTest, WhatNeverCameExpiresInItsTime) {
  auto const id = world.create();
  world.clock.advance(hours{24});
  EXPECT_EQ(world.sweep().expired, 1);
  EXPECT_EQ(world.status(id), "EXPIRED");
}

TEST_F(StoreNewsTest, PartsAreNoSmallerThanTheStoreTakes) {
  auto const id = world.create(10);
  auto const answer = world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":2})");
  auto const text = json::serialize(answer);
  EXPECT_NE(text.find(R"("part_size":4)"), text.npos) << text;
}

TEST_F(StoreNewsTest, AFileThatCameWholeAfterItWasCutIsTheFile) {
  auto const id = world.create(10);
  world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":4})");
  arrive(id, "0123456789");
  ASSERT_TRUE(news(ref(id)));
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.objects.bytes(ref(id)), "0123456789");
}

}  // namespace
}  // namespace hoist::uploads
