// What every store of ServedObjects promises. An adapter's test instantiates it with a function that makes an
// empty store with the buckets "bucket" and "quarantine" and parts of at least 5 bytes:
//
//   INSTANTIATE_TEST_SUITE_P(Memory, ServedObjectsContract, testing::Values(make_subject));
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "contract/object_store_contract.hpp"
#include "ports/served_objects.hpp"

namespace hoist::contract {

// Owns a store and all it stands on.
class ServedObjectsSubject {
 public:
  virtual ~ServedObjectsSubject() = default;
  virtual ServedObjects& store() = 0;
};
using MakeServedObjects = std::function<std::unique_ptr<ServedObjectsSubject>()>;

// The same for object_store_contract.hpp: its clients send parts through us.
class ServedToItsClients final : public ObjectStoreSubject {
 public:
  explicit ServedToItsClients(std::unique_ptr<ServedObjectsSubject> served) : served_{std::move(served)} {}
  ObjectStore& store() override { return served_->store(); }
  Multiparts& multiparts() override { return served_->store(); }
  Async<std::string> send_part(ObjectRef ref, std::string upload_id, int number, std::string bytes) override {
    auto const deadline = deadline_in(std::chrono::seconds{30});
    CO_TRY(auto const writer, co_await served_->store().create_part(ref, upload_id, number, deadline));
    CO_CHECK(co_await writer->write(bytes));
    CO_TRY(auto const part, co_await writer->commit({}));
    co_return part.etag;
  }

 private:
  std::unique_ptr<ServedObjectsSubject> served_;
};

template <class Subject>
ObjectStoreUnderTest served_by(std::string name) {
  auto make = [] { return std::make_unique<ServedToItsClients>(std::make_unique<Subject>()); };
  return {.name = std::move(name), .make = std::move(make)};
}

inline constexpr auto part_bytes_min = std::int64_t{5};

class ServedObjectsContract : public ::testing::TestWithParam<MakeServedObjects> {
 protected:
  [[nodiscard]] static ObjectRef at(std::string key) { return ObjectRef{"bucket", std::move(key)}; }
  [[nodiscard]] static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }
  [[nodiscard]] ServedObjects& store() { return subject_->store(); }

  Result<ObjectInfo> put(std::string key, std::string bytes, PutOptions options = {}) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      CO_TRY(auto writer, co_await store().create(at(key), std::nullopt, soon()));
      CO_CHECK(co_await writer->write(bytes));
      co_return co_await writer->commit(options);
    });
  }
  Result<ObjectInfo> put_part(std::string key, std::string upload, int number, std::string bytes) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      CO_TRY(auto writer, co_await store().create_part(at(key), upload, number, soon()));
      CO_CHECK(co_await writer->write(bytes));
      co_return co_await writer->commit({});
    });
  }
  Result<std::string> get(std::string key, std::optional<ByteRange> range = std::nullopt) {
    return run_to_end<std::string>([&]() -> Async<std::string> {
      CO_TRY(auto reader, co_await store().open(at(key), range, soon()));
      co_return co_await drain(*reader);
    });
  }
  static Async<std::string> drain(ObjectReader& reader) {
    auto text = std::string{};
    auto buffer = std::array<char, 1000>{};
    while (true) {
      CO_TRY(auto const count, co_await reader.read(buffer));
      if (count == 0) co_return text;
      text.append(buffer.data(), count);
    }
  }
  Result<ObjectInfo> head(std::string key) {
    return run_to_end<ObjectInfo>([&] { return store().head(at(key), soon()); });
  }
  Result<void> remove(std::string key, std::string version = {}) {
    return run_to_end<void>([&] { return store().remove_version(at(key), version, soon()); });
  }
  Result<ObjectInfo> copy(std::string from, std::string to, CopyOptions options = {}) {
    return run_to_end<ObjectInfo>([&] { return store().copy(at(from), at(to), options, soon()); });
  }
  Result<ObjectPage> list(ListRequest request) {
    request.bucket = "bucket";
    return run_to_end<ObjectPage>([&] { return store().list(request, soon()); });
  }
  std::string begin(std::string key, PutOptions options = {}) {
    return *run_to_end<std::string>([&] { return store().create_multipart(at(key), options, soon()); });
  }
  Result<ObjectInfo> complete(std::string key, std::string upload, std::vector<PartInfo> parts,
                              CompleteOptions options = {}) {
    return run_to_end<ObjectInfo>(
        [&] { return store().complete_multipart(at(key), upload, parts, soon(), options); });
  }
  Result<void> abort(std::string key, std::string upload) {
    return run_to_end<void>([&] { return store().abort_multipart(at(key), upload, soon()); });
  }
  static PartInfo part(int number, ObjectInfo const& info) {
    return PartInfo{number, info.size, info.etag, {}, {}};
  }
  static Code code_of(auto const& result) { return result ? Code::count_ : result.error().code(); }
  static std::string slug_of(auto const& result) {
    return result ? std::string{"ok"} : std::string{result.error().slug()};
  }

 private:
  std::unique_ptr<ServedObjectsSubject> subject_ = GetParam()();
};

