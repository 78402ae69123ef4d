#include "adapters/disk/journal_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/encode.hpp"
#include "base/hash.hpp"

namespace hoist::disk {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Journal : public ::testing::Test {
 protected:
  static void append(JournalFile& journal, RecordEntry entry) {
    journal.append(std::move(entry));
    ASSERT_TRUE(run_to_end<void>([&] { return journal.flush(deadline_in(10s)); }));
  }
  // The notes by record; "ended" for an end.
  std::map<std::string, std::string> entries() {
    auto found = std::map<std::string, std::string>{};
    EXPECT_TRUE(journal.read([&](RecordEntry entry) {
      found[entry.record + (entry.ended ? " ended" : "")] = entry.object + ":" + entry.note;
    }));
    return found;
  }
  static RecordEntry sharing(std::string record, std::string object, std::string note = {}) {
    return {.record = std::move(record), .object = std::move(object), .at = now, .note = std::move(note)};
  }
  static RecordEntry end(std::string record, std::string object, Time at = now) {
    return {.record = std::move(record), .object = std::move(object), .ended = true, .at = at};
  }

  static std::string make_folder() {
    auto pattern = (fs::temp_directory_path() / "hoist-journal-XXXXXX").string();
    return ::mkdtemp(pattern.data());
  }
  ~Journal() override { fs::remove_all(folder); }

  static constexpr auto now = Time{1'000h};
  std::string const folder = make_folder();
  std::string const path = folder + "/records.journal";
  Pool pool{{.name = "files", .threads = 2, .queue_max = 16}};
  JournalFile journal{path, pool};
};
using Entries = std::map<std::string, std::string>;

TEST_F(Journal, WhatWasFlushedIsReadByAnother) {
  EXPECT_TRUE(journal.is_new());
  append(journal, sharing("b", "a", "line\n\"two\""));
  append(journal, end("a", "a"));
  auto other = JournalFile{path, pool};
  auto found = std::vector<RecordEntry>{};
  ASSERT_TRUE(other.read([&](RecordEntry entry) { found.push_back(std::move(entry)); }));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].note, "line\n\"two\"");
  EXPECT_EQ(found[0].at, now);
  EXPECT_TRUE(found[1].ended);
  EXPECT_FALSE(other.is_new());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(Journal, ADamagedLineCostsOnlyItself) {
  append(journal, sharing("b", "a", "first"));
  auto const first = fs::file_size(path);
  append(journal, sharing("c", "a", "second"));
  append(journal, sharing("d", "a", "third"));
  auto file = std::fstream{path, std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(first) + 60);
  file << '#';
  file.close();
  EXPECT_EQ(entries(), (Entries{{"b", "a:first"}, {"d", "a:third"}}));
}

TEST_F(Journal, ALineThatIsWholeAndSaysNothingOfARecordIsPassedOver) {
  append(journal, sharing("b", "a", "first"));
  auto file = std::ofstream{path, std::ios::app};
  for (auto const* text : {"{", "[]", "{}", R"({"record": "x", "object": "a", "at_us": "late"})"})
    file << hex(sha256(text)).substr(0, 32) << ' ' << text << '\n';
  file.close();
  append(journal, sharing("c", "a", "last"));
  EXPECT_EQ(entries(), (Entries{{"b", "a:first"}, {"c", "a:last"}}));
}

TEST_F(Journal, WhatCouldNotBeWrittenWaitsForTheNextFlush) {
  fs::create_directory(path);
  journal.append(sharing("b", "a", "first"));
  EXPECT_FALSE(run_to_end<void>([&] { return journal.flush(deadline_in(10s)); }));
  fs::remove(path);
  append(journal, sharing("c", "a", "second"));
  EXPECT_EQ(entries(), (Entries{{"b", "a:first"}, {"c", "a:second"}}));
}

TEST_F(Journal, WhatIsShortenedKeepsTheEndsOfObjectsThatOthersAreOver) {
  append(journal, sharing("b", "a"));
  append(journal, sharing("c", "a"));
  append(journal, end("a", "a", now - 100h));
  append(journal, end("b", "a", now - 100h));
  append(journal, sharing("y", "x"));
  append(journal, end("x", "x", now - 100h));
  append(journal, end("y", "x", now - 100h));
  append(journal, end("young", "young"));
  auto const gone = journal.shorten(now - 1h);
  ASSERT_TRUE(gone);
  EXPECT_EQ(*gone, 4);
  EXPECT_EQ(entries(),
            (Entries{{"c", "a:"}, {"a ended", "a:"}, {"b ended", "a:"}, {"young ended", "young:"}}));
}

// Another process has the journal open while a server shortens it.
TEST_F(Journal, WhatIsAppendedAfterAnotherShortenedItIsKept) {
  auto server = JournalFile{path, pool};
  append(journal, sharing("b", "a"));
  append(journal, end("b", "a", now - 100h));
  append(journal, sharing("c", "a"));
  ASSERT_TRUE(server.shorten(now - 1h));
  append(journal, sharing("d", "a"));
  EXPECT_EQ(entries(), (Entries{{"b ended", "a:"}, {"c", "a:"}, {"d", "a:"}}));
}

TEST_F(Journal, WhatWaitsIsWrittenAtTheEnd) {
  {
    auto other = JournalFile{path, pool};
    other.append(sharing("b", "a"));
  }
  EXPECT_EQ(entries().size(), 1U);
}

}  // namespace
}  // namespace hoist::disk
