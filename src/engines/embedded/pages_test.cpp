#include "engines/embedded/pages.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/try.hpp"

namespace hoist::embedded {
namespace {

namespace fs = std::filesystem;

class Soundness : public ::testing::Test {
 protected:
  Soundness() { fs::create_directories(folder); }
  ~Soundness() override { fs::remove_all(folder); }

  // Of several pages, and closed.
  void make_database() const {
    auto metrics = Metrics{};
    auto const clock = SystemClock{};
    auto wakeups = memory::Wakeups{};
    auto const database = sqlite::open_database({.path = file, .readers = 1}, {clock, wakeups}, metrics);
    ASSERT_TRUE(database);
    auto const fill = [](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT)"));
      for (auto i = 0; i < 100; ++i)
        CHECK(tx.execute("INSERT INTO things (text) VALUES ($1)", {std::string(1000, 'x')}));
      return {};
    };
    ASSERT_TRUE(run_to_end<void>(
        [&] { return (*database)->write(Scope::system(), fill, deadline_in(std::chrono::seconds{30})); }));
  }
  void overwrite(std::streamoff at, std::size_t bytes) const {
    auto stream = std::fstream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekp(at) << std::string(bytes, '#');
  }

  fs::path const folder = fs::temp_directory_path() / ("hoist-pages-" + std::to_string(::getpid()));
  std::string const file = folder / "hoist.db";
};

TEST_F(Soundness, ADatabaseIsSoundWhereverItCanBeMadeOrRead) {
  EXPECT_EQ(is_sound(file), true) << "there is none";
  fs::remove(file);
  make_database();
  EXPECT_EQ(is_sound(file), true);
}

TEST_F(Soundness, DamageIsAnAnswerWhereverItIs) {
  make_database();
  overwrite(static_cast<std::streamoff>(fs::file_size(file)) / 2, 4096);
  EXPECT_EQ(is_sound(file), false);
  overwrite(0, 100);
  EXPECT_EQ(is_sound(file), false) << "the header";
}

TEST_F(Soundness, WhatCannotBeReadIsAnError) {
  fs::create_directory(file);
  EXPECT_FALSE(is_sound(file).has_value());
}

}  // namespace
}  // namespace hoist::embedded
