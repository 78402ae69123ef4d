// Uploads over the engine's store itself: object, state and message commit together.
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <array>
#include <variant>

#include "adapters/disk/object_store.hpp"
#include "adapters/memory/objects.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "uploads/test_world.hpp"

namespace hoist::uploads {
namespace {

using namespace std::chrono_literals;

class UploadsInTheirStore : public ::testing::Test {
 protected:
  static Options small_parts() {
    auto options = Options{};
    options.part_bytes = 4;
    return options;
  }
  UploadsInTheirStore() : world{small_parts(), testing::TestDatabase::Kind::fast} {
    if (testing::over_memory_engine())
      keep(open_in_memory());
    else
      keep(open_on_disk());
    services = std::make_unique<Services>(world.ports_over(*store, *store), world.intake);
  }

  std::unique_ptr<disk::Objects> open_on_disk() {
    auto options = disk::Options{};
    options.root = world.database.folder() / "objects";
    options.buckets = {world.options.bucket, world.options.quarantine_bucket};
    options.part_bytes_min = 1;
    options.free_bytes_min = 0;
    return std::move(
        *disk::Objects::open(options, *world.database, pool, world.clock, world.metrics,
                             {.arrivals = &world.intake.arrivals(), .notes = &world.intake.recovery()}));
  }
  std::unique_ptr<memory::Objects> open_in_memory() {
    auto options = memory::ObjectsOptions{.buckets = {world.options.bucket, world.options.quarantine_bucket}};
    options.part_bytes_min = 1;
    return std::make_unique<memory::Objects>(std::move(options), world.clock,
                                             memory::Listening{*world.database, world.intake.arrivals()});
  }
  template <class Store>
  void keep(std::unique_ptr<Store> opened) {
    store = opened.get();
    owner = std::move(opened);
  }

  Async<> put(std::string id, std::string bytes) {
    CO_TRY(auto writer,
           co_await store->create({"hoist", "acme/site-1/uploads/" + id}, std::ssize(bytes), soon()));
    CO_CHECK(co_await writer->write(bytes));
    CO_CHECK(co_await writer->commit(
        {.content_type = "image/jpeg", .conditions = {.if_match = {}, .if_none_match = "*"}}));
    co_return Result<void>{};
  }
  Async<> put_part(std::string id, int number, std::string bytes) {
    CO_TRY(auto const upload, co_await services->reading.get(TenantId{"acme"}, UploadId{id}, soon()));
    CO_TRY(auto writer,
           co_await store->create_part({"hoist", key_of(upload)}, upload.multipart_id, number, soon()));
    CO_CHECK(co_await writer->write(bytes));
    CO_CHECK(co_await writer->commit({}));
    co_return Result<void>{};
  }
  static CallContext ana() {
    auto call = CallContext{};
    call.caller = {.tenant = TenantId{"acme"}, .user = UserId{"ana"}, .role = Role::member};
    call.deadline = soon();
    return call;
  }
  std::string create(std::int64_t size, std::optional<bool> multipart = {}) {
    auto wanted =
        NewUpload{ProjectId{"site-1"}, {.filename = "a", .content_type = "image/jpeg", .size = size}};
    auto created = world.wait<Created>([&] { return services->creation.create(ana(), wanted, multipart); });
    EXPECT_TRUE(created) << created.error().to_string();
    return created ? created->upload.id.str() : std::string{};
  }
  Async<Upload> create_in(std::string project, std::string bytes) {
    auto file = NewFile{.filename = "a", .content_type = "image/jpeg", .size = std::ssize(bytes)};
    file.checksum = Checksum{"sha256", hex(sha256(bytes))};
    CO_TRY(auto created, co_await services->creation.create(ana(), {ProjectId{project}, file}, {}));
    co_return std::move(created.upload);
  }
  Async<> complete(std::string id, std::string bytes) {
    CO_TRY(auto const job, co_await world.uploads.ledger.begin(TenantId{"acme"}, UploadId{id}, 1, soon()));
    auto file = ProcessedFile{.sha256 = sha256(bytes)};
    co_return co_await world.uploads.ledger.complete(TenantId{"acme"}, UploadId{id}, std::move(file), soon());
  }
  // Runs all of them side by side, begun in this order.
  Async<> together(std::vector<std::function<Async<>()>> jobs) {
    auto finished = std::make_shared<Signal>();
    auto left = jobs.size();
    for (auto const& job : jobs)
      spawn(co_await asio::this_coro::executor, [&, finished]() -> asio::awaitable<void> {
        auto const done = co_await job();
        EXPECT_TRUE(done) << done.error().to_string();
        if (--left == 0) finished->notify();
      });
    while (left > 0) {
      auto const ticket = finished->ticket();
      if (left == 0) break;
      CO_TRY(auto const woken, co_await finished->wait(ticket, soon()));
      if (!woken) co_return fail(Code::timeout);
    }
    co_return Result<void>{};
  }
  Async<> remove(std::string id) {
    CO_CHECK(co_await services->removal.remove(ana(), UploadId{id}));
    co_return Result<void>{};
  }
  std::vector<std::string> strays() {
    auto wrong = world.wrong_usage();
    if (testing::over_memory_engine()) return wrong;  // whose objects are in no table
    EXPECT_TRUE(testing::read_now(*world.database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const found, check_objects(tx));
      wrong.insert(wrong.end(), found.begin(), found.end());
      return {};
    }));
    return wrong;
  }
  Async<std::string> content(std::string id) {
    CO_TRY(auto const upload, co_await services->reading.get(TenantId{"acme"}, UploadId{id}, soon()));
    CO_TRY(auto reader, co_await store->open({"hoist", key_of(upload)}, {}, soon()));
    auto bytes = std::string{};
    auto buffer = std::array<char, 64>{};
    while (true) {
      CO_TRY(auto const count, co_await reader->read(buffer));
      if (count == 0) co_return bytes;
      bytes.append(buffer.data(), count);
    }
  }

