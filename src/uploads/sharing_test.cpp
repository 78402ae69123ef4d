#include "uploads/sharing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

std::string file_of(std::string_view name, std::string_view bytes, std::string_view type = "image/jpeg") {
  return fmt::format(
      R"({{"filename":"{}","content_type":"{}","size":{},"checksum":{{"algorithm":"sha256","value":"{}"}}}})",
      name, type, bytes.size(), hex(sha256(bytes)));
}

std::string single(std::string_view project, std::string_view name, std::string_view bytes,
                   std::string_view type = "image/jpeg") {
  auto file = file_of(name, bytes, type);
  return fmt::format(R"({{"project_id":"{}",{})", project, std::string_view{file}.substr(1));
}

class SharedBytes : public ::testing::Test {
 protected:
  // A COMPLETED upload in site-1.
  std::string stored(std::string_view name = "a.jpg", std::string const& bytes = "hello") {
    auto const answer = world.ok(201, "POST", "/uploads", single("site-1", name, bytes));
    auto id = text_of(answer.at("upload").at("id"));
    EXPECT_TRUE(world.put_upload(id, bytes));
    EXPECT_TRUE(world.process(id));
    EXPECT_TRUE(store_picture(id));
    return id;
  }
  // The pipeline's thumbnail, which the test's worker only records.
  Result<void> store_picture(std::string const& id) {
    return world.wait([&]() -> Async<> {
      for (auto const& picture : pictures_of(world.stored(id))) {
        CO_TRY(auto writer, co_await world.objects.create(picture.object, 7, soon()));
        CO_CHECK(co_await writer->write("picture"));
        CO_CHECK(co_await writer->commit({.content_type = "image/jpeg"}));
      }
      co_return Result<void>{};
    });
  }
  std::string share(std::string_view project, std::string_view name, std::string_view bytes = "hello") {
    auto const answer = world.ok(201, "POST", "/uploads", single(project, name, bytes));
    EXPECT_TRUE(answer.at("transfer").is_null());
    EXPECT_EQ(answer.at("upload").at("status"), "COMPLETED");
    return text_of(answer.at("upload").at("id"));
  }
  // What the content route leads to.
  std::string content(std::string const& id) {
    auto const answer = world.call("GET", "/uploads/" + id + "/content");
    EXPECT_EQ(answer.status, 302) << answer.body;
    return world.objects.bytes({"hoist", key_of(world.stored(id))});
  }
  void remove(std::string const& id) {
    EXPECT_EQ(world.ok(200, "DELETE", "/uploads/" + id).at("status"), "DELETED");
  }

  World world;
};

TEST_F(SharedBytes, ARecoveryKeepsBytesThatOnlyOthersStillNeed) {
  auto const first = stored();
  auto const second = share("site-2", "b.jpg");
  auto object = ObjectInfo{.ref = {"hoist", key_of(world.stored(first))}, .size = 5};
  object.content_type = "image/jpeg";
  auto const wanted = [&] {
    return testing::write_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const needed, world.intake.recovery().on_recovered(tx, object, "{}"));
      if (!needed) return fail(Code::gone, "not needed");
      return {};
    });
  };
  remove(first);
  EXPECT_TRUE(wanted());
  remove(second);
  EXPECT_FALSE(wanted());
}

