#include "hosts/local_access.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "hosts/server.hpp"

namespace hoist::hosts {
namespace {

using namespace std::chrono_literals;

struct NoUsage final : TenantUsage {
  Result<Usage> usage(sql::Transaction&, TenantId const&) override { return Usage{}; }
};

class LocalAccessTest : public ::testing::Test {
 protected:
  ~LocalAccessTest() override { std::filesystem::remove_all(folder_); }

  static Config config_in(std::string const& folder) {
    auto config = Config{};
    config.server.data = folder;
    config.server.listen = "127.0.0.1:0";
    config.server.objects_listen = "127.0.0.1:0";
    return config;
  }
  // Whether the job, run now, writes the file anew.
  bool renews() {
    std::filesystem::remove(file_);
    EXPECT_TRUE(run_to_end<bool>([&] { return jobs_.at(0).run(); }));
    return std::filesystem::exists(file_);
  }

  std::string folder_ = ::testing::TempDir() + "/hoist-access-" + std::to_string(getpid());
  std::unique_ptr<Server> server_ = *Server::open(config_in(folder_));
  std::unique_ptr<tenants::Feature> tenants_ = *tenants::Feature::make(
      server_->engine().records(), {}, std::make_unique<NoUsage>(), server_->engine().path("keys/tokens"));
  ManualClock clock_;
  std::string file_ = folder_ + "/access.json";
  LocalAccess access_{*tenants_, clock_, file_, {"http://api", "http://objects", {8080}}};
  std::vector<Job> jobs_ = access_.jobs();
};

TEST_F(LocalAccessTest, TheTokenOfTheCommandLineIsRenewedEveryDay) {
  ASSERT_TRUE(run_to_end<void>([&] { return access_.renew(deadline_in(30s)); }));
  EXPECT_EQ(ports_in_use(file_), std::set<std::uint16_t>{8080});
  for (auto day = 0; day < 8; ++day) {
    clock_.advance(23h);
    EXPECT_FALSE(renews()) << "day " << day;
    clock_.advance(1h);
    EXPECT_TRUE(renews()) << "day " << day;
  }
}

TEST_F(LocalAccessTest, AClockThatWasSetBackRenewsToo) {
  ASSERT_TRUE(run_to_end<void>([&] { return access_.renew(deadline_in(30s)); }));
  clock_.advance(-24h);
  EXPECT_TRUE(renews());
}

}  // namespace
}  // namespace hoist::hosts