TEST_P(ServedObjectsContract, WhatIsPutIsReadListedAndDescribed) {
  auto options = PutOptions{};
  options.content_type = "image/jpeg";
  options.metadata = {{"camera", "ñandú 😀"}};
  options.headers = {{"cache-control", "no-store"}};
  options.checksums = {{"crc32c", "4waSgw=="}};
  options.tags = {{"scan", "clean"}};
  auto const stored = put("a/b c", "123456789", options);
  ASSERT_TRUE(stored) << stored.error().to_string();
  EXPECT_EQ(get("a/b c").value_or("?"), "123456789");
  auto const info = head("a/b c");
  ASSERT_TRUE(info);
  EXPECT_EQ(info->size, 9);
  EXPECT_EQ(info->content_type, "image/jpeg");
  EXPECT_EQ(info->metadata, options.metadata);
  EXPECT_EQ(info->headers, options.headers);
  EXPECT_EQ(info->checksums, options.checksums);
  EXPECT_EQ(info->tags, options.tags);
  EXPECT_EQ(info->sha256, sha256("123456789"));
  EXPECT_EQ(info->etag, stored->etag);
  EXPECT_EQ(info->version, stored->version);
  EXPECT_EQ(list({})->objects.at(0).ref.key, "a/b c");
}

TEST_P(ServedObjectsContract, EmptyAndLargeObjectsComeBackWhole) {
  auto large = std::string(3'000'001, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761U >> 13);
  ASSERT_TRUE(put("empty", ""));
  ASSERT_TRUE(put("large", large));
  EXPECT_EQ(get("empty").value_or("?"), "");
  EXPECT_TRUE(get("large").value_or("?") == large);
  EXPECT_EQ(head("large")->sha256, sha256(large));
}

TEST_P(ServedObjectsContract, RangesAreCutAtTheEndAndRefusedBeyondIt) {
  ASSERT_TRUE(put("k", "0123456789"));
  EXPECT_EQ(get("k", ByteRange{2, 4}).value_or("?"), "234");
  EXPECT_EQ(get("k", ByteRange{8, INT64_MAX - 1}).value_or("?"), "89");
  EXPECT_EQ(code_of(get("k", ByteRange{10, 11})), Code::range_unsatisfiable);
  EXPECT_EQ(code_of(get("k", ByteRange{4, 2})), Code::range_unsatisfiable);
}

TEST_P(ServedObjectsContract, AbsentThingsAreNotFoundAndRemovingThemSucceeds) {
  EXPECT_EQ(code_of(head("absent")), Code::not_found);
  EXPECT_EQ(code_of(get("absent")), Code::not_found);
  EXPECT_TRUE(remove("absent"));
  ASSERT_TRUE(put("k", "x"));
  EXPECT_TRUE(remove("k"));
  EXPECT_EQ(code_of(head("k")), Code::not_found);
  auto const other = run_to_end<ObjectInfo>([&] { return store().head({"elsewhere", "k"}, soon()); });
  EXPECT_EQ(slug_of(other), "NoSuchBucket");
}

