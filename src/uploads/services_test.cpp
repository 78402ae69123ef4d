#include "uploads/services.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

Options small_parts() {
  auto options = Options{};
  options.part_bytes = 4;
  options.part_bytes_min = 2;
  options.multipart_threshold_bytes = 8;
  options.parts_window = 2;
  return options;
}

TEST(UploadService, QuotaIsReservedAtCreationAndRefusedBeyondIt) {
  auto world = World{};
  world.limits.by_tenant[TenantId{"acme"}] = {.storage_bytes_max = 10};
  auto const id = world.create(6);
  auto const refused = world.call(
      "POST", "/uploads", R"({"project_id":"site-1","filename":"a","content_type":"image/png","size":5})");
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.body.find("quota_exceeded"), std::string::npos);
  EXPECT_EQ(world.usage().bytes, 6);
  EXPECT_EQ(world.call("DELETE", "/uploads/" + id).status, 200);
  EXPECT_EQ(world.usage().bytes, 0);
  (void)world.create(10);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST(UploadService, GrantsDownloadsAndDeletionsAreInTheAuditTrail) {
  auto world = World{};
  auto const id = world.create();
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/content").status, 409);  // nothing was handed out
  ASSERT_TRUE(world.put_upload(id));
  ASSERT_TRUE(world.process(id));
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/content").status, 302);
  EXPECT_EQ(world.call("GET", "/uploads/" + id + "/content", {}, "other eva member").status, 404);
  EXPECT_EQ(world.call("DELETE", "/uploads/" + id).status, 200);
  auto actions = std::vector<std::string>{};
  ASSERT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const trail, world.audit.list(tx, TenantId{"acme"}, {}));
    for (auto const& entry : trail) {
      EXPECT_EQ(entry.subject, id);
      EXPECT_EQ(entry.actor, "ana");
      actions.push_back(entry.action);
    }
    return {};
  }));
  EXPECT_EQ(actions, (std::vector<std::string>{"upload.deleted", "upload.downloaded", "upload.created"}));
}

TEST(UploadService, ABatchTakesTheFilesThatFitAndRefusesTheOthers) {
  auto world = World{};
  world.limits.by_tenant[TenantId{"acme"}] = {.storage_bytes_max = 10, .files_max = 2};
  auto body = std::string{};
  for (auto const size : {6, 5, 4, 1})
    body += fmt::format(R"({}{{"filename":"{}","content_type":"image/png","size":{}}})",
                        body.empty() ? "" : ",", size, size);
  auto const answer = world.ok(201, "POST", "/batches", R"({"project_id":"site-1","files":[)" + body + "]}");
  auto actions = std::string{};
  for (auto const& item : answer.at("items").as_array()) actions += text_of(item.at("action")) + " ";
  EXPECT_EQ(actions, "upload refused upload refused ");
  EXPECT_EQ(answer.at("items").at(1).at("error").at("code"), "quota_exceeded");
  EXPECT_EQ(world.usage().bytes, 10);
  EXPECT_EQ(world.usage().files, 2);
  EXPECT_TRUE(world.wrong_usage().empty());
}

TEST(UploadService, ABatchCountsItsOwnFilesAgainstTheQuota) {
  auto world = World{};
  world.limits.by_tenant[TenantId{"acme"}] = {.storage_bytes_max = 1000, .files_max = 2};
  auto const answer = world.ok(201, "POST", "/batches",
                               R"({"project_id":"site-1","files":[)"
                               R"({"filename":"a","content_type":"image/png","size":1},)"
                               R"({"filename":"b","content_type":"image/png","size":1},)"
                               R"({"filename":"c","content_type":"image/png","size":1}]})");
  EXPECT_EQ(answer.at("items").at(1).at("action"), "upload");
  EXPECT_EQ(answer.at("items").at(2).at("action"), "refused");
  EXPECT_EQ(answer.at("items").at(2).at("error").at("code"), "quota_exceeded");
  EXPECT_EQ(world.usage().files, 2);
}

