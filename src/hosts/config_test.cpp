#include "hosts/config.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "model/file_types.hpp"

namespace hoist::hosts {
namespace {

class ConfigFile : public testing::Test {
 protected:
  std::string write(std::string const& text) {
    path_ = std::filesystem::temp_directory_path() / ("hoist-config-" + std::to_string(getpid()) + ".toml");
    std::ofstream{path_} << text;
    return path_;
  }
  ~ConfigFile() override { std::filesystem::remove(path_); }
  std::filesystem::path path_;
};

TEST_F(ConfigFile, FlagsWinOverEnvironmentAndEnvironmentOverTheFile) {
  auto sources = ConfigSources{};
  sources.file = write("[uploads]\nurl_lifetime_s = 60\nbatch_files_max = 10\npart_bytes = 6000000\n");
  sources.environment = {{"HOIST_UPLOADS_URL_LIFETIME_S", "70"}, {"HOIST_UPLOADS_BATCH_FILES_MAX", "20"}};
  sources.settings = {"uploads.url_lifetime_s=80"};
  auto const config = load_config(sources);
  ASSERT_TRUE(config) << config.error().detail();
  EXPECT_EQ(config->uploads.url_lifetime, std::chrono::seconds{80});
  EXPECT_EQ(config->uploads.batch_files_max, 20);
  EXPECT_EQ(config->uploads.part_bytes, 6'000'000);
}

TEST_F(ConfigFile, TheProcessingDeadlineIsFromTheBytesToTheEndOfAFile) {
  auto sources = ConfigSources{};
  sources.settings = {"uploads.processing_deadline_s=120"};
  auto const config = load_config(sources);
  ASSERT_TRUE(config) << config.error().detail();
  auto const& uploads = config->uploads;
  EXPECT_EQ(uploads.processing_deadline, std::chrono::minutes{2});
  EXPECT_EQ((uploads::reminders_max + 1) * uploads.reminder_interval(), uploads.processing_deadline);
}

TEST_F(ConfigFile, EveryErrorIsNamedAtOnceWithItsSource) {
  auto sources = ConfigSources{};
  sources.file = write("[uploads]\nurl_lifetime_s = 1\nunknown = 2\n[log]\nlevel = \"loud\"\n");
  sources.environment = {{"HOIST_SERVER_LISTEN", "nowhere"}};
  sources.settings = {"server.tls_key_file=key.pem"};
  auto const config = load_config(sources);
  ASSERT_FALSE(config);
  auto names = std::vector<std::string>{};
  for (auto const& wrong : config.error().fields()) names.push_back(wrong.field);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"log.level", "server.listen", "server.tls_key_file",
                                             "uploads.unknown", "uploads.url_lifetime_s"}));
  EXPECT_NE(config.error().detail().find("HOIST_SERVER_LISTEN"), std::string::npos);
}

TEST_F(ConfigFile, AddressesThatCouldNeverMatchAreRefused) {
  auto sources = ConfigSources{};
  sources.settings = {"server.public_url=foo", "server.objects_url=https://o.example/path",
                      "server.cors_origins=https://a.example/", "server.trusted_proxies=10.0.0.0/8,::1",
                      "server.objects_listen=localhost:9000"};
  auto const config = load_config(sources);
  ASSERT_FALSE(config);
  auto names = std::vector<std::string>{};
  for (auto const& wrong : config.error().fields()) names.push_back(wrong.field);
  EXPECT_EQ(names,
            (std::vector<std::string>{"server.objects_listen", "server.public_url", "server.objects_url",
                                      "server.cors_origins", "server.trusted_proxies"}));

  sources.settings = {"server.public_url=https://up.example", "server.objects_url=http://[::1]:9000",
                      "server.cors_origins=*,http://a.example:3000", "server.trusted_proxies=10.0.0.1,::1"};
  EXPECT_TRUE(load_config(sources));
}

TEST_F(ConfigFile, WhatIsPrintedCanBeReadBack) {
  auto config = Config{};
  config.server.cors_origins = {"https://a.example", "https://b.example"};
  config.uploads.allow_unscanned = true;
  config.engine = memory::Settings{};
  auto sources = ConfigSources{};
  sources.file = write(print_config(config));
  auto const again = load_config(sources);
  ASSERT_TRUE(again) << again.error().detail();
  EXPECT_EQ(print_config(*again), print_config(config));
}

TEST_F(ConfigFile, AnEngineHasItsSettingsWheneverItIsChosen) {
  auto sources = ConfigSources{};
  sources.file = write("[memory]\nobjects_bytes_max = 5000000\n");
  EXPECT_TRUE(std::holds_alternative<embedded::Settings>(load_config(sources)->engine));
  sources.settings = {"server.engine=memory"};
  auto const config = load_config(sources);
  ASSERT_TRUE(config) << config.error().detail();
  EXPECT_EQ(std::get<memory::Settings>(config->engine).objects_bytes_max, 5'000'000);
}

TEST_F(ConfigFile, AnAddressOfADatabaseIsNotForAnEngineWithoutOne) {
  auto sources = ConfigSources{};
  sources.settings = {"database.url=postgresql://app@db/hoist"};
  EXPECT_TRUE(std::holds_alternative<postgres::Settings>(load_config(sources)->engine));
  sources.settings.emplace_back("server.engine=embedded");
  auto const config = load_config(sources);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().fields().at(0).field, "server.engine");
}

