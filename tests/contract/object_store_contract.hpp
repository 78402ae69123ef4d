// What every ObjectStore and its Multiparts promise, however clients get their bytes there. An adapter's test
// instantiates it with a function that makes an empty store with the buckets "bucket" and "quarantine":
//
//   INSTANTIATE_TEST_SUITE_P(Disk, ObjectStoreContract, testing::Values(make_subject));
//
// A function that answers null skips the suite: what it needs is not on this machine.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/hash.hpp"
#include "base/try.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"

namespace hoist::contract {

// Owns a store and all it stands on.
class ObjectStoreSubject {
 public:
  virtual ~ObjectStoreSubject() = default;
  virtual ObjectStore& store() = 0;
  virtual Multiparts& multiparts() = 0;
  // What a client does with a URL of a part: the ETag of what it sent.
  virtual Async<std::string> send_part(ObjectRef ref, std::string upload_id, int number,
                                       std::string bytes) = 0;
};

struct ObjectStoreUnderTest {
  std::string name;
  std::function<std::unique_ptr<ObjectStoreSubject>()> make;
  bool tells_tags = true;  // false: a stand-in that does not say of an object that it has any
};

class ObjectStoreContract : public ::testing::TestWithParam<ObjectStoreUnderTest> {
 protected:
  static constexpr std::size_t part_bytes = std::size_t{5} << 20;  // the least that every store takes

  void SetUp() override {
    subject_ = GetParam().make();
    if (!subject_) GTEST_SKIP() << GetParam().name << " is not on this machine; see tools/stand-ins.sh";
  }
  [[nodiscard]] static ObjectRef at(std::string key) { return ObjectRef{"bucket", std::move(key)}; }
  [[nodiscard]] static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }
  [[nodiscard]] ObjectStore& store() { return subject_->store(); }
  [[nodiscard]] Multiparts& multiparts() { return subject_->multiparts(); }

  Result<void> put(std::string key, std::string bytes, PutOptions options = {}) {
    return run_to_end<void>([&] { return store().put(at(key), bytes, options, soon()); });
  }
  Result<ObjectInfo> head(ObjectRef ref) {
    return run_to_end<ObjectInfo>([&] { return store().head(ref, soon()); });
  }
  Result<std::string> get(std::string key, std::optional<ByteRange> range = std::nullopt) {
    return run_to_end<std::string>([&]() -> Async<std::string> {
      CO_TRY(auto reader, co_await store().open(at(key), range, soon()));
      auto text = std::string{};
      auto buffer = std::array<char, 1000>{};
      while (true) {
        CO_TRY(auto const count, co_await reader->read(buffer));
        if (count == 0) co_return text;
        text.append(buffer.data(), count);
      }
    });
  }
  Result<void> remove(std::string key) {
    return run_to_end<void>([&] { return store().remove(at(key), soon()); });
  }
  Result<ObjectInfo> copy(ObjectRef from, ObjectRef to, CopyOptions options = {}) {
    return run_to_end<ObjectInfo>([&] { return store().copy(from, to, options, soon()); });
  }
  std::string begin(std::string key, PutOptions options = {}) {
    auto begun =
        run_to_end<std::string>([&] { return multiparts().create_multipart(at(key), options, soon()); });
    EXPECT_TRUE(begun) << begun.error().to_string();
    return begun.value_or("");
  }
  PartInfo send(std::string key, std::string const& upload, int number, std::string bytes) {
    auto const etag =
        run_to_end<std::string>([&] { return subject_->send_part(at(key), upload, number, bytes); });
    EXPECT_TRUE(etag) << etag.error().to_string();
    auto part = PartInfo{};
    part.number = number;
    part.size = std::ssize(bytes);
    part.etag = etag.value_or("");
    return part;
  }
  Result<ObjectInfo> assemble(std::string key, std::string upload, std::vector<PartInfo> parts) {
    return run_to_end<ObjectInfo>([&] { return multiparts().assemble(at(key), upload, parts, soon()); });
  }
  Result<std::vector<PartInfo>> parts(std::string key, std::string upload, int after, int limit) {
    return run_to_end<std::vector<PartInfo>>(
        [&] { return multiparts().list_parts(at(key), upload, after, limit, soon()); });
  }
  static Code code_of(auto const& result) { return result ? Code::count_ : result.error().code(); }