  World world;
  Pool pool{{.name = "files", .threads = 2}};
  std::variant<std::unique_ptr<disk::Objects>, std::unique_ptr<memory::Objects>> owner;
  ServedObjects* store = nullptr;
  std::unique_ptr<Services> services;
};

TEST_F(UploadsInTheirStore, P6_OfFiftyWritersToOneGrantExactlyOneIsStored) {
  auto const id = create(5);
  auto stored = 0;
  auto winner = std::string{};
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    auto finished = std::make_shared<Signal>();
    auto left = 50;
    for (auto i = 0; i < 50; ++i)
      spawn(co_await asio::this_coro::executor, [&, i, finished]() -> asio::awaitable<void> {
        auto bytes = fmt::format("body{}", static_cast<char>('0' + i));
        auto const done = co_await put(id, bytes);
        if (done) {
          ++stored;
          winner = bytes;
        }
        if (--left == 0) finished->notify();
      });
    while (left > 0) {
      auto const ticket = finished->ticket();
      if (left == 0) break;
      CO_TRY(auto const woken, co_await finished->wait(ticket, soon()));
      if (!woken) co_return fail(Code::timeout);
    }
    co_return Result<void>{};
  }));
  EXPECT_EQ(stored, 1);
  EXPECT_EQ(world.wait<std::string>([&] { return content(id); }).value_or("none"), winner);
  EXPECT_EQ(world.messages(id).size(), 1U);
  EXPECT_EQ(world.status(id), "UPLOADED");
}

TEST_F(UploadsInTheirStore, TheDeletionOfTheLastRecordAndANewOneOverItsBytesExcludeEachOther) {
  auto shared = 0;
  auto asked_for = 0;
  for (auto round = 0; round < 40; ++round) {
    auto const bytes = fmt::format("round {}", round);
    auto const first = world.wait<Upload>([&] { return create_in("site-1", bytes); })->id.str();
    ASSERT_TRUE(world.wait([&] { return put(first, bytes); }));
    ASSERT_TRUE(world.wait([&] { return complete(first, bytes); }));
    auto second = Upload{};
    auto jobs = std::vector<std::function<Async<>()>>{[&] { return remove(first); },
                                                      [&]() -> Async<> {
                                                        CO_TRY(second, co_await create_in("site-2", bytes));
                                                        co_return Result<void>{};
                                                      }};
    if (round % 2 == 1) std::swap(jobs[0], jobs[1]);
    ASSERT_TRUE(world.wait([&] { return together(jobs); }));
    auto const id = second.id.str();
    if (second.state == UploadState::completed) {
      ++shared;
      ASSERT_EQ(world.wait<std::string>([&] { return content(id); }).value_or("lost"), bytes);
    } else {
      ++asked_for;
      ASSERT_EQ(second.state, UploadState::pending);
    }
    ASSERT_EQ(strays(), std::vector<std::string>{});
  }
  EXPECT_GT(shared, 0);
  EXPECT_GT(asked_for, 0);
}

