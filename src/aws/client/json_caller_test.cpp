#include "aws/client/json_caller.hpp"

#include <gtest/gtest.h>

#include <array>

#include "base/try.hpp"
#include "support/http_double.hpp"

namespace hoist::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HttpDouble;

net::Response refusal(std::string const& name, int status = 400) {
  return net::json_text_response(status, R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + name + "\"}");
}

// Signed with the key "secret", over all of the headers that the protocol has, and the body.
bool is_signed(net::Request const& request) {
  constexpr auto names = std::array<std::string_view, 6>{
      "content-type", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"};
  auto const authorization = request.headers.get("Authorization");
  auto const date = request.headers.get("X-Amz-Date");
  auto const scope = Scope{std::string{date.substr(0, 8)}, "eu-west-1", "dynamodb"};
  auto const hash = sha256_hex(request.body);
  auto const query = Pairs{};
  auto const canonical = canonical_request({request.method, "/", query, request.headers.all()},
                                           std::vector<std::string>{names.begin(), names.end()}, hash);
  auto const signature = SigningKey{"secret", scope}.sign(string_to_sign(date, scope.str(), canonical));
  return request.headers.get("X-Amz-Content-Sha256") == hash &&
         authorization.contains("Credential=AKIDEXAMPLE/" + scope.str()) &&
         authorization.contains(
             "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token;x-amz-"
             "target,") &&
         authorization.ends_with("Signature=" + signature);
}

// A service that does as `script` says, request by request, and then goes on with its last word.
class JsonCallerTest : public ::testing::Test {
 protected:
  using Script = std::vector<std::function<net::Response(net::Request const&)>>;
  static net::Response well(net::Request const&) { return net::json_text_response(200, R"({"n":1})"); }
  static auto refusing(std::string name, int status = 400) {
    return [=](net::Request const&) { return refusal(name, status); };
  }

  void serve(Script script) {
    service_.emplace([script = std::move(script), at = std::size_t{0}](net::Request const& request) mutable {
      return script[std::min(at++, script.size() - 1)](request);
    });
    environment_["AWS_ENDPOINT_URL"] = service_->url();
    account_.emplace(environment_, clock_, metrics_);
    options_.retry.pauses.first = milliseconds{1};
    caller_ = *JsonCaller::open({"dynamodb", "DynamoDB_20120810"}, *account_, options_);
  }
  Result<json::object> call(Deadline deadline = deadline_in(seconds{5})) {
    return run_to_end<json::object>(
        [&] { return caller_->call("PutItem", {{"TableName", "t"}}, "table/t", deadline); });
  }

  ManualClock clock_{SystemClock{}.now()};
  Metrics metrics_;
  Environment environment_{{"AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"},
                           {"AWS_SECRET_ACCESS_KEY", "secret"},
                           {"AWS_SESSION_TOKEN", "session"},
                           {"AWS_REGION", "eu-west-1"}};
  CallOptions options_;
  std::optional<HttpDouble> service_;
  std::optional<Account> account_;
  std::unique_ptr<JsonCaller> caller_;
};

TEST_F(JsonCallerTest, SignsWhatItSaysByTheProtocol) {
  serve({well});
  auto const answer = call();
  ASSERT_TRUE(answer) << answer.error().to_string();
  EXPECT_EQ(answer->at("n").as_int64(), 1);
  auto const request = service_->seen().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/");
  EXPECT_EQ(request.headers.get("X-Amz-Target"), "DynamoDB_20120810.PutItem");
  EXPECT_EQ(request.headers.get("Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(request.headers.get("X-Amz-Security-Token"), "session");
  EXPECT_EQ(request.body, R"({"TableName":"t"})");
  EXPECT_TRUE(is_signed(request));
}

TEST_F(JsonCallerTest, UsesOneConnectionForManyCalls) {
  serve({well});
  auto const done = run_to_end<void>([&]() -> Async<> {
    for (auto i = 0; i < 20; ++i)
      EXPECT_TRUE(co_await caller_->call("GetItem", {}, "table/t", deadline_in(seconds{5})));
    EXPECT_TRUE(service_->has_connections(1));
    co_return Result<void>{};
  });
  ASSERT_TRUE(done);
}

TEST_F(JsonCallerTest, TriesAgainWhatMayPassAndNothingElse) {
  serve({refusing("ThrottlingException"), refusing("InternalServerError", 500), well});
  EXPECT_TRUE(call());
  EXPECT_EQ(service_->seen().size(), 3U);
  serve({refusing("ValidationException"), well});
  EXPECT_EQ(call().error().code(), Code::invalid);
  EXPECT_EQ(service_->seen().size(), 1U);
}

TEST_F(JsonCallerTest, GivesUpAfterItsAttempts) {
  serve({refusing("ProvisionedThroughputExceededException")});
  EXPECT_EQ(call().error().code(), Code::throttled);
  EXPECT_EQ(service_->seen().size(), 3U);
  auto const text = metrics_.render();
  EXPECT_NE(text.find(R"(hoist_aws_calls_total{action="PutItem",outcome="throttled",service="dynamodb"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(hoist_aws_retries_total{action="PutItem",service="dynamodb"} 2)"),
            std::string::npos);
}

TEST_F(JsonCallerTest, PausesNoLongerThanItsDeadline) {
  serve({refusing("ThrottlingException")});
  options_.retry.pauses = {.first = std::chrono::hours{1}, .longest = std::chrono::hours{1}, .least = 1};
  caller_ = *JsonCaller::open({"dynamodb", "DynamoDB_20120810"}, *account_, options_);
  EXPECT_EQ(call().error().code(), Code::throttled);
  EXPECT_EQ(service_->seen().size(), 1U);
}

TEST_F(JsonCallerTest, SpendsABudgetOnRetriesThatAllCallsShare) {
  serve({refusing("InternalServerError", 500)});
  constexpr auto calls = 60;  // of which each would like two retries, where the budget has a hundred
  for (auto i = 0; i < calls; ++i) EXPECT_FALSE(call());
  EXPECT_EQ(service_->seen().size(), calls + RetryBudget::full / RetryBudget::retry_cost);
}

TEST_F(JsonCallerTest, SignsByTheServicesClockOnceOursIsWrong) {
  clock_.advance(-minutes{20});
  auto const judge = [](net::Request const& request) {
    auto const signed_at = parse_amz_date(request.headers.get("X-Amz-Date"));
    auto const age = SystemClock{}.now() - signed_at.value_or(Time{});
    return std::chrono::abs(age) < minutes{5} ? well(request) : refusal("RequestTimeTooSkewed", 403);
  };
  serve({judge});
  EXPECT_TRUE(call());
  EXPECT_EQ(service_->seen().size(), 2U);
  EXPECT_TRUE(call());
  EXPECT_EQ(service_->seen().size(), 3U) << "it is remembered";
}

TEST_F(JsonCallerTest, DoesNotInsistOnASignatureThatIsRefusedAtTheRightTime) {
  serve({refusing("SignatureDoesNotMatch", 403)});
  EXPECT_EQ(call().error().code(), Code::unauthenticated);
  EXPECT_EQ(service_->seen().size(), 1U);
}

TEST_F(JsonCallerTest, HasNewCredentialsWhenATokenEndedUnderway) {
  auto agent = HttpDouble{[issued = 0](net::Request const&) mutable {
    return net::json_text_response(
        200, R"({"AccessKeyId":"ASIA)" + std::to_string(++issued) +
                 R"(","SecretAccessKey":"s","Token":"t","Expiration":"2099-01-01T00:00:00Z"})");
  }};
  environment_ = {{"AWS_REGION", "eu-west-1"}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI", agent.url()}};
  serve({refusing("ExpiredTokenException"), well});
  EXPECT_TRUE(call());
  EXPECT_NE(service_->seen().at(0).headers.get("Authorization").find("ASIA1/"), std::string_view::npos);
  EXPECT_NE(service_->seen().at(1).headers.get("Authorization").find("ASIA2/"), std::string_view::npos);
}

TEST_F(JsonCallerTest, GoesOnWithAServiceThatCameBack) {
  serve({well});
  auto const port =
      static_cast<std::uint16_t>(std::stoi(service_->url().substr(service_->url().rfind(':') + 1)));
  ASSERT_TRUE(call());
  service_.reset();
  EXPECT_EQ(call().error().code(), Code::unavailable);
  service_.emplace(well, port);
  EXPECT_TRUE(call());
}

TEST_F(JsonCallerTest, RemembersWhatItNeededToBeAllowed) {
  serve({well});
  ASSERT_TRUE(call());
  ASSERT_TRUE(call());
  EXPECT_EQ(account_->calls().grants(), (std::set<Grant>{{"dynamodb:PutItem", "table/t"}}));
}

TEST_F(JsonCallerTest, TakesNonsenseForWhatItIs) {
  serve({[](net::Request const&) { return net::text_response(200, "<html>"); }});
  EXPECT_EQ(call().error().code(), Code::unavailable);
}

}  // namespace
}  // namespace hoist::aws