TEST_F(SharedBytes, BytesThatWereSentTwiceAreStoredOnceInTheEnd) {
  auto const granted = [&](std::string_view project) {
    auto const answer = world.ok(201, "POST", "/uploads", single(project, "a.jpg", "hello"));
    EXPECT_EQ(answer.at("upload").at("status"), "PENDING");
    return text_of(answer.at("upload").at("id"));
  };
  auto const first = granted("site-1");
  auto const second = granted("site-2");
  for (auto const& id : {first, second}) {
    ASSERT_TRUE(world.put(key_of(world.stored(id)), "hello"));
    ASSERT_TRUE(world.process(id));
    ASSERT_TRUE(store_picture(id));
  }
  EXPECT_EQ(world.usage().bytes, 5);
  EXPECT_EQ(world.usage().files, 2);
  EXPECT_TRUE(world.wrong_usage().empty());
  (void)world.sweep();
  EXPECT_FALSE(world.stored(second).deadline);
  EXPECT_EQ(world.objects.count(), 2U) << "the bytes and their picture";
  EXPECT_EQ(content(second), "hello");
  remove(first);
  EXPECT_EQ(content(second), "hello");
  remove(second);
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.usage().bytes, 0);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(SharedBytes, TheSameFileInAnotherProjectIsARecordOfItsOwnThere) {
  auto const first = stored();
  auto const body = fmt::format(R"({{"project_id":"site-2","files":[{},{}]}})", file_of("b.jpg", "hello"),
                                file_of("c.jpg", "other"));
  auto const batch = world.ok(201, "POST", "/batches", body);
  auto const& item = batch.at("items").at(0);
  EXPECT_EQ(item.at("action"), "have");
  EXPECT_TRUE(item.at("transfer").is_null());
  EXPECT_EQ(batch.at("items").at(1).at("action"), "upload");
  EXPECT_EQ(batch.at("batch").at("have"), 1);
  EXPECT_EQ(batch.at("batch").at("counts").at("COMPLETED"), 1);
  EXPECT_EQ(batch.at("batch").at("counts").at("PENDING"), 1);
  EXPECT_EQ(world.ok(200, "GET", "/batches/" + text_of(batch.at("batch").at("id"))), batch.at("batch"));
  auto const& upload = item.at("upload");
  auto const id = text_of(upload.at("id"));
  EXPECT_NE(id, first);
  EXPECT_EQ(upload.at("filename"), "b.jpg");
  EXPECT_EQ(upload.at("project_id"), "site-2");
  EXPECT_EQ(upload.at("status"), "COMPLETED");
  EXPECT_EQ(upload.at("media").at("width"), 40);
  EXPECT_EQ(upload.at("scan").at("verdict"), "clean");
  EXPECT_EQ(upload.at("thumbnails").as_array().size(), 1U);
  EXPECT_EQ(content(id), "hello");
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/thumbnails/256").status, 302);
  auto const listed = world.ok(200, "GET", "/uploads?project_id=site-2&status=COMPLETED");
  ASSERT_EQ(listed.at("uploads").as_array().size(), 1U);
  EXPECT_EQ(listed.at("uploads").at(0), world.ok(200, "GET", "/uploads/" + id));
  EXPECT_EQ(world.stored(first).filename, "a.jpg");
}

TEST_F(SharedBytes, UnderAnotherNameItIsARecordOfItsOwnAndTheVerySameFileIsTheOldOne) {
  auto const first = stored();
  auto const other = share("site-1", "b.jpg");
  EXPECT_NE(other, first);
  auto const again = world.ok(200, "POST", "/uploads", single("site-1", "a.jpg", "hello"));
  EXPECT_EQ(text_of(again.at("upload").at("id")), first);
  EXPECT_TRUE(again.at("transfer").is_null());
  auto const batch =
      world.ok(201, "POST", "/batches",
               fmt::format(R"({{"project_id":"site-1","files":[{},{},{}]}})", file_of("a.jpg", "hello"),
                           file_of("c.jpg", "hello"), file_of("d.jpg", "hello")));
  EXPECT_EQ(text_of(batch.at("items").at(0).at("upload").at("id")), first);
  EXPECT_NE(text_of(batch.at("items").at(1).at("upload").at("id")), first);
  EXPECT_EQ(batch.at("items").at(2).at("upload").at("filename"), "d.jpg");
  EXPECT_EQ(batch.at("batch").at("have"), 3);
  EXPECT_EQ(batch.at("batch").at("counts").at("COMPLETED"), 2);
  EXPECT_EQ(world.usage().files, 4);
  EXPECT_EQ(world.usage().bytes, 5);
}

TEST_F(SharedBytes, TheSameNameInAnotherFolderIsAnotherFile) {
  auto const first = stored();
  auto const placed = [&](std::string_view path) {
    auto file = file_of("a.jpg", "hello");
    file.insert(1, fmt::format(R"("path":"{}",)", path));
    return file;
  };
  auto const body = fmt::format(R"({{"project_id":"site-1","files":[{},{},{}]}})", placed("floor-1/a.jpg"),
                                placed("floor-2/a.jpg"), placed("floor-1/a.jpg"));
  auto const batch = world.ok(201, "POST", "/batches", body);
  auto const& items = batch.at("items").as_array();
  EXPECT_EQ(items[0].at("upload").at("path"), "floor-1/a.jpg");
  EXPECT_EQ(items[1].at("upload").at("path"), "floor-2/a.jpg");
  EXPECT_EQ(items[2].at("error").at("code"), "duplicate");
  auto const again = world.ok(201, "POST", "/batches", body);
  EXPECT_EQ(again.at("items").at(0).at("upload").at("id"), items[0].at("upload").at("id"));
  EXPECT_EQ(world.stored(first).path, "");
  EXPECT_EQ(world.usage().files, 3);
}