TEST_F(ConfigFile, WhatIsForObjectsInS3NeedsThem) {
  auto sources = ConfigSources{};
  sources.settings = {"objects.endpoint=https://s3.eu-west-1.amazonaws.com", "objects.path_style=true",
                      "objects.public_endpoint=https://files.example.com", "objects.events_token=hush"};
  auto const config = load_config(sources);
  ASSERT_TRUE(config) << config.error().detail();
  EXPECT_EQ(config->s3.endpoint, "https://s3.eu-west-1.amazonaws.com");
  EXPECT_EQ(print_config(*config).find("hush"), std::string::npos);
  auto const refused = [](std::vector<std::string> settings) {
    auto const loaded = load_config({.file = {}, .environment = {}, .settings = std::move(settings)});
    return loaded ? std::string{"nothing"} : loaded.error().fields().at(0).field;
  };
  EXPECT_EQ(refused({"objects.endpoint=s3.amazonaws.com"}), "objects.endpoint");
  EXPECT_EQ(refused({"objects.endpoint=https://host/bucket"}), "objects.endpoint");
  EXPECT_EQ(refused({"objects.public_endpoint=https://host"}), "objects.public_endpoint");
  EXPECT_EQ(refused({"objects.path_style=true"}), "objects.path_style");
  EXPECT_EQ(refused({"objects.events_token=hush"}), "objects.events_token");
  EXPECT_EQ(refused({"objects.endpoint=https://host", "objects.md5_of_uploads=true"}),
            "objects.md5_of_uploads");
}

TEST_F(ConfigFile, AnItemOfAListMayHoldCommasAndOuterSpaces) {
  auto config = Config{};
  config.tasks.command.command = {"/bin/sh", "-c", " echo a, b; echo \"c\"\n\t"};
  auto sources = ConfigSources{};
  sources.file = write(print_config(config));
  EXPECT_EQ(load_config(sources)->tasks.command.command, config.tasks.command.command);

  sources = {};
  sources.settings = {R"(tasks.command=["/bin/echo", "a, b"])"};
  EXPECT_EQ(load_config(sources)->tasks.command.command, (std::vector<std::string>{"/bin/echo", "a, b"}));
  sources.settings = {"tasks.command=/bin/echo, a"};
  EXPECT_EQ(load_config(sources)->tasks.command.command, (std::vector<std::string>{"/bin/echo", "a"}));
  for (auto const* broken : {R"(tasks.command=["/bin/echo")", "tasks.command=[1, 2]"}) {
    sources.settings = {broken};
    EXPECT_FALSE(load_config(sources)) << broken;
  }
}

TEST_F(ConfigFile, AValueOfAnotherKindIsRefusedWhereverItStands) {
  auto sources = ConfigSources{};
  for (auto const* wrong : {"uploads.allow_unscanned=yes", "uploads.allow_unscanned=True",
                            "uploads.allow_unscanned=", "uploads.types_denied=.exe,exe"}) {
    sources.settings = {wrong};
    EXPECT_FALSE(load_config(sources)) << wrong;
  }
  for (auto const value : {true, false}) {
    sources.settings = {std::string{"uploads.allow_unscanned="} + (value ? "true" : "false")};
    EXPECT_EQ(load_config(sources)->uploads.allow_unscanned, value);
  }
  sources = {};
  for (auto const* wrong : {"[log]\nlevel = [\"info\"]\n", "[uploads]\ntypes_denied = [1]\n",
                            "[uploads]\ntypes_denied = [\"exe\"]\n"}) {
    sources.file = write(wrong);
    EXPECT_FALSE(load_config(sources)) << wrong;
  }
}

TEST_F(ConfigFile, ALimitToRoutesThatDoNotExistIsRefused) {
  auto sources = ConfigSources{};
  sources.settings = {"server.routes=POST /tasks, GET /tasks/{id}"};
  ASSERT_TRUE(load_config(sources));
  for (auto const* wrong : {"POST /task", "PATCH /tasks", "post /tasks", "/tasks", "POST"}) {
    sources.settings = {std::string{"server.routes="} + wrong};
    EXPECT_FALSE(load_config(sources)) << wrong;
  }
}

TEST(ConfigReference, IsWhatTheDocumentationShows) {
  auto file = std::ifstream{HOIST_SOURCE_DIR "/docs/configuration.md"};
  auto const page = std::string{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_NE(page.find(config_reference()), std::string::npos)
      << "docs/configuration.md must contain the output of: hoist serve "
         "--config-reference";
}

TEST(ExampleConfiguration, RefusesPrograms) {
  auto sources = ConfigSources{};
  sources.file = HOIST_SOURCE_DIR "/docs/hoist.example.toml";
  auto const config = load_config(sources);
  ASSERT_TRUE(config) << config.error().detail();
  auto const types = FileTypes{config->tenants.types_allowed, config->tenants.types_denied};
  EXPECT_FALSE(types.take("virus.exe", "application/octet-stream"));
  EXPECT_FALSE(types.take("virus", "application/x-dosexec"));
  EXPECT_TRUE(types.take("plan.dwg", "image/vnd.dwg"));
  EXPECT_TRUE(types.take("photo.jpg", "image/jpeg"));
}

TEST(ExampleConfiguration, AWrongTypeIsNamed) {
  auto sources = ConfigSources{};
  sources.settings = {"uploads.types_denied=.exe,exe"};
  auto const config = load_config(sources);
  ASSERT_FALSE(config);
  EXPECT_NE(config.error().detail().find("not \"exe\""), std::string::npos) << config.error().detail();
}

TEST(Endpoint, TakesIpv6InBracketsAndRefusesTheRest) {
  EXPECT_EQ(parse_endpoint("[::1]:80")->address, "::1");
  EXPECT_EQ(parse_endpoint("127.0.0.1:0")->port, 0);
  EXPECT_FALSE(parse_endpoint("127.0.0.1"));
  EXPECT_FALSE(parse_endpoint("127.0.0.1:http"));
  EXPECT_FALSE(parse_endpoint("127.0.0.1:70000"));
}

}  // namespace
}  // namespace hoist::hosts