TEST(UploadService, TheTraceOfTheGrantGoesToTheWorkers) {
  auto world = World{};
  auto call = CallContext{};
  call.caller = {.tenant = TenantId{"acme"}, .user = UserId{"ana"}, .role = Role::member};
  call.trace_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  call.deadline = soon();
  auto const wanted =
      NewUpload{ProjectId{"site-1"}, {.filename = "a", .content_type = "image/jpeg", .size = 5}};
  auto const created = world.wait<Created>([&] { return world.uploads.creation.create(call, wanted, {}); });
  ASSERT_TRUE(created);
  auto const id = created->upload.id.str();
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_NE(world.messages(id).at(0).find(call.trace_parent), std::string::npos);

  call.trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto const files =
      NewBatch{ProjectId{"site-1"}, {NewFile{.filename = "b", .content_type = "image/jpeg", .size = 5}}};
  auto const batch =
      world.wait<CreatedBatch>([&] { return world.uploads.batch_creation.create(call, files); });
  ASSERT_TRUE(batch);
  auto const member = std::get<Upload>(batch->items.at(0).what).id.str();
  ASSERT_TRUE(world.put_upload(member));
  EXPECT_NE(world.messages(member).at(0).find(call.trace_parent), std::string::npos);
}

TEST(UploadService, PartsAreSignedInWindowsAndOnRequest) {
  auto world = World{small_parts()};
  auto const answer =
      world.ok(201, "POST", "/uploads",
               R"({"project_id":"site-1","filename":"a","content_type":"image/jpeg","size":18})");
  auto const id = text_of(answer.at("upload").at("id"));
  auto const& multipart = answer.at("transfer").at("multipart");
  EXPECT_EQ(multipart.at("part_size"), 4);
  EXPECT_EQ(multipart.at("part_count"), 5);
  ASSERT_EQ(multipart.at("parts").as_array().size(), 2U);
  EXPECT_NE(text_of(multipart.at("parts").at(1).at("url")).find("partNumber=2"), std::string::npos);
  auto const more = world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"numbers":[5,3]})");
  ASSERT_EQ(more.at("parts").as_array().size(), 2U);
  EXPECT_EQ(more.at("parts").at(1).at("number"), 5);
  EXPECT_EQ(more.at("parts").at(1).at("size"), 2);
  ASSERT_TRUE(world.put_part(id, 2, "efgh"));
  auto const missing = world.ok(200, "POST", "/uploads/" + id + "/parts", "{}");
  EXPECT_EQ(missing.at("stored"), (json::array{2}));
  EXPECT_EQ(missing.at("parts").at(0).at("number"), 1);
  EXPECT_EQ(missing.at("parts").at(1).at("number"), 3);
  for (auto const* bad : {R"({"numbers":[0]})", R"({"numbers":[6]})", R"({"numbers":[1,1]})",
                          R"({"numbers":"1"})", R"({"numbers":[]})", R"({"number":[1]})"})
    EXPECT_EQ(world.call("POST", "/uploads/" + id + "/parts", bad).status, 400) << bad;
}

TEST(UploadService, PartsOfASinglePutAreAFreshUrl) {
  auto world = World{};
  auto const id = world.create();
  auto const more = world.ok(200, "POST", "/uploads/" + id + "/parts", "{}");
  EXPECT_EQ(more.at("transfer").at("method"), "PUT");
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/parts", "{}").status, 409);
}

TEST(UploadService, AFileInOnePieceIsCutIntoPartsOnRequest) {
  auto world = World{small_parts()};
  auto const id = world.create(5);
  auto const cut = world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":2})");
  EXPECT_EQ(cut.at("part_size"), 2);
  EXPECT_EQ(cut.at("part_count"), 3);
  EXPECT_EQ(cut.at("stored"), json::array{});
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/complete").status, 409);
  ASSERT_TRUE(world.put_part(id, 1, "he"));
  ASSERT_TRUE(world.put_part(id, 2, "ll"));
  ASSERT_TRUE(world.put_part(id, 3, "o"));
  EXPECT_EQ(world.ok(200, "POST", "/uploads/" + id + "/complete").at("status"), "UPLOADED");
  EXPECT_EQ(world.objects.bytes({"hoist", "acme/site-1/uploads/" + id}), "hello");
}

TEST(UploadService, TheWholeFileStillCountsAfterItWasCut) {
  auto world = World{small_parts()};
  auto const id = world.create(5);
  (void)world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":2})");
  ASSERT_TRUE(world.put_upload(id));
  EXPECT_EQ(world.status(id), "UPLOADED");
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/parts", R"({"part_size":3})").status, 409);
  EXPECT_EQ(world.messages(id).size(), 1U);
}