TEST_P(ServedObjectsContract, AWriterDestroyedBeforeCommitLeavesNothing) {
  auto const result = run_to_end<void>([&]() -> Async<> {
    CO_TRY(auto writer, co_await store().create(at("k"), 3, soon()));
    CO_CHECK(co_await writer->write("abc"));
    co_return Result<void>{};
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(code_of(head("k")), Code::not_found);
  EXPECT_TRUE(list({})->objects.empty());
}

TEST_P(ServedObjectsContract, ConditionsAreDecidedAtCommit) {
  auto absent = PutOptions{};
  absent.conditions.if_none_match = "*";
  auto const first = put("k", "one", absent);
  ASSERT_TRUE(first);
  EXPECT_EQ(code_of(put("k", "two", absent)), Code::precondition);
  auto matching = PutOptions{};
  matching.conditions.if_match = first->etag;
  EXPECT_TRUE(put("k", "two", matching));
  EXPECT_EQ(code_of(put("k", "three", matching)), Code::precondition);
  EXPECT_EQ(code_of(put("none", "three", matching)), Code::not_found);
  auto unless = PutOptions{};
  unless.conditions.if_none_match = head("k")->etag;
  EXPECT_EQ(code_of(put("k", "three", unless)), Code::precondition);
  unless.conditions.if_none_match = first->etag;
  EXPECT_TRUE(put("k", "two", unless));
  EXPECT_EQ(get("k").value_or("?"), "two");
}

TEST_P(ServedObjectsContract, VersionsOfAKeyAscend) {
  auto before = std::string{};
  for (auto i = 0; i < 20; ++i) {
    auto const info = put("k", std::to_string(i));
    ASSERT_TRUE(info);
    EXPECT_LT(before, info->version);
    before = info->version;
  }
}

TEST_P(ServedObjectsContract, AReaderKeepsTheVersionItOpened) {
  auto const old = std::string(10'000, 'o');
  ASSERT_TRUE(put("k", old));
  auto const text = run_to_end<std::string>([&]() -> Async<std::string> {
    CO_TRY(auto reader, co_await store().open(at("k"), std::nullopt, soon()));
    auto buffer = std::array<char, 10>{};
    CO_TRY(auto count, co_await reader->read(buffer));
    CO_TRY(auto writer, co_await store().create(at("k"), std::nullopt, soon()));
    CO_CHECK(co_await writer->write("new"));
    CO_CHECK(co_await writer->commit({}));
    CO_CHECK(co_await store().remove(at("k"), soon()));
    CO_TRY(auto rest, co_await drain(*reader));
    co_return std::string{buffer.data(), count} + rest;
  });
  ASSERT_TRUE(text) << text.error().to_string();
  EXPECT_EQ(*text, old);
}

TEST_P(ServedObjectsContract, ListsInByteOrderAndRollsUpByDelimiter) {
  for (auto const* key : {"b", "a/2", "a/1", "a", "ä/1", "a0", "a/x/1", "a/x/2"}) ASSERT_TRUE(put(key, key));
  auto keys = std::vector<std::string>{};
  for (auto const& object : list({})->objects) keys.push_back(object.ref.key);
  EXPECT_EQ(keys, (std::vector<std::string>{"a", "a/1", "a/2", "a/x/1", "a/x/2", "a0", "b", "ä/1"}));
  auto const top = list({.bucket = {}, .prefix = {}, .delimiter = "/"});
  EXPECT_EQ(top->prefixes, (std::vector<std::string>{"a/", "ä/"}));
  EXPECT_EQ(top->objects.size(), 3U);
  auto const inside = list({.bucket = {}, .prefix = "a/", .delimiter = "/"});
  EXPECT_EQ(inside->prefixes, (std::vector<std::string>{"a/x/"}));
  EXPECT_EQ(inside->objects.size(), 2U);
  // A common prefix that was given is not given again; a key inside of it passes nothing over.
  auto const after = [&](std::string place) {
    return list({.bucket = {}, .prefix = {}, .delimiter = "/", .after = place})->prefixes;
  };
  EXPECT_EQ(after("a/"), (std::vector<std::string>{"ä/"}));
  EXPECT_EQ(after("a/1"), (std::vector<std::string>{"a/", "ä/"}));
  EXPECT_EQ(list({.bucket = {}, .prefix = {}, .delimiter = {}, .after = "a/x/1"})->objects.size(), 4U);
}

TEST_P(ServedObjectsContract, PagesTogetherAreTheWholeListOnce) {
  for (auto i = 0; i < 40; ++i) ASSERT_TRUE(put("d" + std::to_string(i % 4) + "/" + std::to_string(i), "x"));
  for (auto i = 0; i < 7; ++i) ASSERT_TRUE(put("f" + std::to_string(i), "x"));
  for (auto const* delimiter : {"", "/"}) {
    auto seen = std::vector<std::string>{};
    auto request = ListRequest{.bucket = {}, .prefix = {}, .delimiter = delimiter, .after = {}, .limit = 3};
    auto pages = 0;
    while (true) {
      auto const page = list(request);
      ASSERT_TRUE(page);
      EXPECT_LE(page->objects.size() + page->prefixes.size(), 3U);
      for (auto const& object : page->objects) seen.push_back(object.ref.key);
      for (auto const& prefix : page->prefixes) seen.push_back(prefix);
      ASSERT_LT(++pages, 50);
      if (!page->next_after) break;
      request.after = *page->next_after;
    }
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end());
    EXPECT_EQ(seen.size(), *delimiter == 0 ? 47U : 11U);
  }
  EXPECT_TRUE(list({.bucket = {}, .prefix = {}, .delimiter = {}, .after = {}, .limit = 0})->objects.empty());
}

TEST_P(ServedObjectsContract, CopiesCarryEverythingAndOutliveTheirOriginal) {
  auto options = PutOptions{};
  options.content_type = "text/plain";
  options.metadata = {{"a", "b"}};
  options.tags = {{"scan", "none"}};
  ASSERT_TRUE(put("from", "bytes", options));
  ASSERT_TRUE(copy("from", "to"));
  ASSERT_TRUE(remove("from"));
  EXPECT_EQ(get("to").value_or("?"), "bytes");
  EXPECT_EQ(head("to")->content_type, "text/plain");
  EXPECT_EQ(head("to")->metadata, options.metadata);
  EXPECT_EQ(head("to")->tags, options.tags);
  ASSERT_TRUE(copy("to", "to"));
  EXPECT_EQ(get("to").value_or("?"), "bytes");
  EXPECT_EQ(code_of(copy("from", "x")), Code::not_found);
}

TEST_P(ServedObjectsContract, ACopyMayBeDescribedAnewAndObeysItsConditions) {
  auto const first = put("from", "bytes", {.content_type = "text/plain", .metadata = {{"a", "b"}}});
  ASSERT_TRUE(first);
  auto options = CopyOptions{.version = first->version, .put = PutOptions{.content_type = "image/png"}};
  options.put->tags = {{"scan", "infected"}};
  options.put->conditions.if_none_match = "*";
  ASSERT_TRUE(copy("from", "to", options));
  EXPECT_EQ(head("to")->content_type, "image/png");
  EXPECT_TRUE(head("to")->metadata.empty());
  EXPECT_EQ(head("to")->tags, options.put->tags);
  EXPECT_EQ(head("to")->etag, first->etag);
  EXPECT_EQ(code_of(copy("from", "to", options)), Code::precondition);
  ASSERT_TRUE(put("from", "other"));
  options.put->conditions = {};
  EXPECT_EQ(code_of(copy("from", "to", options)), Code::conflict) << "another version of the source";
  EXPECT_EQ(get("to").value_or("?"), "bytes");
}

TEST_P(ServedObjectsContract, AVersionIsRemovedOnlyWhileItIsThere) {
  auto const first = put("k", "first");
  auto const second = put("k", "second");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(code_of(remove("k", first->version)), Code::conflict);
  EXPECT_EQ(get("k").value_or("?"), "second");
  EXPECT_TRUE(remove("k", second->version));
  EXPECT_TRUE(remove("k", second->version)) << "an absent key is success";
  EXPECT_EQ(code_of(head("k")), Code::not_found);
}

TEST_P(ServedObjectsContract, AnEtagIsTheDigestThatWasAskedFor) {
  auto const put_as = [&](EtagKind kind) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      CO_TRY(auto writer, co_await store().create(at("k"), 5, soon(), kind));
      CO_CHECK(co_await writer->write("hello"));
      co_return co_await writer->commit({});
    });
  };
  EXPECT_EQ(put_as(EtagKind::sha256)->etag, hex(sha256("hello")));
  auto const md5 = put_as(EtagKind::md5);
  EXPECT_EQ(md5->etag, "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(head("k")->etag, md5->etag);
  EXPECT_EQ(head("k")->sha256, sha256("hello"));
  auto options = PutOptions{};
  options.conditions.if_match = md5->etag;
  EXPECT_TRUE(put("k", "other", options));
}