 private:
  std::unique_ptr<ObjectStoreSubject> subject_;
};

TEST_P(ObjectStoreContract, WhatIsPutIsReadAndDescribed) {
  auto options = PutOptions{.content_type = "image/jpeg"};
  options.headers = {{"cache-control", "private, max-age=5"}};
  ASSERT_TRUE(put("acme/site 1/uploads/a", "123456789", options));
  EXPECT_EQ(get("acme/site 1/uploads/a").value_or("?"), "123456789");
  auto const info = head(at("acme/site 1/uploads/a"));
  ASSERT_TRUE(info) << info.error().to_string();
  EXPECT_EQ(info->size, 9);
  EXPECT_EQ(info->content_type, "image/jpeg");
  EXPECT_EQ(info->headers.at("cache-control"), "private, max-age=5");
  EXPECT_TRUE(info->metadata.empty());
  EXPECT_FALSE(info->version.empty());
  EXPECT_TRUE(info->sha256.empty() || info->sha256 == sha256("123456789"));
}

TEST_P(ObjectStoreContract, EmptyAndLargeObjectsComeBackWhole) {
  auto large = std::string(9'000'001, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761U >> 13);
  ASSERT_TRUE(put("empty", ""));
  ASSERT_TRUE(put("large", large));
  EXPECT_EQ(get("empty").value_or("?"), "");
  EXPECT_TRUE(get("large").value_or("?") == large);
}

TEST_P(ObjectStoreContract, RangesAreCutAtTheEndAndRefusedBeyondIt) {
  ASSERT_TRUE(put("k", "0123456789"));
  EXPECT_EQ(get("k", ByteRange{2, 4}).value_or("?"), "234");
  EXPECT_EQ(get("k", ByteRange{8, INT64_MAX - 1}).value_or("?"), "89");
  EXPECT_EQ(code_of(get("k", ByteRange{10, 11})), Code::range_unsatisfiable);
  EXPECT_EQ(code_of(get("k", ByteRange{4, 2})), Code::range_unsatisfiable);
}

TEST_P(ObjectStoreContract, AbsentThingsAreNotFoundAndRemovingThemSucceeds) {
  EXPECT_EQ(code_of(head(at("absent"))), Code::not_found);
  EXPECT_EQ(code_of(get("absent")), Code::not_found);
  EXPECT_EQ(code_of(copy(at("absent"), at("x"))), Code::not_found);
  EXPECT_TRUE(remove("absent"));
  ASSERT_TRUE(put("k", "x"));
  EXPECT_TRUE(remove("k"));
  EXPECT_EQ(code_of(head(at("k"))), Code::not_found);
  EXPECT_EQ(code_of(head({"elsewhere", "k"})), Code::not_found);
}

TEST_P(ObjectStoreContract, APutObeysItsCondition) {
  auto absent = PutOptions{};
  absent.conditions.if_none_match = "*";
  ASSERT_TRUE(put("k", "one", absent));
  EXPECT_EQ(code_of(put("k", "two", absent)), Code::precondition);
  EXPECT_EQ(get("k").value_or("?"), "one");
}

TEST_P(ObjectStoreContract, OfManyConditionalPutsOneWins) {
  auto won = std::atomic<int>{0};
  {
    auto threads = std::vector<std::jthread>{};
    for (auto i = 0; i < 8; ++i)
      threads.emplace_back([&, i] {
        auto options = PutOptions{};
        options.conditions.if_none_match = "*";
        if (put("k", "writer " + std::to_string(i), options)) ++won;
      });
  }
  EXPECT_EQ(won, 1);
}

TEST_P(ObjectStoreContract, AVersionChangesWithTheContent) {
  ASSERT_TRUE(put("k", "one"));
  auto const one = head(at("k"))->version;
  ASSERT_TRUE(put("k", "two"));
  EXPECT_NE(head(at("k"))->version, one);
}

