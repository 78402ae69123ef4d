#include "adapters/disk/object_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "contract/served_objects_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

namespace fs = std::filesystem;

struct Events final : Arrivals, ObjectNotes {
  [[nodiscard]] std::optional<TenantId> owner_of(ObjectRef const& ref) const override {
    return TenantId{ref.key.substr(0, ref.key.find('/'))};
  }
  Result<void> on_created(sql::Transaction& tx, ObjectInfo const& object) override {
    if (object.ref.key.starts_with("refused")) return fail(Code::forbidden, "Nobody was granted this key.");
    tx.after_commit([this, key = object.ref.key] { created.push_back(key); });
    return {};
  }
  Result<void> on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const&,
                       PartInfo const& part) override {
    if (ref.key.starts_with("refused")) return fail(Code::forbidden, "Nobody was granted this key.");
    tx.after_commit([this, number = part.number] { parts.push_back(number); });
    return {};
  }
  Result<void> on_removed(sql::Transaction& tx, ObjectRef const& ref) override {
    tx.after_commit([this, key = ref.key] { removed.push_back(key); });
    return {};
  }
  Result<std::string> note_for(sql::Transaction&, ObjectRef const& ref) override {
    return "about " + ref.key;
  }
  Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object,
                            std::string const& note) override {
    tx.after_commit([this, note] { notes.insert(note); });
    return !object.ref.key.starts_with("unwanted");
  }
  std::set<std::string> notes;
  std::vector<std::string> created;
  std::vector<std::string> removed;
  std::vector<int> parts;
};

class DiskStore : public ServedObjectsSubject {
 public:
  explicit DiskStore(fs::path root = {})
      : root_{root.empty() ? database_.folder() / "objects" : std::move(root)} {
    open({});
  }
  ServedObjects& store() override { return *objects_; }
  Events& events() { return events_; }
  disk::Objects& disk() { return *objects_; }
  sql::Database& database() { return *database_; }
  fs::path const& root() const { return root_; }

  void open(disk::Options options) {
    options.root = root_.string();
    options.buckets = {"bucket", "quarantine"};
    options.part_bytes_min = part_bytes_min;
    if (options.free_bytes_min == disk::Options{}.free_bytes_min) options.free_bytes_min = 0;
    objects_.reset();
    objects_ = *disk::Objects::open(std::move(options), *database_, pool_, clock_, database_.metrics(),
                                    {.arrivals = &events_, .notes = &events_});
  }
  // As after kill -9: what was in memory is gone.
  void restart() {
    database_.reopen();
    open({});
  }

 private:
  SystemClock clock_;
  testing::TestDatabase database_ = testing::fast_database();
  Pool pool_{{.name = "files", .threads = 4}};
  fs::path root_;
  Events events_;
  std::unique_ptr<disk::Objects> objects_;
};

INSTANTIATE_TEST_SUITE_P(Disk, ObjectStoreContract, ::testing::Values(served_by<DiskStore>("Disk")));
INSTANTIATE_TEST_SUITE_P(Disk, ServedObjectsContract,
                         ::testing::Values([] { return std::make_unique<DiskStore>(); }));

