#include "aws/client/metadata_sources.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "support/http_double.hpp"

namespace hoist::aws {
namespace {

using Found = std::optional<FoundCredentials>;
using testing::HttpDouble;

constexpr auto metadata_answer =
    R"({"Code":"Success","AccessKeyId":"ASIA1","SecretAccessKey":"s","Token":"t","Expiration":"2026-11-20T18:25:43Z"})";

Result<Found> find(std::unique_ptr<CredentialSource> const& source) {
  return run_to_end<Found>([&] { return source->find(deadline_in(std::chrono::seconds{5})); });
}

void expect_found(Result<Found> const& found) {
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->credentials.access_key_id, "ASIA1");
  EXPECT_EQ((*found)->credentials.secret_access_key, "s");
  EXPECT_EQ((*found)->credentials.session_token, "t");
  EXPECT_EQ((*found)->ends_at, *parse_rfc3339("2026-11-20T18:25:43Z"));
}

class TokenFile {
 public:
  explicit TokenFile(std::string const& text) { std::ofstream{path_} << text; }
  ~TokenFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string const& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "/hoist-token-" + std::to_string(::getpid());
};

TEST(WebIdentity, GivesItsTokenToStsAndTakesCredentialsForAWhile) {
  auto sts = HttpDouble{[](net::Request const&) {
    return net::text_response(
        200,
        "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
        "<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA1</AccessKeyId>"
        "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>"
        "<Expiration>2026-11-20T18:25:43Z</Expiration></Credentials>"
        "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        "text/xml");
  }};
  auto const token = TokenFile{"ey.J+/=\n"};
  auto const source = make_web_identity({{"AWS_ENDPOINT_URL_STS", sts.url()},
                                         {"AWS_WEB_IDENTITY_TOKEN_FILE", token.path()},
                                         {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/hoist"},
                                         {"AWS_ROLE_SESSION_NAME", "here"}},
                                        "eu-west-1");
  expect_found(find(source));
  ASSERT_EQ(sts.seen().size(), 1U);
  EXPECT_EQ(sts.seen()[0].body,
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%"
            "3Arole%2F"
            "hoist&RoleSessionName=here&WebIdentityToken=ey.J%2B%2F%3D");
}

TEST(WebIdentity, SaysThatItWasRefusedWithoutItsToken) {
  auto sts = HttpDouble{[](net::Request const&) { return net::text_response(403, "<ErrorResponse/>"); }};
  auto const token = TokenFile{"secret-token"};
  auto const refused = find(make_web_identity({{"AWS_ENDPOINT_URL_STS", sts.url()},
                                               {"AWS_WEB_IDENTITY_TOKEN_FILE", token.path()},
                                               {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/hoist"}},
                                              "eu-west-1"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unauthenticated);
  EXPECT_NE(refused.error().to_string().find("403"), std::string::npos);
  EXPECT_EQ(refused.error().to_string().find("secret-token"), std::string::npos);
}

TEST(ContainerCredentials, AreAskedForWithTheAgentsToken) {
  auto agent = HttpDouble{[](net::Request const& request) {
    if (request.headers.get("Authorization") != "from-file") return net::text_response(401, "");
    return net::text_response(200, metadata_answer, "application/json");
  }};
  auto const token = TokenFile{"from-file"};
  expect_found(find(
      make_container_credentials({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url() + "/v1/credentials"},
                                  {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.path()}})));
  EXPECT_EQ(agent.seen()[0].target, "/v1/credentials");
}

TEST(ContainerCredentials, AreNotAskedForInPlainTextElsewhere) {
  auto const refused = find(
      make_container_credentials({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://192.0.2.1/credentials"}}));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail().find("AWS_CONTAINER_CREDENTIALS_FULL_URI"), std::string::npos);
  EXPECT_FALSE(*find(make_container_credentials({})));
}

net::Response instance(net::Request const& request) {
  if (request.method == "PUT" && request.target == "/latest/api/token" &&
      request.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600")
    return net::text_response(200, "session");
  if (request.headers.get("X-aws-ec2-metadata-token") != "session") return net::text_response(401, "");
  if (request.target == "/latest/meta-data/iam/security-credentials/")
    return net::text_response(200, "hoist-role");
  if (request.target != "/latest/meta-data/iam/security-credentials/hoist-role")
    return net::text_response(404, "");
  return net::text_response(200, metadata_answer);
}

TEST(InstanceCredentials, AreAskedForInASessionOfVersionTwo) {
  auto metadata = HttpDouble{instance};
  expect_found(
      find(make_instance_credentials({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url() + "/"}})));
  EXPECT_EQ(metadata.seen().size(), 3U);
}

TEST(InstanceCredentials, AreAbsentWhereThereIsNoInstanceAndWhereTheyAreSwitchedOff) {
  auto const url = HttpDouble{instance}.url();  // nobody listens there any more
  EXPECT_FALSE(*find(make_instance_credentials({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", url}})));
  auto metadata = HttpDouble{instance};
  EXPECT_FALSE(*find(make_instance_credentials(
      {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url()}, {"AWS_EC2_METADATA_DISABLED", "true"}})));
  EXPECT_TRUE(metadata.seen().empty());
}

}  // namespace
}  // namespace hoist::aws
