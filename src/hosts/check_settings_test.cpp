#include "hosts/check_settings.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

#include "hosts/server.hpp"

namespace hoist::hosts {
namespace {

TEST(CheckSettings, NamesTheSettingBeforeAFolderIsMade) {
  auto config = Config{};
  config.server.data = testing::TempDir() + "/hoist-never-made-" + std::to_string(getpid());
  config.server.listen = config.server.objects_listen = "127.0.0.1:0";
  auto const refused = [&](Config const& wrong, std::string_view setting) {
    auto const opened = Server::open(wrong);
    ASSERT_FALSE(opened) << setting;
    EXPECT_TRUE(opened.error().detail().starts_with(setting)) << opened.error().detail();
    EXPECT_FALSE(std::filesystem::exists(config.server.data)) << setting;
  };
  auto webhook = config;
  webhook.tasks.handler = tasks::HandlerKind::webhook;
  webhook.tasks.webhook.url = "http://127.0.0.1:7000/";
  refused(webhook, "tasks.webhook_url");
  webhook.tasks.webhook.url = "https://hooks.example/";
  webhook.tasks.webhook_secrets_file = "/nonexistent";
  refused(webhook, "tasks.webhook_secrets_file");
  auto command = config;
  command.tasks.handler = tasks::HandlerKind::command;
  command.tasks.command.command = {"relative"};
  refused(command, "tasks.command");
  auto tls = config;
  tls.server.tls_certificate_file = tls.server.tls_key_file = "/nonexistent";
  refused(tls, "server.tls_key_file");
}

}  // namespace
}  // namespace hoist::hosts