// How an infected file goes to quarantine.
TEST_P(ObjectStoreContract, ACopyOfOneVersionIsDescribedAnew) {
  ASSERT_TRUE(put("from", "a virus", {.content_type = "text/plain"}));
  auto options = CopyOptions{};
  options.version = head(at("from"))->version;
  options.put = PutOptions{.content_type = "text/plain"};
  options.put->tags = {{"scan", "infected"}, {"signature", "Win.Test-EICAR +1"}};
  auto const away = ObjectRef{"quarantine", "from"};
  auto const copied = copy(at("from"), away, options);
  ASSERT_TRUE(copied) << copied.error().to_string();
  EXPECT_EQ(copied->size, 7);
  ASSERT_TRUE(remove("from"));
  auto const found = head(away);
  ASSERT_TRUE(found);
  if (GetParam().tells_tags) EXPECT_EQ(found->tags, options.put->tags);
  EXPECT_EQ(found->content_type, "text/plain");
  ASSERT_TRUE(put("from", "other bytes"));
  EXPECT_EQ(code_of(copy(at("from"), away, options)), Code::conflict) << "another version of the source";
}

TEST_P(ObjectStoreContract, PartsInAnyOrderBecomeOneObject) {
  auto const upload = begin("k", {.content_type = "image/png"});
  auto const second = send("k", upload, 2, "the end");
  (void)send("k", upload, 1, "sent once more");
  auto const first = send("k", upload, 1, std::string(part_bytes, 'a'));
  EXPECT_EQ(code_of(head(at("k"))), Code::not_found);
  auto const listed = parts("k", upload, 1, 1);
  ASSERT_TRUE(listed) << listed.error().to_string();
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->at(0).number, 2);
  EXPECT_EQ(listed->at(0).size, 7);
  EXPECT_EQ(listed->at(0).etag, second.etag);
  auto const done = assemble("k", upload, *parts("k", upload, 0, 1000));
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(done->size, std::ssize(std::string(part_bytes, 'a')) + 7);
  EXPECT_EQ(done->content_type, "image/png");
  auto const text = get("k");
  ASSERT_TRUE(text);
  EXPECT_TRUE(*text == std::string(part_bytes, 'a') + "the end");
}

// Whichever is there first is the file: one that was scanned is not replaced.
TEST_P(ObjectStoreContract, PartsNeverReplaceAnObject) {
  auto const upload = begin("k");
  auto const only = send("k", upload, 1, "in parts");
  ASSERT_TRUE(put("k", "in one piece"));
  EXPECT_EQ(code_of(assemble("k", upload, {only})), Code::precondition);
  EXPECT_EQ(get("k").value_or("?"), "in one piece");
}

TEST_P(ObjectStoreContract, AnObjectIsAssembledOnce) {
  auto const upload = begin("k");
  auto const only = send("k", upload, 1, "bytes");
  ASSERT_TRUE(assemble("k", upload, {only}));
  auto const again = assemble("k", upload, {only});
  EXPECT_TRUE(again || code_of(again) == Code::precondition || code_of(again) == Code::not_found);
  EXPECT_EQ(get("k").value_or("?"), "bytes");
}

TEST_P(ObjectStoreContract, WhatWasGivenUpIsNotAssembled) {
  auto const upload = begin("k");
  auto const only = send("k", upload, 1, "bytes");
  auto const abort = [&] {
    return run_to_end<void>([&] { return multiparts().abort_multipart(at("k"), upload, soon()); });
  };
  ASSERT_TRUE(abort());
  auto const again = abort();
  EXPECT_TRUE(again || code_of(again) == Code::not_found);
  EXPECT_EQ(code_of(assemble("k", upload, {only})), Code::not_found);
  EXPECT_EQ(code_of(parts("k", upload, 0, 10)), Code::not_found);
  EXPECT_EQ(code_of(head(at("k"))), Code::not_found);
}

}  // namespace hoist::contract