TEST_P(ServedObjectsContract, AConditionOfAnyEtagNeedsAnObject) {
  auto options = PutOptions{};
  options.conditions.if_match = "*";
  EXPECT_EQ(code_of(put("k", "x", options)), Code::not_found);
  ASSERT_TRUE(put("k", "x"));
  EXPECT_TRUE(put("k", "y", options));
}

TEST_P(ServedObjectsContract, TagsAreReplacedWithoutTouchingTheRest) {
  auto options = PutOptions{};
  options.metadata = {{"a", "b"}};
  options.tags = {{"old", "1"}};
  ASSERT_TRUE(put("k", "bytes", options));
  ASSERT_TRUE(run_to_end<void>([&] { return store().set_tags(at("k"), {{"new", "2"}}, soon()); }));
  EXPECT_EQ(head("k")->tags, (StringMap{{"new", "2"}}));
  EXPECT_EQ(head("k")->metadata, options.metadata);
  EXPECT_EQ(code_of(run_to_end<void>([&] { return store().set_tags(at("x"), {}, soon()); })),
            Code::not_found);
}

TEST_P(ServedObjectsContract, PartsInAnyOrderBecomeOneObject) {
  auto options = PutOptions{};
  options.content_type = "image/png";
  options.metadata = {{"a", "b"}};
  auto const upload = begin("k", options);
  auto const second = put_part("k", upload, 7, "world");
  ASSERT_TRUE(put_part("k", upload, 1, "wrong"));
  auto const first = put_part("k", upload, 1, "hello ");
  auto const unused = put_part("k", upload, 9, "unused");
  ASSERT_TRUE(first && second && unused);
  EXPECT_EQ(code_of(head("k")), Code::not_found);
  auto const listed =
      run_to_end<std::vector<PartInfo>>([&] { return store().list_parts(at("k"), upload, 1, 1, soon()); });
  ASSERT_EQ(listed->size(), 1U);
  EXPECT_EQ(listed->at(0).number, 7);

  auto const done = complete("k", upload, {part(1, *first), part(7, *second)});
  ASSERT_TRUE(done) << done.error().to_string();
  EXPECT_EQ(get("k").value_or("?"), "hello world");
  EXPECT_EQ(get("k", ByteRange{4, 7}).value_or("?"), "o wo");
  auto const info = head("k");
  EXPECT_EQ(info->size, 11);
  EXPECT_EQ(info->etag, hex(sha256(sha256("hello ") + sha256("world"))) + "-2");
  EXPECT_EQ(info->part_sizes, (std::vector<std::int64_t>{6, 5}));
  EXPECT_EQ(info->content_type, "image/png");
  EXPECT_EQ(info->metadata, options.metadata);
}

