#include "hosts/checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <unistd.h>

#include "base/ed25519.hpp"
#include "base/try.hpp"
#include "hosts/open_engine.hpp"

namespace hoist::hosts {
namespace {

using Problems = std::vector<std::string>;

class ChecksTest : public testing::Test {
 protected:
  ChecksTest() {
    auto config = Config{};
    config.server.data = folder_;
    auto engine = open_engine(config, Mode::serve, metrics_, false);
    EXPECT_TRUE(engine) << engine.error().to_string();
    engine_ = *std::move(engine);
  }
  ~ChecksTest() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::map<std::string, Problems> found() {
    auto found = std::map<std::string, Problems>{};
    for (auto const& check : checks_of(*engine_, engine_->records(), metrics_)) {
      auto problems = run_to_end<Problems>(check.run);
      EXPECT_TRUE(problems) << check.name << problems.error().to_string();
      found[check.name] = problems.value_or(Problems{});
    }
    return found;
  }
  void run(std::string sql) {
    EXPECT_TRUE(run_to_end<void>([&] {
      auto work = [&](sql::Transaction& tx) -> Result<void> {
        CHECK(tx.execute(sql));
        return {};
      };
      return engine_->records().database.write(Scope::system(), work, deadline_in(std::chrono::seconds{20}));
    }));
  }

  std::string folder_ = testing::TempDir() + "hoist-checks-" + std::to_string(getpid());
  Metrics metrics_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(ChecksTest, TheEngineAndEveryFeatureAreAsked) {
  auto const missing_key = Problems{"keys/event_log.pem is missing"};  // its feature makes it
  EXPECT_EQ(found(), (std::map<std::string, Problems>{{"database", {}},
                                                      {"events", missing_key},
                                                      {"objects", {}},
                                                      {"projects", {}},
                                                      {"quota", {}},
                                                      {"tasks", {}}}));
}

TEST_F(ChecksTest, AnEventLogIsCheckedWithItsKeyUnlessOthersCanReadThat) {
  auto const* const name = "keys/event_log.pem";
  ASSERT_TRUE(engine_->records().secrets.replace(name, Ed25519Key::generate().to_pem()));
  EXPECT_EQ(found().at("events"), Problems{});
  std::filesystem::permissions(folder_ + "/" + name, std::filesystem::perms{0644});
  auto const all = checks_of(*engine_, engine_->records(), metrics_);
  auto const events = std::ranges::find(all, "events", &Check::name);
  ASSERT_NE(events, all.end());
  auto const problems = run_to_end<Problems>(events->run);
  ASSERT_FALSE(problems);
  EXPECT_EQ(problems.error().code(), Code::invalid);
}

TEST_F(ChecksTest, WhatIsWrongIsSaidByTheFeatureThatItIsOf) {
  run("INSERT INTO tenant_usage (tenant, bytes, files, change_seq) VALUES ('acme', 5, 1, 1)");
  run("INSERT INTO project_counts (tenant, project_id, state, files, bytes, updated_us) "
      "VALUES ('acme', 'site', 'COMPLETED', 1, 5, 1)");
  run("INSERT INTO objects (bucket, key, version, size, etag, content_type, sha256, attributes, modified_us) "
      "VALUES ('hoist', 'acme/site/uploads/018c5902-b981-797c-adf7-4f0f089da18f', 'v', 5, 'e', '', '', '', "
      "1)");
  run("INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence) "
      "VALUES ('tasks', 'acme', 'g', 0, 'forged', 0, 0)");
  auto const all = found();
  for (auto const* name : {"objects", "projects", "quota", "tasks"})
    EXPECT_EQ(all.at(name).size(), 1U) << name;
}

}  // namespace
}  // namespace hoist::hosts
