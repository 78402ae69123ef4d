#include "aws/client/metadata_sources.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <fstream>

#include "aws/client/endpoint.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/json_members.hpp"
#include "base/try.hpp"
#include "net/client.hpp"
#include "net/url.hpp"

namespace hoist::aws {
namespace {

using Found = std::optional<FoundCredentials>;

constexpr std::size_t answer_bytes_max = 64 * 1024;
constexpr auto connect_timeout = std::chrono::milliseconds{1'000};
constexpr auto container_host = "http://169.254.170.2";
constexpr auto instance_host = "http://169.254.169.254";
constexpr auto instance_token_life_s = "21600";

// A client for one conversation: it is seldom had, and no other client speaks to its host.
Async<std::string> fetch(net::ClientRequest request, std::string what, std::string ca_file,
                         Deadline deadline) {
  auto client =
      net::Client{net::ClientOptions{.connect_timeout = connect_timeout, .ca_file = std::move(ca_file)}};
  request.response_bytes_max = answer_bytes_max;
  request.repeatable = true;
  CO_TRY(auto response, co_await client.send(std::move(request), deadline));
  if (response.status / 100 != 2)
    co_return fail(Code::unauthenticated, fmt::format("{} answered {}.", what, response.status));
  co_return std::move(response.body);
}

Result<std::string> read_token(std::string const& path) {
  auto file = std::ifstream{path, std::ios::binary};
  auto text = std::string(answer_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  text = trim(text);
  if (text.empty()) return fail(Code::unauthenticated, "There is no token in " + path + ".");
  return text;
}

Result<FoundCredentials> checked(Credentials credentials, std::string const& ends_at, std::string_view what) {
  auto const time = parse_rfc3339(ends_at);
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !time)
    return fail(Code::unauthenticated, fmt::format("{} answered without credentials.", what));
  return FoundCredentials{std::move(credentials), *time};
}

// {"AccessKeyId":...,"SecretAccessKey":...,"Token":...,"Expiration":...} of ECS, EKS and EC2.
Result<FoundCredentials> parse_metadata(std::string_view text, std::string_view what) {
  auto const parsed = parse_json(text);
  auto const object = parsed && parsed->is_object() ? parsed->get_object() : json::object{};
  return checked(
      {text_of(object, "AccessKeyId"), text_of(object, "SecretAccessKey"), text_of(object, "Token")},
      text_of(object, "Expiration"), what);
}

class WebIdentity final : public CredentialSource {
 public:
  WebIdentity(Environment const& environment, std::string region)
      : environment_{environment}, region_{std::move(region)} {}
  [[nodiscard]] std::string_view name() const override { return "a web identity"; }

  Async<Found> find(Deadline deadline) override {
    auto const file = value_of(environment_, "AWS_WEB_IDENTITY_TOKEN_FILE");
    auto const role = value_of(environment_, "AWS_ROLE_ARN");
    if (file.empty()) co_return std::nullopt;
    if (role.empty())
      co_return fail(Code::unauthenticated, "AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN.");
    CO_TRY(auto const token, read_token(file));
    CO_TRY(auto const endpoint, endpoint_of("sts", region_, environment_));
    auto request = net::ClientRequest{.method = "POST", .url = endpoint + "/"};
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = form(role, token);
    CO_TRY(auto const answer,
           co_await fetch(std::move(request), "AWS STS", value_of(environment_, "AWS_CA_BUNDLE"), deadline));
    co_return parse(answer);
  }

 private:
  [[nodiscard]] std::string form(std::string_view role, std::string_view token) const {
    auto session = value_of(environment_, "AWS_ROLE_SESSION_NAME");
    if (session.empty()) session = "hoist-" + hex(random_bytes(4));
    return fmt::format(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&WebIdentityToken={"
        "}",
        percent_encode(role), percent_encode(session), percent_encode(token));
  }

  static Result<FoundCredentials> parse(std::string const& answer) {
    auto document = pugi::xml_document{};
    document.load_buffer(answer.data(), answer.size());
    auto const found = document.child("AssumeRoleWithWebIdentityResponse")
                           .child("AssumeRoleWithWebIdentityResult")
                           .child("Credentials");
    auto const text = [&](char const* name) { return std::string{found.child_value(name)}; };
    return checked({text("AccessKeyId"), text("SecretAccessKey"), text("SessionToken")}, text("Expiration"),
                   "AWS STS");
  }

  Environment environment_;
  std::string region_;
};

class ContainerCredentials final : public CredentialSource {
 public:
  explicit ContainerCredentials(Environment const& environment) : environment_{environment} {}
  [[nodiscard]] std::string_view name() const override { return "the container's agent"; }

  Async<Found> find(Deadline deadline) override {
    CO_TRY(auto const url, address());
    if (url.empty()) co_return std::nullopt;
    auto request = net::ClientRequest{.url = url};
    auto token = value_of(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (auto const file = value_of(environment_, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
      CO_TRY(token, read_token(file));  // it changes with time
    }
    if (!token.empty()) request.headers.set("Authorization", token);
    CO_TRY(auto const answer, co_await fetch(std::move(request), "The container's agent",
                                             value_of(environment_, "AWS_CA_BUNDLE"), deadline));
    co_return parse_metadata(answer, "The container's agent");
  }

 private:
  [[nodiscard]] Result<std::string> address() const {
    if (auto const path = value_of(environment_, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"); !path.empty())
      return container_host + path;
    auto given = value_of(environment_, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (given.empty()) return given;
    // Without TLS only to this machine and to the agents: the answer is a secret.
    constexpr auto plain_hosts = std::array<std::string_view, 6>{
        "127.0.0.1", "::1", "localhost", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"};
    auto const url = net::parse_url(given);
    if (!url || (!url->tls && std::ranges::find(plain_hosts, url->host) == plain_hosts.end()))
      return fail(Code::unauthenticated,
                  "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or an agent on this machine.");
    return given;
  }

  Environment environment_;
};

class InstanceCredentials final : public CredentialSource {
 public:
  explicit InstanceCredentials(Environment const& environment) : environment_{environment} {}
  [[nodiscard]] std::string_view name() const override { return "the instance's metadata"; }

  Async<Found> find(Deadline deadline) override {
    if (to_lower(value_of(environment_, "AWS_EC2_METADATA_DISABLED")) == "true") co_return std::nullopt;
    auto const token = co_await session(deadline);
    if (!token) co_return std::nullopt;  // not an instance
    CO_TRY(auto const roles, co_await get("", *token, deadline));
    auto const role = std::string{trim(roles.substr(0, roles.find('\n')))};
    if (role.empty()) co_return fail(Code::unauthenticated, "The instance has no role.");
    CO_TRY(auto const answer, co_await get(percent_encode(role), *token, deadline));
    co_return parse_metadata(answer, "The instance's metadata");
  }

 private:
  [[nodiscard]] std::string host() const {
    auto given = value_of(environment_, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    while (given.ends_with('/')) given.pop_back();
    return given.empty() ? instance_host : given;
  }
  [[nodiscard]] Async<std::string> session(Deadline deadline) const {
    auto request = net::ClientRequest{.method = "PUT", .url = host() + "/latest/api/token"};
    request.headers.set("X-aws-ec2-metadata-token-ttl-seconds", instance_token_life_s);
    return fetch(std::move(request), "The instance's metadata", "",
                 std::min(deadline, deadline_in(connect_timeout)));
  }
  [[nodiscard]] Async<std::string> get(std::string const& role, std::string const& token,
                                       Deadline deadline) const {
    auto request = net::ClientRequest{.url = host() + "/latest/meta-data/iam/security-credentials/" + role};
    request.headers.set("X-aws-ec2-metadata-token", token);
    return fetch(std::move(request), "The instance's metadata", "", deadline);
  }

  Environment environment_;
};

}  // namespace

std::unique_ptr<CredentialSource> make_web_identity(Environment const& environment, std::string region) {
  return std::make_unique<WebIdentity>(environment, std::move(region));
}

std::unique_ptr<CredentialSource> make_container_credentials(Environment const& environment) {
  return std::make_unique<ContainerCredentials>(environment);
}

std::unique_ptr<CredentialSource> make_instance_credentials(Environment const& environment) {
  return std::make_unique<InstanceCredentials>(environment);
}

}  // namespace hoist::aws