class DiskObjects : public ::testing::Test {
 protected:
  static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }
  disk::Objects& store() { return subject_.disk(); }
  Result<ObjectInfo> put(std::string key, std::string bytes) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      CO_TRY(auto writer,
             co_await store().create({"bucket", key}, static_cast<std::int64_t>(bytes.size()), soon()));
      CO_CHECK(co_await writer->write(bytes));
      co_return co_await writer->commit({});
    });
  }
  Result<std::string> get(std::string key, std::optional<ByteRange> range = std::nullopt) {
    return run_to_end<std::string>([&]() -> Async<std::string> {
      CO_TRY(auto reader, co_await store().open({"bucket", key}, range, soon()));
      auto text = std::string{};
      auto buffer = std::array<char, 4096>{};
      while (true) {
        CO_TRY(auto const count, co_await reader->read(buffer));
        if (count == 0) co_return text;
        text.append(buffer.data(), count);
      }
    });
  }
  Result<void> remove(std::string key) {
    return run_to_end<void>([&] { return store().remove({"bucket", key}, soon()); });
  }
  disk::Swept sweep(Time now) {
    return *run_to_end<disk::Swept>([&] { return store().sweep(now); });
  }
  // A reader lets go of its file a moment after its last byte, so sweeps are repeated.
  std::int64_t sweep_files(std::int64_t wanted) {
    auto files = std::int64_t{0};
    for (auto attempt = 0; attempt < 1000 && files < wanted; ++attempt)
      files += sweep(later(std::chrono::hours{1})).files;
    return files;
  }
  disk::Orphans set_orphans_aside(Time now) {
    return *run_to_end<disk::Orphans>([&] { return store().set_orphans_aside(now); });
  }
  disk::Recovered recover() {
    return *run_to_end<disk::Recovered>([&] { return store().recover(&subject_.events()); });
  }
  void lose_all_rows() {
    ASSERT_TRUE(testing::write_now(subject_.database(), [](sql::Transaction& tx) -> Result<void> {
      for (auto const* table :
           {"objects", "object_segments", "multiparts", "multipart_parts", "blob_garbage", "buckets"})
        CHECK(tx.execute(std::string{"DELETE FROM "} + table));
      return {};
    }));
  }
  Result<ObjectInfo> put_in_parts(std::string key, std::vector<std::string> const& pieces) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      auto const ref = ObjectRef{"bucket", key};
      CO_TRY(auto const id, co_await store().create_multipart(ref, {.content_type = "video/mp4"}, soon()));
      auto parts = std::vector<PartInfo>{};
      for (auto const& piece : pieces) {
        auto const number = static_cast<int>(parts.size()) + 1;
        CO_TRY(auto writer, co_await store().create_part(ref, id, number, soon()));
        CO_CHECK(co_await writer->write(piece));
        CO_TRY(auto const info, co_await writer->commit({}));
        parts.push_back({number, info.size, info.etag, {}, {}});
      }
      co_return co_await store().complete_multipart(ref, id, parts, soon(), {});
    });
  }
  // Files with something in them; waiting spares are empty.
  std::vector<fs::path> files() {
    auto found = std::vector<fs::path>{};
    auto gone = std::error_code{};  // the pool may be deleting meanwhile
    for (auto const& entry : fs::recursive_directory_iterator{subject_.root(), gone}) {
      auto const size = entry.file_size(gone);
      if (!gone && entry.is_regular_file(gone) && size > 0) found.push_back(entry.path());
    }
    return found;
  }
  static Time later(std::chrono::hours by) { return SystemClock{}.now() + by; }

  DiskStore subject_;
};

TEST_F(DiskObjects, ReplacedAndRemovedFilesGoAfterTheirGrace) {
  ASSERT_TRUE(put("k", "one"));
  ASSERT_TRUE(put("k", "two"));
  ASSERT_TRUE(put("other", "three"));
  ASSERT_TRUE(remove("other"));
  EXPECT_EQ(files().size(), 3U);
  EXPECT_EQ(sweep(SystemClock{}.now()).files, 0);
  EXPECT_EQ(sweep_files(2), 2);
  EXPECT_EQ(files().size(), 1U);
  EXPECT_EQ(get("k").value_or("?"), "two");
}

