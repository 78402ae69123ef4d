#include "adapters/memory/objects.hpp"

#include <gtest/gtest.h>

#include "base/try.hpp"
#include "contract/served_objects_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

class MemoryStore final : public ServedObjectsSubject {
 public:
  ServedObjects& store() override { return objects_; }

 private:
  SystemClock clock_;
  memory::Objects objects_{{"bucket", "quarantine"}, clock_, part_bytes_min};
};

// Takes everything, but for what it was told to refuse, and counts.
class Listener final : public Arrivals {
 public:
  [[nodiscard]] std::optional<TenantId> owner_of(ObjectRef const&) const override { return std::nullopt; }
  Result<void> on_created(sql::Transaction&, ObjectInfo const&) override { return hear(); }
  Result<void> on_part(sql::Transaction&, ObjectRef const&, std::string const&, PartInfo const&) override {
    return hear();
  }
  Result<void> on_removed(sql::Transaction&, ObjectRef const&) override { return hear(); }
  bool refuses = false;
  std::function<void()> meanwhile = [] {};  // before it takes or refuses

 private:
  [[nodiscard]] Result<void> hear() const {
    meanwhile();
    if (refuses) return fail(Code::forbidden, "Nobody was granted this.");
    return {};
  }
};

class ListeningStore final : public ServedObjectsSubject {
 public:
  ServedObjects& store() override { return objects_; }

 private:
  SystemClock clock_;
  Listener listener_;
  testing::TestDatabase database_ = testing::fast_database();
  memory::Objects objects_{
      {{"bucket", "quarantine"}, part_bytes_min}, clock_, memory::Listening{*database_, listener_}};
};

INSTANTIATE_TEST_SUITE_P(Memory, ObjectStoreContract,
                         ::testing::Values(served_by<MemoryStore>("Memory"),
                                           served_by<ListeningStore>("MemoryListening")),
                         [](auto const& info) { return info.param.name; });
INSTANTIATE_TEST_SUITE_P(MemoryListening, ServedObjectsContract,
                         ::testing::Values([] { return std::make_unique<ListeningStore>(); }));

INSTANTIATE_TEST_SUITE_P(Memory, ServedObjectsContract,
                         ::testing::Values([] { return std::make_unique<MemoryStore>(); }));

struct ListenedTo : ::testing::Test {
  Result<ObjectInfo> put(std::string bytes) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      CO_TRY(auto const writer, co_await objects.create(ref, std::nullopt, soon));
      CO_CHECK(co_await writer->write(bytes));
      co_return co_await writer->commit({});
    });
  }
  Result<void> remove() {
    return run_to_end<void>([&] { return objects.remove(ref, soon); });
  }
  ObjectRef ref{"bucket", "k"};
  Deadline soon = deadline_in(std::chrono::seconds{20});
  ManualClock clock;
  Listener listener;
  testing::TestDatabase database = testing::fast_database();
  memory::Objects objects{
      {.buckets = {"bucket"}, .bytes_max = 10}, clock, memory::Listening{*database, listener}};
};

TEST_F(ListenedTo, WhatTheListenerRefusesIsNotMadeAndNotUndone) {
  ASSERT_TRUE(put("first"));
  listener.refuses = true;
  EXPECT_EQ(put("later").error().code(), Code::forbidden);
  EXPECT_EQ(remove().error().code(), Code::forbidden);
  EXPECT_EQ(objects.bytes(ref), "first");
  listener.refuses = false;
  EXPECT_TRUE(remove());
  EXPECT_EQ(objects.count(), 0U);
}

TEST_F(ListenedTo, AnUploadIsNotAbortedWhileItsCompletionWaitsForItsCommit) {
  auto const upload =
      *run_to_end<std::string>([&] { return objects.create_multipart(ref, PutOptions{}, soon); });
  auto const part = *run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
    CO_TRY(auto const writer, co_await objects.create_part(ref, upload, 1, soon, EtagKind::md5));
    CO_CHECK(co_await writer->write("bytes"));
    co_return co_await writer->commit({});
  });
  auto aborted = Result<void>{};
  listener.meanwhile = [&] {
    aborted = run_to_end<void>([&] { return objects.abort_multipart(ref, upload, soon); });
  };
  auto const complete = [&] {
    return run_to_end<ObjectInfo>([&] {
      return objects.complete_multipart(ref, upload, {PartInfo{.number = 1, .etag = part.etag}}, soon, {});
    });
  };
  listener.refuses = true;
  EXPECT_FALSE(complete());
  EXPECT_EQ(aborted.error().code(), Code::conflict);
  listener.refuses = false;
  EXPECT_TRUE(complete());
  EXPECT_EQ(aborted.error().code(), Code::conflict);
  EXPECT_EQ(objects.bytes(ref), "bytes");
}

TEST_F(ListenedTo, RoomIsTakenByWhatIsHeldAndComesBack) {
  ASSERT_TRUE(put("12345678"));
  EXPECT_EQ(put("123").error().code(), Code::storage_full);
  EXPECT_EQ(objects.held_bytes(), 8);
  ASSERT_TRUE(remove());
  EXPECT_EQ(objects.held_bytes(), 0);
  EXPECT_TRUE(put("123"));
}

TEST(MemoryObjects, PlannedFailuresComeAsOftenAsPlanned) {
  auto clock = ManualClock{};
  auto objects = memory::Objects{{"bucket"}, clock};
  objects.fail_next(Code::unavailable, 2);
  auto const head = [&] {
    return run_to_end<ObjectInfo>([&] { return objects.head({"bucket", "k"}, deadline_in(Micros{1})); });
  };
  EXPECT_EQ(head().error().code(), Code::unavailable);
  EXPECT_EQ(head().error().code(), Code::unavailable);
  EXPECT_EQ(head().error().code(), Code::not_found);
}

}  // namespace
}  // namespace hoist::contract