TEST_F(UploadsInTheirStore, OfManyRecordsDeletedAtOnceTheLastTakesTheBytes) {
  auto const first = world.wait<Upload>([&] { return create_in("site-1", "hello"); })->id.str();
  ASSERT_TRUE(world.wait([&] { return put(first, "hello"); }));
  ASSERT_TRUE(world.wait([&] { return complete(first, "hello"); }));
  auto jobs = std::vector<std::function<Async<>()>>{[&] { return remove(first); }};
  for (auto i = 2; i < 12; ++i) {
    auto const other = world.wait<Upload>([&] { return create_in(fmt::format("site-{}", i), "hello"); });
    ASSERT_EQ(other->state, UploadState::completed);
    jobs.emplace_back([this, id = other->id.str()] { return remove(id); });
  }
  auto const key = ObjectRef{"hoist", key_of(world.stored(first))};
  ASSERT_TRUE(world.wait([&] { return together(jobs); }));
  EXPECT_EQ(strays(), std::vector<std::string>{});
  auto const gone = world.wait<ObjectInfo>([&] { return store->head(key, soon()); });
  EXPECT_EQ(gone ? Code::internal : gone.error().code(), Code::not_found);
  EXPECT_EQ(world.usage().bytes, 0);
}

TEST_F(UploadsInTheirStore, ARefusedObjectLeavesNothing) {
  auto const id = create(5);
  EXPECT_FALSE(world.wait([&] { return put(id, "too long"); }));
  EXPECT_FALSE(world.wait([&] { return put("01890000-0000-7000-8000-000000000000", "hello"); }));
  EXPECT_FALSE(world.wait<std::string>([&] { return content(id); }));
  EXPECT_EQ(world.status(id), "PENDING");
  EXPECT_TRUE(world.messages(id).empty());
}

TEST_F(UploadsInTheirStore, PartsBecomeTheObjectByThemselvesOnceAllAreThere) {
  auto const id = create(10, true);
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    services->completion.start(co_await asio::this_coro::executor);
    auto const news = world.wakeups.watch(uploads_of(TenantId{"acme"}));
    CO_CHECK(co_await put_part(id, 3, "ij"));
    CO_CHECK(co_await put_part(id, 1, "abcd"));
    EXPECT_FALSE(co_await put_part(id, 1, "ab"));
    CO_CHECK(co_await put_part(id, 2, "efgh"));
    while (true) {
      auto const ticket = news->ticket();
      CO_TRY(auto const upload, co_await services->reading.get(TenantId{"acme"}, UploadId{id}, soon()));
      if (upload.state == UploadState::uploaded) break;
      CO_TRY(auto const told, co_await news->wait(ticket, soon()));
      EXPECT_TRUE(told);
      if (!told) break;
    }
    EXPECT_EQ(co_await services->completion.drain(soon()), true);
    co_return Result<void>{};
  }));
  EXPECT_EQ(world.wait<std::string>([&] { return content(id); }).value_or("none"), "abcdefghij");
  EXPECT_EQ(world.status(id), "UPLOADED");
  auto late = world.wait([&] { return put_part(id, 1, "evil"); });
  EXPECT_FALSE(late);
}

TEST_F(UploadsInTheirStore, ADeletedUploadTakesItsObjectAlong) {
  auto const single = create(5);
  ASSERT_TRUE(world.wait([&] { return put(single, "hello"); }));
  auto const in_parts = create(4, true);
  ASSERT_TRUE(world.wait([&]() -> Async<> {
    CO_CHECK(co_await put_part(in_parts, 1, "abcd"));
    CO_TRY(auto upload, co_await services->reading.get(TenantId{"acme"}, UploadId{in_parts}, soon()));
    co_return co_await services->completion.settle(std::move(upload), soon());
  }));
  for (auto const& id : {single, in_parts}) {
    auto const removed = world.wait<Upload>([&] { return services->removal.remove(ana(), UploadId{id}); });
    ASSERT_TRUE(removed) << removed.error().to_string();
    EXPECT_FALSE(world.wait<std::string>([&] { return content(id); }));
    EXPECT_EQ(world.status(id), "DELETED");
    EXPECT_FALSE(world.stored(id).deadline);
  }
  EXPECT_TRUE(world.wrong_usage().empty());
}

}  // namespace
}  // namespace hoist::uploads