TEST_P(ServedObjectsContract, PartsWhoseEtagsAreMd5MakeOneAsS3Does) {
  auto const upload = begin("k");
  auto parts = std::vector<PartInfo>{};
  for (auto const* text : {"hello ", "world"}) {
    auto const stored = run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      auto const number = static_cast<int>(parts.size()) + 1;
      CO_TRY(auto writer, co_await store().create_part(at("k"), upload, number, soon(), EtagKind::md5));
      CO_CHECK(co_await writer->write(text));
      co_return co_await writer->commit({});
    });
    ASSERT_TRUE(stored);
    parts.push_back(part(static_cast<int>(parts.size()) + 1, *stored));
  }
  // md5(md5("hello ") + md5("world")), as Amazon's store has it.
  EXPECT_EQ(complete("k", upload, parts)->etag, "e09e4fd6265b36115fe3db32df945d84-2");
}

TEST_P(ServedObjectsContract, S7_CompleteTwiceReturnsTheSameObject) {
  auto const upload = begin("k");
  auto const only = put_part("k", upload, 1, "bytes");
  auto const first = complete("k", upload, {part(1, *only)});
  auto const again = complete("k", upload, {part(1, *only)});
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->version, again->version);
  EXPECT_EQ(slug_of(complete("k", upload, {PartInfo{1, 5, "other", {}, {}}})), "NoSuchUpload");
  EXPECT_EQ(slug_of(put_part("k", upload, 2, "late")), "NoSuchUpload");
  EXPECT_EQ(slug_of(abort("k", upload)), "NoSuchUpload");
  EXPECT_EQ(get("k").value_or("?"), "bytes");
}