TEST_F(SharedBytes, DeletingOneLeavesTheOthersAndTheLastTakesTheBytes) {
  for (auto const owner_first : {true, false}) {
    SCOPED_TRACE(owner_first);
    auto ids = std::vector<std::string>{stored(), share("site-2", "b.jpg"), share("site-3", "c.jpg")};
    EXPECT_EQ(world.objects.count(), 2U);
    if (!owner_first) std::ranges::reverse(ids);
    remove(ids[0]);
    EXPECT_EQ(content(ids[1]), "hello");
    EXPECT_EQ(world.call("GET", "/uploads/" + ids[1] + "/thumbnails/256").status, 302);
    remove(ids[1]);
    EXPECT_EQ(content(ids[2]), "hello");
    EXPECT_EQ(world.objects.count(), 2U);
    EXPECT_EQ(world.usage().bytes, 5);
    EXPECT_EQ(world.usage().files, 1);
    remove(ids[2]);
    EXPECT_EQ(world.objects.count(), 0U);
    EXPECT_EQ(world.usage().bytes, 0);
    EXPECT_TRUE(world.wrong_usage().empty());
    for (auto const& id : ids) EXPECT_FALSE(world.stored(id).deadline);
  }
}

TEST_F(SharedBytes, AfterTheLastOneTheBytesAreAskedForAgain) {
  auto const first = stored();
  auto const second = share("site-2", "b.jpg");
  remove(first);
  remove(second);
  auto const answer = world.ok(201, "POST", "/uploads", single("site-2", "b.jpg", "hello"));
  EXPECT_EQ(answer.at("upload").at("status"), "PENDING");
  EXPECT_FALSE(answer.at("transfer").is_null());
}

TEST_F(SharedBytes, ADeletionThatWasCutOffIsFinishedAndSparesSharedBytes) {
  auto const first = stored();
  auto const second = share("site-2", "b.jpg");
  world.objects.fail_next(Code::unavailable);
  remove(first);  // removes nothing, so the fault waits
  remove(second);
  EXPECT_EQ(world.objects.count(), 2U);
  EXPECT_EQ(world.sweep().cleaned, 1);
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.sweep().cleaned, 0);
}

TEST_F(SharedBytes, OnlyCleanBytesOfTheSameTypeAreShared) {
  auto const asked = [&](std::string_view type = "image/jpeg") {
    auto const answer = world.ok(201, "POST", "/uploads", single("site-2", "b.jpg", "hello", type));
    return text_of(answer.at("upload").at("status"));
  };
  auto const first = world.ok(201, "POST", "/uploads", single("site-1", "a.jpg", "hello"));
  auto const id = text_of(first.at("upload").at("id"));
  EXPECT_EQ(asked(), "PENDING");
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(asked(), "PENDING");
  ASSERT_TRUE(world.fail_processing(id, "infected"));
  EXPECT_EQ(asked(), "PENDING");
  (void)stored();
  EXPECT_EQ(asked("image/png"), "PENDING");
  EXPECT_EQ(asked(), "COMPLETED");
  auto const strange =
      world.ok(201, "POST", "/uploads", single("site-2", "b.jpg", "hello"), "globex gus member");
  EXPECT_EQ(strange.at("upload").at("status"), "PENDING");
}