TEST(UploadService, CuttingAnewForgetsThePartsOfTheOldPlan) {
  auto world = World{small_parts()};
  auto const id = world.create(9);
  ASSERT_TRUE(world.put_part(id, 1, "abcd"));
  auto const old_multipart = world.stored(id).multipart_id;
  auto const same = world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":4})");
  EXPECT_EQ(same.at("stored"), (json::array{1}));  // nothing to cut
  auto const cut = world.ok(200, "POST", "/uploads/" + id + "/parts", R"({"part_size":3})");
  EXPECT_EQ(cut.at("part_count"), 3);
  EXPECT_EQ(cut.at("stored"), json::array{});
  EXPECT_NE(world.stored(id).multipart_id, old_multipart);
  EXPECT_EQ(world
                .wait<MultipartInfo>([&] {
                  return world.objects.head_multipart({"hoist", "acme/site-1/uploads/" + id}, old_multipart,
                                                      soon());
                })
                .error()
                .code(),
            Code::not_found);
}

TEST(UploadService, PartSizesOutsideOfTheLimitsAreRefused) {
  auto world = World{small_parts()};
  auto const id = world.create(5);
  for (auto const* bad : {R"({"part_size":1})", R"({"part_size":5})", R"({"part_size":"2"})",
                          R"({"part_size":2,"numbers":[1]})"})
    EXPECT_EQ(world.call("POST", "/uploads/" + id + "/parts", bad).status, 400) << bad;
  auto const crc = world.ok(201, "POST", "/uploads",
                            R"({"project_id":"site-1","filename":"a","content_type":"image/jpeg","size":5,)"
                            R"("checksum":{"algorithm":"crc32","value":"00000000"}})");
  auto const refused =
      world.call("POST", "/uploads/" + text_of(crc.at("upload").at("id")) + "/parts", R"({"part_size":2})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("only a sha256"), std::string::npos) << refused.body;
}

TEST(UploadService, CompleteNamesTheMissingPartsAndThenMakesTheObject) {
  auto world = World{small_parts()};
  auto const id = world.create(6, "acme ana member", "?multipart=true");
  ASSERT_TRUE(world.put_part(id, 2, "ef"));
  auto const early = world.call("POST", "/uploads/" + id + "/complete");
  EXPECT_EQ(early.status, 409);
  EXPECT_NE(early.body.find("1 of 2 parts are missing: 1."), std::string::npos) << early.body;
  ASSERT_TRUE(world.put_part(id, 1, "abcd"));
  EXPECT_EQ(world.ok(200, "POST", "/uploads/" + id + "/complete").at("status"), "UPLOADED");
  EXPECT_EQ(world.objects.bytes({"hoist", "acme/site-1/uploads/" + id}), "abcdef");
  EXPECT_EQ(world.messages(id).size(), 1U);
}

TEST(UploadService, CompleteTwiceReturnsTheSameObject) {
  auto world = World{};
  auto const id = world.create();
  EXPECT_EQ(world.call("POST", "/uploads/" + id + "/complete").status, 409);
  ASSERT_TRUE(world.put_upload(id));
  auto const first = world.ok(200, "POST", "/uploads/" + id + "/complete", "{}");
  auto const second = world.ok(200, "POST", "/uploads/" + id + "/complete");
  EXPECT_EQ(first, second);
  EXPECT_EQ(world.messages(id).size(), 1U);
}

TEST(UploadService, CompleteBelievesAStoreThatReportsLater) {
  auto world = World{};
  auto const id = world.create();
  // Bytes in the store without a report, as on S3 before its event arrives.
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    auto writer = co_await world.objects.create({"hoist", "acme/site-1/uploads/" + id}, 5, soon());
    (void)co_await (*writer)->write("hello");
    auto const done = co_await (*writer)->commit({.content_type = "image/jpeg"});
    co_return done ? Result<void>{} : Result<void>{std::unexpected{done.error()}};
  }));
  EXPECT_EQ(world.ok(200, "POST", "/uploads/" + id + "/complete").at("status"), "UPLOADED");
}

TEST(UploadService, DeleteBeforeTheBytesCancelsAndAfterThemRemoves) {
  auto world = World{};
  auto const early = world.create();
  auto const cancelled = world.ok(200, "DELETE", "/uploads/" + early);
  EXPECT_EQ(cancelled.at("status"), "CANCELLED");
  for (auto const* member : {"filename", "size", "content_type", "metadata", "created_by"})
    EXPECT_FALSE(cancelled.as_object().contains(member)) << member;
  EXPECT_TRUE(world.stored(early).filename.empty());
  EXPECT_EQ(world.put_upload(early).error().code(), Code::forbidden);
  auto const late = world.create();
  ASSERT_TRUE(world.put_upload(late));
  ASSERT_TRUE(world.process(late));
  EXPECT_EQ(world.ok(200, "DELETE", "/uploads/" + late).at("status"), "DELETED");
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.ok(200, "DELETE", "/uploads/" + late).at("status"), "DELETED");
  EXPECT_EQ(world.call("GET", "/uploads/" + late + "/content").status, 409);
  EXPECT_EQ(world.usage().bytes, 0);
}