TEST_P(ServedObjectsContract, S7_AbortIsFinalAndMayBeRepeated) {
  auto const upload = begin("k");
  auto const only = put_part("k", upload, 1, "bytes");
  EXPECT_TRUE(abort("k", upload));
  EXPECT_TRUE(abort("k", upload));
  EXPECT_EQ(slug_of(complete("k", upload, {part(1, *only)})), "NoSuchUpload");
  EXPECT_EQ(slug_of(put_part("k", upload, 2, "late")), "NoSuchUpload");
  EXPECT_EQ(slug_of(abort("k", "another")), "NoSuchUpload");
  EXPECT_EQ(slug_of(put_part("other key", upload, 1, "x")), "NoSuchUpload");
  EXPECT_EQ(code_of(head("k")), Code::not_found);
}

TEST_P(ServedObjectsContract, PartsOfAnySizeAreTakenFromACallerThatPlannedThem) {
  auto const upload = begin("k");
  auto const small = put_part("k", upload, 1, "1234");
  auto const second = put_part("k", upload, 2, "12345");
  ASSERT_TRUE(small && second);
  auto planned = CompleteOptions{};
  planned.parts_of_any_size = true;
  auto const done = complete("k", upload, {part(1, *small), part(2, *second)}, planned);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->size, 9);
}