TEST_F(DiskObjects, AFileSharedByCopiesStaysUntilTheLastIsGone) {
  ASSERT_TRUE(put("a", "bytes"));
  ASSERT_TRUE(
      run_to_end<ObjectInfo>([&] { return store().copy({"bucket", "a"}, {"bucket", "b"}, {}, soon()); }));
  EXPECT_EQ(files().size(), 2U) << "the bytes, and the label of the copy";
  ASSERT_TRUE(remove("a"));
  sweep(later(std::chrono::hours{1}));
  EXPECT_EQ(get("b").value_or("?"), "bytes");
  ASSERT_TRUE(remove("b"));
  EXPECT_EQ(sweep_files(2), 2);
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskObjects, AnOpenReaderKeepsItsFileFromTheSweeper) {
  ASSERT_TRUE(put("k", std::string(10'000, 'x')));
  auto const done = run_to_end<std::size_t>([&]() -> Async<std::size_t> {
    CO_TRY(auto reader, co_await store().open({"bucket", "k"}, std::nullopt, soon()));
    CO_CHECK(co_await store().remove({"bucket", "k"}, soon()));
    CO_TRY(auto swept, co_await store().sweep(later(std::chrono::hours{1})));
    EXPECT_EQ(swept.files, 0);
    auto buffer = std::vector<char>(20'000);
    co_return co_await reader->read(buffer);
  });
  EXPECT_EQ(done.value_or(0), 10'000U);
  EXPECT_EQ(sweep_files(1), 1);
}

TEST_F(DiskObjects, OrphansOfACrashGoAndReferencedFilesStay) {
  ASSERT_TRUE(put("k", "bytes"));
  auto const kept = files().at(0);
  auto const orphan = kept.parent_path() / "0192f0c0-0000-7000-8000-000000000000";
  std::ofstream{orphan} << "left by a crash";
  EXPECT_EQ(set_orphans_aside(SystemClock{}.now()).set_aside, 0) << "too young";
  subject_.restart();
  EXPECT_EQ(set_orphans_aside(later(std::chrono::hours{2})).set_aside, 1);
  EXPECT_FALSE(fs::exists(orphan));
  auto const aside = subject_.root() / "lost+found" / orphan.parent_path().filename() / orphan.filename();
  EXPECT_TRUE(fs::exists(aside));
  EXPECT_TRUE(fs::exists(kept));
  EXPECT_EQ(get("k").value_or("?"), "bytes");
  sweep(later(std::chrono::hours{24 * 13}));
  EXPECT_TRUE(fs::exists(aside)) << "its time is not over";
  EXPECT_EQ(sweep(later(std::chrono::hours{24 * 15})).files, 1);
  EXPECT_FALSE(fs::exists(aside.parent_path()));
}

TEST_F(DiskObjects, FilesOfALostDatabaseAreLeftAlone) {
  subject_.open({.orphans_at_once_max = 2});
  for (auto const* key : {"a", "b", "c"}) ASSERT_TRUE(put(key, key));
  lose_all_rows();
  auto const orphans = set_orphans_aside(later(std::chrono::hours{2}));
  EXPECT_EQ(orphans.left, 3);
  EXPECT_EQ(orphans.set_aside, 0);
  EXPECT_EQ(files().size(), 3U);
  EXPECT_EQ(recover().objects, 3);
  EXPECT_EQ(set_orphans_aside(later(std::chrono::hours{2})).left, 0);
  EXPECT_EQ(get("b").value_or("?"), "b");
}

TEST_F(DiskObjects, BucketsThatWereMadeComeBackWithTheirObjects) {
  ASSERT_TRUE(put("k", "bytes"));
  ASSERT_TRUE(run_to_end<bool>([&] { return store().create_bucket("made", soon()); }));
  auto const ref = ObjectRef{"made", "k"};
  ASSERT_TRUE(run_to_end<ObjectInfo>([&] { return store().copy({"bucket", "k"}, ref, {}, soon()); }));
  lose_all_rows();
  EXPECT_EQ(recover().objects, 2);
  EXPECT_TRUE(run_to_end<ObjectInfo>([&] { return store().head(ref, soon()); }));
}

TEST_F(DiskObjects, RowsAreMadeAgainFromTheFilesAlone) {
  auto& events = subject_.events();
  ASSERT_TRUE(put("replaced", "old"));
  ASSERT_TRUE(put("replaced", "new"));
  ASSERT_TRUE(put("unwanted", "by the listener"));
  ASSERT_TRUE(put("empty", ""));
  auto const whole = put_in_parts("in-parts", {std::string(part_bytes_min, 'x'), "end"});
  ASSERT_TRUE(whole);
  auto const tags = StringMap{{"why", "copied"}};
  auto const tagged = CopyOptions{.put = PutOptions{.content_type = "video/mp4", .tags = tags}};
  ASSERT_TRUE(run_to_end<ObjectInfo>(
      [&] { return store().copy({"bucket", "in-parts"}, {"bucket", "copy"}, tagged, soon()); }));
  lose_all_rows();
  subject_.restart();

  auto const recovered = recover();
  EXPECT_EQ(recovered.unlabelled + recovered.incomplete, 0);
  EXPECT_EQ(recovered.parts, 2);
  EXPECT_EQ(get("replaced").value_or("?"), "new");
  EXPECT_EQ(get("empty").value_or("?"), "");
  EXPECT_FALSE(get("unwanted"));
  EXPECT_TRUE(events.notes.contains("about copy"));
  for (auto const* key : {"in-parts", "copy"}) {
    auto const info = run_to_end<ObjectInfo>([&] { return store().head({"bucket", key}, soon()); });
    ASSERT_TRUE(info) << key;
    EXPECT_EQ(info->etag, whole->etag);
    EXPECT_EQ(info->content_type, "video/mp4");
    EXPECT_EQ(info->tags, key == std::string_view{"copy"} ? tags : StringMap{});
    EXPECT_EQ(get(key).value_or("?"), std::string(part_bytes_min, 'x') + "end");
  }
  EXPECT_EQ(recover().objects, 0) << "nothing is left to do";
}

TEST_F(DiskObjects, AnObjectWhosePartIsGoneIsNotRecovered) {
  constexpr auto part_bytes = 10'000;
  ASSERT_TRUE(put_in_parts("in-parts", {std::string(part_bytes, 'x'), "end"}));
  for (auto const& file : files())
    if (fs::file_size(file) > part_bytes) fs::remove(file);
  lose_all_rows();
  EXPECT_EQ(recover().incomplete, 1);
  EXPECT_FALSE(get("in-parts"));
}

TEST_F(DiskObjects, BytesThatEndLikeALabelAreNone) {
  ASSERT_TRUE(put("theirs", "x"));
  auto const file = files().at(0);
  auto stream = std::ifstream{file, std::ios::binary};
  auto const labelled = std::string{std::istreambuf_iterator<char>{stream}, {}};
  lose_all_rows();
  fs::remove(file);
  std::ofstream{file.parent_path() / "0192f0c0-0000-7000-8000-000000000000"} << labelled;
  auto const recovered = recover();
  EXPECT_EQ(recovered.unlabelled, 1);
  EXPECT_EQ(recovered.objects, 0);
}

TEST_F(DiskObjects, TheScanNeverTouchesFilesBeingWritten) {
  auto const done = run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
    CO_TRY(auto writer, co_await store().create({"bucket", "k"}, std::nullopt, soon()));
    CO_CHECK(co_await writer->write(std::string(disk::buffer_bytes * 2, 'x')));
    CO_CHECK(co_await store().set_orphans_aside(later(std::chrono::hours{100})));
    co_return co_await writer->commit({});
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(get("k").value_or("").size(), disk::buffer_bytes * 2);
}

TEST_F(DiskObjects, UnfinishedWritersLeaveNoFile) {
  for (auto i = 0; i < 3; ++i)
    static_cast<void>(run_to_end<void>([&]() -> Async<> {
      CO_TRY(auto writer, co_await store().create({"bucket", "k"}, std::nullopt, soon()));
      co_return co_await writer->write(std::string(disk::buffer_bytes * 3, 'x'));
    }));

  for (auto attempt = 0; attempt < 1000 && !files().empty(); ++attempt) std::this_thread::yield();
  EXPECT_TRUE(files().empty());
}

TEST(DiskObjectsAtTheEnd, AWriterMayOutliveTheStoreAndItsPool) {
  auto writer = std::unique_ptr<ObjectWriter>{};
  auto const database = testing::fast_database();
  auto const clock = SystemClock{};
  {
    auto pool = Pool{{.name = "files", .threads = 1}};
    auto options = disk::Options{};
    options.root = (database.folder() / "objects").string();
    options.buckets = {"bucket"};
    auto const store = *disk::Objects::open(std::move(options), *database, pool, clock, database.metrics());
    static_cast<void>(run_to_end<void>([&]() -> Async<> {
      CO_TRY(writer,
             co_await store->create({"bucket", "k"}, std::nullopt, deadline_in(std::chrono::seconds{30})));
      co_return co_await writer->write(std::string(disk::buffer_bytes * 2, 'x'));
    }));
    ASSERT_TRUE(writer);
  }
  writer.reset();
  for (auto const& entry : fs::recursive_directory_iterator{database.folder() / "objects"})
    EXPECT_FALSE(entry.is_regular_file() && entry.file_size() > 0) << entry.path();
}

TEST_F(DiskObjects, ListenersHearOfEveryChangeAndMayRefuse) {
  auto& events = subject_.events();
  ASSERT_TRUE(put("k", "bytes"));
  ASSERT_TRUE(remove("k"));
  ASSERT_TRUE(remove("k"));
  auto const refused = put("refused", "bytes");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::forbidden);
  EXPECT_EQ(events.created, (std::vector<std::string>{"k"}));
  EXPECT_EQ(events.removed, (std::vector<std::string>{"k"}));
  EXPECT_EQ(get("refused").error().code(), Code::not_found);
  for (auto attempt = 0; attempt < 100'000 && files().size() > 1; ++attempt) std::this_thread::yield();
  EXPECT_EQ(files().size(), 1U) << "only the removed object's, waiting for the sweep";
}

TEST_F(DiskObjects, AbandonedUploadsAreGivenUpAndSwept) {
  auto const id =
      *run_to_end<std::string>([&] { return store().create_multipart({"bucket", "k"}, {}, soon()); });
  ASSERT_TRUE(run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
    CO_TRY(auto writer, co_await store().create_part({"bucket", "k"}, id, 1, soon()));
    CO_CHECK(co_await writer->write("bytes"));
    co_return co_await writer->commit({});
  }));
  EXPECT_EQ(sweep(later(std::chrono::hours{24})).multiparts, 0);
  auto const swept = sweep(later(std::chrono::hours{24 * 8}));
  EXPECT_EQ(swept.multiparts, 1);
  // The part's writer lets go of its file on a thread of the pool, perhaps only now.
  auto swept_files = std::int64_t{0};
  for (auto attempt = 0; attempt < 100'000 && swept_files == 0; ++attempt)
    swept_files = sweep(later(std::chrono::hours{24 * 9})).files;
  EXPECT_EQ(swept_files, 1);
  EXPECT_TRUE(files().empty());
}

TEST_F(DiskObjects, EverythingIsThereAfterARestart) {
  for (auto i = 0; i < 100; ++i) ASSERT_TRUE(put("k" + std::to_string(i), "bytes " + std::to_string(i)));
  subject_.restart();
  for (auto i = 0; i < 100; ++i)
    EXPECT_EQ(get("k" + std::to_string(i)).value_or("?"), "bytes " + std::to_string(i));
}

TEST_F(DiskObjects, FoldersAndFilesAreForTheOwnerOnly) {
  ASSERT_TRUE(put("k", "bytes"));
  for (auto const& entry : fs::recursive_directory_iterator{subject_.root()}) {
    auto const mode = static_cast<unsigned>(entry.status().permissions()) & 0777U;
    EXPECT_EQ(mode, entry.is_directory() ? 0700U : 0600U) << entry.path();
  }
}

TEST_F(DiskObjects, FullDisksAreRefusedEarlyAndRecover) {
  auto options = disk::Options{};
  options.free_bytes_min = std::int64_t{1} << 60;
  subject_.open(options);
  auto const refused = put("k", "bytes");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::storage_full);
  subject_.open({});
  EXPECT_TRUE(put("k", "bytes"));
}

TEST_F(DiskObjects, TooManyWritersAreToldToComeBack) {
  auto options = disk::Options{};
  options.writers_max = 2;
  subject_.open(options);
  auto const result = run_to_end<void>([&]() -> Async<> {
    CO_TRY(auto one, co_await store().create({"bucket", "1"}, std::nullopt, soon()));
    CO_TRY(auto two, co_await store().create({"bucket", "2"}, std::nullopt, soon()));
    auto const three = co_await store().create({"bucket", "3"}, std::nullopt, soon());
    EXPECT_EQ(three ? Code::count_ : three.error().code(), Code::unavailable);
    two.reset();
    CO_TRY(auto again, co_await store().create({"bucket", "3"}, std::nullopt, soon()));
    co_return Result<void>{};
  });
  EXPECT_TRUE(result);
}

TEST_F(DiskObjects, S10_AFlippedByteIsAnErrorAndScrubReportsIt) {
  auto const text = std::string(20'000, 'x');
  auto random = std::mt19937{7};
  for (auto round = 0; round < 50; ++round) {
    ASSERT_TRUE(put("k", text));
    ASSERT_EQ(files().size(), 1U);
    auto const path = files().at(0);
    auto const spot = random() % text.size();
    {
      auto file = std::fstream{path, std::ios::in | std::ios::out | std::ios::binary};
      file.seekp(static_cast<std::streamoff>(spot));
      file.put(static_cast<char>('x' ^ (1 << random() % 8)));
    }
    auto const read = get("k");
    ASSERT_FALSE(read) << spot;
    EXPECT_EQ(read.error().code(), Code::corrupt);
    auto reports = std::vector<disk::Damage>{};
    auto const scrubbed = run_to_end<disk::Scrubbed>(
        [&] { return store().scrub([&](disk::Damage const& damage) { reports.push_back(damage); }); });
    EXPECT_EQ(scrubbed->files, 1);
    EXPECT_EQ(scrubbed->damaged, 1);
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].objects, (std::vector<ObjectRef>{{"bucket", "k"}}));
    ASSERT_TRUE(remove("k"));
    ASSERT_EQ(sweep_files(1), 1);
  }
}

TEST_F(DiskObjects, AScrubReadsAFileToItsEnd) {
  auto text = std::string(disk::buffer_bytes * 2 + 1, 'x');
  text.back() = 'y';
  ASSERT_TRUE(put("k", text));
  auto const scrub = [&] {
    return run_to_end<disk::Scrubbed>([&] { return store().scrub([](disk::Damage const&) {}); })->damaged;
  };
  EXPECT_EQ(scrub(), 0);
  auto file = std::fstream{files().at(0), std::ios::in | std::ios::out | std::ios::binary};
  file.seekp(static_cast<std::streamoff>(text.size()) - 1);
  file << 'z' << std::flush;
  EXPECT_EQ(scrub(), 1);
}

TEST_F(DiskObjects, S10_LostAndTruncatedFilesAreErrorsForRangesToo) {
  ASSERT_TRUE(put("k", std::string(20'000, 'x')));
  auto const path = files().at(0);
  fs::resize_file(path, 19'999);
  EXPECT_EQ(get("k", ByteRange{0, 9}).error().code(), Code::corrupt);
  fs::remove(path);
  EXPECT_EQ(get("k").error().code(), Code::corrupt);
}

TEST_F(DiskObjects, S9_PlantedLinksAndDevicesAreNotFollowed) {
  ASSERT_TRUE(put("k", "bytes"));
  auto const path = files().at(0);
  auto const secret = subject_.root().parent_path() / "secret";
  std::ofstream{secret} << "12345";
  auto const planted = std::vector<std::function<void()>>{
      [&] { fs::create_symlink(secret, path); },
      [&] { fs::create_hard_link(secret, path); },
      [&] { ::mkfifo(path.c_str(), 0600); },
      [&] { fs::create_directory(path); },
      [&] { static_cast<void>(::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 5))); },
  };
  for (auto const& plant : planted) {
    fs::remove(path);
    plant();
    auto const read = get("k");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), Code::corrupt);
  }
}

// A file system of one megabyte, where the machine lets us mount one.
class SmallDisk {
 public:
  SmallDisk() {
    folder_ = fs::temp_directory_path() / ("hoist-small-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=1m") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(folder_.c_str(), MNT_DETACH);
    fs::remove_all(folder_);
  }
  [[nodiscard]] bool mounted() const { return mounted_; }
  [[nodiscard]] fs::path const& folder() const { return folder_; }

 private:
  fs::path folder_;
  bool mounted_ = false;
};

TEST(DiskObjectsOnASmallDisk, ADiskThatFillsUpMidwayKeepsNothingAndRecovers) {
  auto const small = SmallDisk{};
  if (!small.mounted()) GTEST_SKIP() << "mounting is not allowed here";
  auto subject = DiskStore{small.folder() / "objects"};
  auto const put = [&](std::string key, std::string bytes) {
    return run_to_end<ObjectInfo>([&]() -> Async<ObjectInfo> {
      auto const deadline = deadline_in(std::chrono::seconds{30});
      CO_TRY(auto writer, co_await subject.disk().create({"bucket", key}, std::nullopt, deadline));
      CO_CHECK(co_await writer->write(bytes));
      co_return co_await writer->commit({});
    });
  };
  auto const refused = put("big", std::string(3'000'000, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::storage_full);
  auto stored = put("small", std::string(500'000, 'x'));
  for (auto attempt = 0; attempt < 1000 && !stored; ++attempt)
    stored = put("small", std::string(500'000, 'x'));
  EXPECT_TRUE(stored) << stored.error().to_string();
}

}  // namespace
}  // namespace hoist::contract