TEST(UploadService, ADeleteWhoseStoreIsAwayIsFinishedByTheWatchdog) {
  auto world = World{};
  auto const id = world.create();
  ASSERT_TRUE(world.put_upload(id));
  world.objects.fail_next(Code::unavailable);
  EXPECT_EQ(world.ok(200, "DELETE", "/uploads/" + id).at("status"), "DELETED");
  EXPECT_EQ(world.objects.count(), 1U);
  EXPECT_EQ(world.sweep().cleaned, 1);
  EXPECT_EQ(world.objects.count(), 0U);
  EXPECT_EQ(world.sweep().cleaned, 0);
}

// What the rows say may be true at any moment, whatever was done before.
void check_invariants(World& world, std::vector<std::string> const& ids) {
  ASSERT_TRUE(world.wrong_usage().empty()) << world.wrong_usage().front();
  for (auto const& id : ids) {
    auto const upload = world.stored(id);
    ASSERT_TRUE(is_final(upload.state) || upload.deadline) << id << " has no deadline";
  }
}

TEST(UploadService, NoSequenceOfOperationsBreaksQuotaOrLeavesAFileInLimbo) {
  for (auto seed = 1U; seed <= 12; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    auto random = std::mt19937{seed};
    auto world = World{small_parts()};
    world.limits.by_tenant[TenantId{"acme"}] = {.storage_bytes_max = 200};
    auto ids = std::vector<std::string>{};
    for (auto i = 0; i < 120; ++i) {
      auto const pick = [&](std::size_t n) {
        return std::uniform_int_distribution<std::size_t>{0, n - 1}(random);
      };
      auto const id = ids.empty() ? std::string{} : ids[pick(ids.size())];
      auto const in_parts = !id.empty() && world.stored(id).multipart();
      switch (id.empty() ? 0 : pick(10)) {
        case 0:
        case 1: {
          auto const body =
              fmt::format(R"({{"project_id":"site-1","filename":"f","content_type":"image/jpeg","size":{}}})",
                          pick(2) == 0 ? 5 : 10);
          auto const answer = world.call("POST", "/uploads", body);
          if (answer.status == 201) ids.push_back(text_of(parse_json(answer.body)->at("upload").at("id")));
          break;
        }
        case 2:
        case 3:
          if (in_parts)
            (void)world.put_part(id, static_cast<int>(pick(3)) + 1, pick(4) == 0 ? "ab" : "abcd");
          else
            (void)world.put_upload(id, pick(5) == 0 ? "wrong size" : "hello");
          break;
        case 4: (void)world.call("POST", "/uploads/" + id + "/complete"); break;
        case 5: (void)world.process(id); break;
        case 6: (void)world.fail_processing(id); break;
        case 7:
          if (pick(2) == 0) world.objects.fail_next(Code::unavailable);
          (void)world.call("DELETE", "/uploads/" + id);
          world.objects.fail_next(Code::internal, 0);
          break;
        case 8: world.clock.advance(std::chrono::hours{pick(8)}); break;
        case 9: (void)world.sweep(); break;
      }
      ASSERT_NO_FATAL_FAILURE(check_invariants(world, ids));
    }
    for (auto round = 0; round < 8; ++round) {
      world.clock.advance(std::chrono::hours{24 * 8});
      world.lose_messages();  // no worker runs here: what waits in the queue would wait for ever
      // A queue that cannot be asked for a message is trusted to keep it, and so to bring it to one.
      if (world.queue.joint() == nullptr)
        for (auto const& id : ids) (void)world.process(id);
      (void)world.sweep();
    }
    for (auto const& id : ids) {
      auto const upload = world.stored(id);
      EXPECT_TRUE(is_final(upload.state)) << to_string(upload.state);
      EXPECT_FALSE(upload.deadline) << to_string(upload.state);
    }
    auto needed = std::set<std::string>{};  // what was sent twice is stored once
    for (auto const& id : ids)
      if (auto const upload = world.stored(id); upload.state == UploadState::completed)
        needed.insert(key_of(upload));
    EXPECT_EQ(world.objects.count(), needed.size()) << "bytes without an upload that needs them";
  }
}

}  // namespace
}  // namespace hoist::uploads
