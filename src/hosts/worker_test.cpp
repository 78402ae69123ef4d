#include "hosts/worker.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

#include "base/secret_file.hpp"
#include "engines/data_folder.hpp"
#include "hosts/local_access.hpp"
#include "hosts/open_engine.hpp"

namespace hoist::hosts {
namespace {

class WorkerTest : public testing::Test {
 protected:
  WorkerTest() {
    config_.server.data = testing::TempDir() + "/hoist-worker-" + std::to_string(getpid());
    config_.server.listen = config_.server.objects_listen = "127.0.0.1:0";
  }
  ~WorkerTest() override { std::filesystem::remove_all(config_.server.data); }
  void serve_once() {
    auto metrics = Metrics{};
    ASSERT_TRUE(open_engine(config_, Mode::serve, metrics));
  }
  Config config_;
};

TEST_F(WorkerTest, WithoutDataItMakesNone) {
  auto const worker = Worker::open(config_);
  ASSERT_FALSE(worker);
  EXPECT_EQ(worker.error().code(), Code::not_found);
  EXPECT_FALSE(std::filesystem::exists(config_.server.data));
}

TEST_F(WorkerTest, AWebhookNeverGoesToThePortsOfTheServerBesideIt) {
  serve_once();
  config_.tasks.handler = tasks::HandlerKind::webhook;
  config_.tasks.webhook.url = "http://127.0.0.1:7000/";
  config_.tasks.webhook.target.allow_private = true;
  EXPECT_TRUE(Worker::open(config_));
  ASSERT_TRUE(write_secret_file(config_.server.data + "/" + cli_file, R"({"ports": [7000, 9000]})"));
  auto const refused = Worker::open(config_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid);
}

}  // namespace
}  // namespace hoist::hosts
