#include "aws/client/credential_sources.hpp"

#include "aws/client/metadata_sources.hpp"
#include "aws/client/profile.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

using Found = std::optional<FoundCredentials>;

class EnvironmentCredentials final : public CredentialSource {
 public:
  explicit EnvironmentCredentials(Environment const& environment) : environment_{environment} {}
  [[nodiscard]] std::string_view name() const override { return "the environment"; }
  Async<Found> find(Deadline) override {
    auto credentials = Credentials{value_of(environment_, "AWS_ACCESS_KEY_ID"),
                                   value_of(environment_, "AWS_SECRET_ACCESS_KEY"),
                                   value_of(environment_, "AWS_SESSION_TOKEN")};
    if (credentials.access_key_id.empty()) co_return std::nullopt;
    if (credentials.secret_access_key.empty())
      co_return fail(Code::unauthenticated, "AWS_ACCESS_KEY_ID is set without AWS_SECRET_ACCESS_KEY.");
    co_return FoundCredentials{std::move(credentials), std::nullopt};
  }

 private:
  Environment environment_;
};

class ProfileCredentials final : public CredentialSource {
 public:
  ProfileCredentials(Environment const& environment, std::string region)
      : environment_{environment}, region_{std::move(region)} {}
  [[nodiscard]] std::string_view name() const override { return "the profile files"; }

  Async<Found> find(Deadline deadline) override {
    CO_TRY(auto const profile, read_profile(environment_));
    auto credentials =
        Credentials{value_of(profile, "aws_access_key_id"), value_of(profile, "aws_secret_access_key"),
                    value_of(profile, "aws_session_token")};
    if (!credentials.access_key_id.empty() && !credentials.secret_access_key.empty())
      co_return FoundCredentials{std::move(credentials), std::nullopt};
    if (auto const token = value_of(profile, "web_identity_token_file"); !token.empty()) {
      auto environment = environment_;
      environment["AWS_WEB_IDENTITY_TOKEN_FILE"] = token;
      environment["AWS_ROLE_ARN"] = value_of(profile, "role_arn");
      environment["AWS_ROLE_SESSION_NAME"] = value_of(profile, "role_session_name");
      co_return co_await make_web_identity(environment, region_)->find(deadline);
    }
    for (auto const* unknown : {"source_profile", "credential_process", "sso_session", "sso_start_url"})
      if (profile.contains(unknown))
        co_return fail(Code::unauthenticated,
                       std::string{"The AWS profile uses "} + unknown +
                           ", which is not understood here; export its credentials instead: "
                           "aws configure export-credentials --format env");
    co_return std::nullopt;
  }

 private:
  Environment environment_;
  std::string region_;
};

}  // namespace

std::vector<std::unique_ptr<CredentialSource>> default_sources(Environment const& environment,
                                                               std::string const& region) {
  auto sources = std::vector<std::unique_ptr<CredentialSource>>{};
  sources.push_back(std::make_unique<EnvironmentCredentials>(environment));
  sources.push_back(std::make_unique<ProfileCredentials>(environment, region));
  sources.push_back(make_web_identity(environment, region));
  sources.push_back(make_container_credentials(environment));
  sources.push_back(make_instance_credentials(environment));
  return sources;
}

}  // namespace hoist::aws
