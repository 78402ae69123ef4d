#include "aws/client/credential_sources.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "aws/client/profile.hpp"

namespace hoist::aws {
namespace {

namespace fs = std::filesystem;

class CredentialSources : public ::testing::Test {
 protected:
  CredentialSources() { fs::create_directories(home_ + "/.aws"); }
  ~CredentialSources() override { fs::remove_all(home_); }
  void write(std::string const& name, std::string const& text) const {
    std::ofstream{home_ + "/.aws/" + name} << text;
  }
  static Result<std::optional<FoundCredentials>> find(CredentialSource& source) {
    return run_to_end<std::optional<FoundCredentials>>(
        [&] { return source.find(deadline_in(std::chrono::seconds{5})); });
  }
  Result<std::optional<FoundCredentials>> first() {
    for (auto& source : default_sources(environment_, "eu-west-1")) {
      auto found = find(*source);
      if (!found || *found) return found;
    }
    return std::nullopt;
  }

  std::string home_ = ::testing::TempDir() + "/hoist-aws-" + std::to_string(::getpid());
  Environment environment_{{"HOME", home_}, {"AWS_EC2_METADATA_DISABLED", "true"}};
};

TEST_F(CredentialSources, AreAskedInTheOrderOfTheSdks) {
  auto names = std::vector<std::string_view>{};
  auto const sources = default_sources(environment_, "eu-west-1");
  for (auto const& source : sources) names.push_back(source->name());
  EXPECT_EQ(names, (std::vector<std::string_view>{"the environment", "the profile files", "a web identity",
                                                  "the container's agent", "the instance's metadata"}));
  EXPECT_FALSE(*first()) << "nothing is set up";
  write("credentials", "[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n");
  EXPECT_EQ((*first())->credentials.access_key_id, "AKIDPROFILE");
  environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  environment_["AWS_SECRET_ACCESS_KEY"] = "s";
  environment_["AWS_SESSION_TOKEN"] = "t";
  EXPECT_EQ((*first())->credentials.access_key_id, "AKIDENV");
  EXPECT_EQ((*first())->credentials.session_token, "t");
}

TEST_F(CredentialSources, OneThatIsHalfSetUpIsAnErrorAndNotSomebodyElse) {
  write("credentials", "[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n");
  environment_["AWS_ACCESS_KEY_ID"] = "AKIDENV";
  ASSERT_FALSE(first());
  EXPECT_NE(first().error().detail().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

TEST_F(CredentialSources, ReadTheProfileThatIsNamedFromBothFiles) {
  write("credentials",
        "[default]\naws_access_key_id=A\naws_secret_access_key=s\n"
        "[deploy]\n# a remark\naws_access_key_id = B\naws_secret_access_key = a=b/c \n");
  write("config",
        "[profile deploy]\nregion = eu-west-1\naws_access_key_id = ignored\ns3 =\n  max_concurrent = 2\n");
  environment_["AWS_PROFILE"] = "deploy";
  EXPECT_EQ((*first())->credentials.access_key_id, "B");
  EXPECT_EQ((*first())->credentials.secret_access_key, "a=b/c");
  EXPECT_EQ(read_profile(environment_)->at("region"), "eu-west-1");
  EXPECT_FALSE(read_profile(environment_)->contains("max_concurrent"));
  environment_["AWS_PROFILE"] = "absent";
  EXPECT_NE(first().error().detail().find("absent"), std::string::npos);
}

TEST_F(CredentialSources, TakeAFileOfProfilesUpToItsLimit) {
  auto const profile = std::string{"[default]\naws_access_key_id = A\naws_secret_access_key = s\n"};
  write("credentials", profile + std::string(profile_bytes_max - profile.size(), '#'));
  EXPECT_EQ((*first())->credentials.access_key_id, "A");
  write("credentials", profile + std::string(profile_bytes_max - profile.size() + 1, '#'));
  ASSERT_FALSE(first());
  EXPECT_NE(first().error().detail().find("too large"), std::string::npos);
}

TEST_F(CredentialSources, SayWhatAProfileWantsThatTheyCannotDo) {
  write("config", "[default]\nsso_session = work\n");
  ASSERT_FALSE(first());
  EXPECT_NE(first().error().detail().find("sso_session"), std::string::npos);
}

}  // namespace
}  // namespace hoist::aws