TEST_P(ServedObjectsContract, S7_WrongPartListsAreRefusedAndMayBeCorrected) {
  auto const upload = begin("k");
  auto const small = put_part("k", upload, 1, "1234");
  auto const second = put_part("k", upload, 2, "12345");
  ASSERT_TRUE(small && second);
  EXPECT_EQ(slug_of(complete("k", upload, {})), "MalformedXML");
  EXPECT_EQ(slug_of(complete("k", upload, {part(2, *second), part(1, *small)})), "InvalidPartOrder");
  EXPECT_EQ(slug_of(complete("k", upload, {part(2, *second), part(2, *second)})), "InvalidPartOrder");
  EXPECT_EQ(slug_of(complete("k", upload, {part(1, *small), part(2, *second)})), "EntityTooSmall");
  EXPECT_EQ(slug_of(complete("k", upload, {part(2, *small)})), "InvalidPart");
  EXPECT_EQ(slug_of(complete("k", upload, {part(3, *second)})), "InvalidPart");
  EXPECT_EQ(code_of(put_part("k", upload, 0, "x")), Code::invalid);
  EXPECT_EQ(code_of(put_part("k", upload, 10'001, "x")), Code::invalid);
  EXPECT_TRUE(complete("k", upload, {part(2, *second)}));
  EXPECT_EQ(get("k").value_or("?"), "12345");
}

TEST_P(ServedObjectsContract, ACompletionObeysItsCondition) {
  ASSERT_TRUE(put("k", "there"));
  auto const upload = begin("k");
  auto const only = put_part("k", upload, 1, "bytes");
  EXPECT_EQ(code_of(complete("k", upload, {part(1, *only)}, {{}, {{}, "*"}})), Code::precondition);
  EXPECT_EQ(get("k").value_or("?"), "there");
  EXPECT_TRUE(complete("k", upload, {part(1, *only)}, {{{"crc32", "AAAAAA=="}}, {head("k")->etag, {}}}));
  EXPECT_EQ(head("k")->checksums.at("crc32"), "AAAAAA==");
}

TEST_P(ServedObjectsContract, OpenUploadsAreListedByKey) {
  auto const b = begin("x/b");
  auto const a = begin("x/a");
  auto const other = begin("y");
  auto const list_open = [&](std::string prefix, std::string key = {}, std::string id = {}) {
    return run_to_end<std::vector<MultipartInfo>>([&] {
      return store().list_multiparts(
          {.bucket = "bucket", .prefix = prefix, .after_key = key, .after_upload = id}, soon());
    });
  };
  auto const listed = list_open("x/");
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->at(0).upload_id, a);
  EXPECT_EQ(listed->at(1).upload_id, b);
  auto const later = begin("x/a");
  EXPECT_EQ(list_open("x/")->size(), 3U);
  EXPECT_EQ(list_open("x/", "x/a")->at(0).upload_id, b);
  ASSERT_EQ(list_open("x/", "x/a", a)->size(), 2U);
  EXPECT_EQ(list_open("x/", "x/a", a)->at(0).upload_id, later);
  EXPECT_TRUE(list_open("x/", "x/b", b)->empty());
  EXPECT_TRUE(abort("x/a", later));
  EXPECT_TRUE(abort("y", other));
  EXPECT_EQ(list_open("")->size(), 2U);
}

TEST_P(ServedObjectsContract, S7_CompletionAndAbortInARaceNeverBothHappen) {
  for (auto round = 0; round < 10; ++round) {
    auto const key = "k" + std::to_string(round);
    auto const upload = begin(key);
    auto const only = put_part(key, upload, 1, "bytes");
    auto completed = Result<ObjectInfo>{fail(Code::internal)};
    auto aborted = Result<void>{};
    auto completer = std::jthread{[&] { completed = complete(key, upload, {part(1, *only)}); }};
    auto aborter = std::jthread{[&] { aborted = abort(key, upload); }};
    completer.join();
    aborter.join();
    EXPECT_NE(completed.has_value(), aborted.has_value());
    EXPECT_EQ(get(key).has_value(), completed.has_value());
  }
}

TEST_P(ServedObjectsContract, S8_ReadersSeeOneWholeVersionWhileWritersRace) {
  constexpr auto writers = 4;
  constexpr auto rounds = 6;
  constexpr auto size = std::size_t{300'000};
  ASSERT_TRUE(put("k", std::string(size, 'a')));
  auto torn = std::atomic<int>{0};
  {
    auto threads = std::vector<std::jthread>{};
    for (auto i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        for (auto round = 0; round < rounds; ++round)
          if (!put("k", std::string(size, static_cast<char>('a' + i)))) ++torn;
      });
    for (auto i = 0; i < writers; ++i)
      threads.emplace_back([&] {
        for (auto round = 0; round < rounds; ++round) {
          auto const text = get("k");
          if (!text || text->size() != size || text->find_first_not_of(text->front()) != text->npos) ++torn;
        }
      });
  }
  EXPECT_EQ(torn, 0);
}

TEST_P(ServedObjectsContract, P6_OfManyConditionalWritersOneWins) {
  constexpr auto writers = 16;
  auto won = std::atomic<int>{0};
  {
    auto threads = std::vector<std::jthread>{};
    for (auto i = 0; i < writers; ++i)
      threads.emplace_back([&, i] {
        auto options = PutOptions{};
        options.conditions.if_none_match = "*";
        if (put("k", "writer " + std::to_string(i), options)) ++won;
      });
  }
  EXPECT_EQ(won, 1);
}

TEST_P(ServedObjectsContract, KeysAreOnlyNames) {
  auto const keys = std::vector<std::string>{"blobs",
                                             "../up",
                                             "a//b",
                                             "/lead",
                                             ".hidden",
                                             "CASE",
                                             "case",
                                             "caf\xC3\xA9",
                                             "cafe\xCC\x81",
                                             "a%2Fb",
                                             "a\\b",
                                             "con.",
                                             std::string(1024, 'k'),
                                             "'; DROP TABLE objects; --",
                                             "_%",
                                             "😀"};
  for (auto const& key : keys) ASSERT_TRUE(put(key, key)) << key;
  for (auto const& key : keys) EXPECT_EQ(get(key).value_or("?"), key);
  EXPECT_EQ(list({})->objects.size(), keys.size());
}

}  // namespace hoist::contract

#include "contract/served_objects_contract_buckets.hpp"
