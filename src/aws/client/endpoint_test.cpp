#include "aws/client/endpoint.hpp"

#include <gtest/gtest.h>

namespace hoist::aws {
namespace {

TEST(AwsEndpoint, IsTheServicesOwnUnlessOneIsGiven) {
  EXPECT_EQ(*endpoint_of("dynamodb", "eu-west-1", {}), "https://dynamodb.eu-west-1.amazonaws.com");
  EXPECT_EQ(*endpoint_of("sqs", "cn-north-1", {}), "https://sqs.cn-north-1.amazonaws.com.cn");
  auto environment = Environment{{"AWS_ENDPOINT_URL", "http://127.0.0.1:4566/"}};
  EXPECT_EQ(*endpoint_of("sqs", "", environment), "http://127.0.0.1:4566");
  environment["AWS_ENDPOINT_URL_SQS"] = "http://127.0.0.1:9324";
  EXPECT_EQ(*endpoint_of("sqs", "", environment), "http://127.0.0.1:9324");
  EXPECT_EQ(*endpoint_of("dynamodb", "", environment), "http://127.0.0.1:4566");
  environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true";
  EXPECT_EQ(*endpoint_of("sqs", "eu-west-1", environment), "https://sqs.eu-west-1.amazonaws.com");
}

TEST(AwsEndpoint, SaysWhichVariableIsWrong) {
  auto const named = endpoint_of("sqs", "eu-west-1", {{"AWS_ENDPOINT_URL_SQS", "localhost:9324"}});
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().detail().find("AWS_ENDPOINT_URL_SQS"), std::string::npos);
  for (auto const* region : {"", "eu.west.1", "evil.example/"}) {
    auto const refused = endpoint_of("sqs", region, {});
    ASSERT_FALSE(refused) << region;
    EXPECT_NE(refused.error().detail().find("AWS_REGION"), std::string::npos);
  }
}

}  // namespace
}  // namespace hoist::aws