TEST_F(SharedBytes, SharingNeedsRoomForAFileButNoneForBytes) {
  (void)stored();
  world.limits.by_tenant[TenantId{"acme"}] = {.storage_bytes_max = 5, .files_max = 2};
  (void)share("site-2", "b.jpg");
  EXPECT_EQ(world.call("POST", "/uploads", single("site-3", "c.jpg", "hello")).status, 403);
  auto const batch =
      world.ok(201, "POST", "/batches",
               fmt::format(R"({{"project_id":"site-3","files":[{}]}})", file_of("c.jpg", "hello")));
  EXPECT_EQ(batch.at("items").at(0).at("error").at("code"), "quota_exceeded");
  EXPECT_EQ(world.usage().files, 2);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(SharedBytes, WhatInfectsOneInfectsAllThatShareIt) {
  auto const first = stored();
  auto const second = share("site-2", "b.jpg");
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    auto failure =
        ProcessingFailure{"infected", "A virus was found.", ScanReport{.verdict = Verdict::infected}};
    co_return co_await world.uploads.ledger.failed(TenantId{"acme"}, UploadId{second}, failure, soon());
  }));
  for (auto const& id : {first, second}) {
    EXPECT_EQ(world.status(id), "FAILED");
    EXPECT_EQ(world.stored(id).error_code, "infected");
    EXPECT_NE(world.stored(id).scan.find("infected"), std::string::npos);
  }
  EXPECT_EQ(world.usage().bytes, 0);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(SharedBytes, ARemovalBehindOurBackEndsAllThatSharedTheObject) {
  auto const first = stored();
  auto const ref = ObjectRef{"hoist", key_of(world.stored(first))};
  auto const second = share("site-2", "b.jpg");
  auto const third = share("site-3", "c.jpg");
  remove(first);
  ASSERT_TRUE(testing::write_now(
      *world.database, [&](sql::Transaction& tx) { return world.intake.arrivals().on_removed(tx, ref); }));
  EXPECT_EQ(world.status(second), "DELETED");
  EXPECT_EQ(world.status(third), "DELETED");
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST_F(SharedBytes, ARepeatedRequestCreatesNothingTwice) {
  auto const first = stored();
  auto headers = net::Headers{};
  headers.add("Idempotency-Key", "k");
  auto const body = single("site-2", "b.jpg", "hello");
  auto const once = world.ok(201, "POST", "/uploads", body, "acme ana member", headers);
  EXPECT_EQ(world.ok(201, "POST", "/uploads", body, "acme ana member", headers), once);
  auto old = net::Headers{};
  old.add("Idempotency-Key", "o");
  auto const same = single("site-1", "a.jpg", "hello");
  EXPECT_EQ(text_of(world.ok(200, "POST", "/uploads", same, "acme ana member", old).at("upload").at("id")),
            first);
  remove(first);
  EXPECT_EQ(text_of(world.ok(200, "POST", "/uploads", same, "acme ana member", old).at("upload").at("id")),
            first);
  auto const files = fmt::format(R"({{"project_id":"site-4","files":[{}]}})", file_of("d.jpg", "hello"));
  auto batch = net::Headers{};
  batch.add("Idempotency-Key", "b");
  auto const announced = world.ok(201, "POST", "/batches", files, "acme ana member", batch);
  EXPECT_EQ(world.ok(201, "POST", "/batches", files, "acme ana member", batch), announced);
}

// Every COMPLETED record can be read, every object is needed, and the account is what is stored.
void check_everything(World& world, std::vector<std::string> const& ids) {
  ASSERT_TRUE(world.wrong_usage().empty()) << world.wrong_usage().front();
  auto objects = std::set<std::string>{};
  auto bytes = std::int64_t{0};
  for (auto const& id : ids) {
    auto const upload = world.stored(id);
    if (upload.state != UploadState::completed) continue;
    ASSERT_EQ(std::ssize(world.objects.bytes({"hoist", key_of(upload)})), upload.size) << id;
    if (objects.insert(key_of(upload)).second) bytes += upload.size;
  }
  ASSERT_EQ(world.objects.count(), objects.size()) << "bytes without an upload that needs them";
  ASSERT_EQ(world.usage().bytes, bytes);
}

TEST_F(SharedBytes, NoOrderOfSharingAndDeletingLosesOrLeaksBytes) {
  auto const contents = std::vector<std::string>{"one", "four", "seven"};
  for (auto seed = 1U; seed <= 10; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    auto random = std::mt19937{seed};
    auto const pick = [&](std::size_t n) {
      return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
    };
    auto ids = std::vector<std::string>{};
    for (auto i = 0; i < 60; ++i) {
      if (pick(3) > 0 || ids.empty()) {
        auto const& bytes = contents[pick(contents.size())];
        auto const project = fmt::format("site-{}", pick(3));
        auto const answer =
            world.call("POST", "/uploads", single(project, fmt::format("{}", pick(4)), bytes));
        auto const upload = parse_json(answer.body)->at("upload");
        auto id = text_of(upload.at("id"));
        if (text_of(upload.at("status")) == "PENDING") {
          ASSERT_TRUE(world.put(key_of(world.stored(id)), bytes));
          ASSERT_TRUE(world.process(id));
        }
        ids.push_back(std::move(id));
      } else {
        auto const& id = ids[pick(ids.size())];
        if (pick(4) == 0) world.objects.fail_next(Code::unavailable);
        (void)world.call("DELETE", "/uploads/" + id);
        world.objects.fail_next(Code::internal, 0);
        (void)world.sweep();
      }
      ASSERT_NO_FATAL_FAILURE(check_everything(world, ids));
    }
    for (auto const& id : ids) (void)world.call("DELETE", "/uploads/" + id);
    ASSERT_NO_FATAL_FAILURE(check_everything(world, ids));
  }
}

}  // namespace
}  // namespace hoist::uploads
