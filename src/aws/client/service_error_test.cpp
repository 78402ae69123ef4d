#include "aws/client/service_error.hpp"

#include <gtest/gtest.h>

namespace hoist::aws {
namespace {

ServiceError read(int status, std::string body, net::Headers headers = {}) {
  return read_service_error({.status = status, .headers = std::move(headers), .body = std::move(body)});
}

TEST(ServiceError, TakesTheNameFromWhereverTheServicePutsIt) {
  for (auto const* type :
       {R"("com.amazonaws.dynamodb.v20120810#ThrottlingException")", R"("ThrottlingException")",
        R"("ThrottlingException:http://internal.amazon.com/x#y")"}) {
    auto const error = read(400, std::string{R"({"__type":)"} + type + R"(,"message":"slowly"})");
    EXPECT_EQ(error.name, "ThrottlingException") << type;
    EXPECT_EQ(error.message, "slowly");
  }
  auto header = net::Headers{};
  header.set("x-amzn-ErrorType", "ValidationException:");
  EXPECT_EQ(read(400, "", header).name, "ValidationException");
  header = {};
  header.set("x-amzn-query-error", "AWS.SimpleQueueService.OverLimit;Sender");
  EXPECT_EQ(read(400, "<html>", header).name, "OverLimit");
}

TEST(ServiceError, HasTheCodeOfItsNameAndElseThatOfTheStatus) {
  auto const code = [](std::string name, int status = 400) {
    return read(status, R"({"__type":")" + name + "\"}").code();
  };
  EXPECT_EQ(code("ConditionalCheckFailedException"), Code::precondition);
  EXPECT_EQ(code("ResourceNotFoundException"), Code::not_found);
  EXPECT_EQ(code("AccessDeniedException"), Code::forbidden);
  EXPECT_EQ(code("ExpiredTokenException", 403), Code::unauthenticated);
  EXPECT_EQ(code("ProvisionedThroughputExceededException"), Code::throttled);
  EXPECT_EQ(code("NeverHeardOf"), Code::invalid);
  EXPECT_EQ(code("NeverHeardOf", 500), Code::unavailable);
  EXPECT_EQ(code("NeverHeardOf", 302), Code::unavailable);
}

TEST(ServiceError, IsTriedAgainOnlyWhereThatMayHelp) {
  auto const retryable = [](std::string name, int status) {
    return read(status, R"({"__type":")" + name + "\"}").retryable();
  };
  for (auto const* slower : {"ProvisionedThroughputExceededException", "RequestLimitExceeded",
                             "RequestThrottled", "RequestThrottledException", "Throttling",
                             "ThrottlingException", "ThrottledException", "TooManyRequestsException",
                             "KmsThrottled", "InternalServerError", "InternalFailure", "ServiceUnavailable"})
    EXPECT_TRUE(retryable(slower, 400)) << slower;
  EXPECT_TRUE(retryable("TransactionConflictException", 400));
  EXPECT_TRUE(retryable("InternalServerError", 500));
  EXPECT_TRUE(retryable("", 503));
  EXPECT_FALSE(retryable("ConditionalCheckFailedException", 400));
  EXPECT_FALSE(retryable("AccessDeniedException", 400));
}

TEST(ServiceError, KeepsTheServicesWordsOutOfWhatIsShown) {
  auto const error =
      read(400, R"({"__type":"AccessDeniedException","message":"User: arn:aws:iam::123456789012:role/x"})")
          .to_error("dynamodb:PutItem");
  EXPECT_EQ(error.detail().find("123456789012"), std::string::npos);
  EXPECT_NE(error.cause().find("123456789012"), std::string::npos);
  EXPECT_NE(error.cause().find("dynamodb:PutItem"), std::string::npos);
  EXPECT_LT(read(500, R"({"message":")" + std::string(100'000, 'x') + "\"}").message.size(), 1'000U);
}

TEST(ServiceError, IsReadFromXmlToo) {
  auto const of_s3 = read(503,
                          "<?xml version=\"1.0\"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your "
                          "request rate.</Message></Error>");
  EXPECT_EQ(of_s3.name, "SlowDown");
  EXPECT_EQ(of_s3.message, "Please reduce your request rate.");
  EXPECT_EQ(of_s3.code(), Code::throttled);
  EXPECT_TRUE(of_s3.retryable());
  EXPECT_EQ(read(412, "<Error><Code>PreconditionFailed</Code></Error>").code(), Code::precondition);
  EXPECT_EQ(read(403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>").name,
            "AccessDenied");
  for (auto const* broken : {"<", "<html>", "<Error><Code>", "<Other/>"})
    EXPECT_EQ(read(404, broken).code(), Code::not_found) << broken;
}

TEST(ServiceError, WithoutABodyIsTheStatus) {  // as S3 answers HEAD
  EXPECT_EQ(read(404, "").code(), Code::not_found);
  EXPECT_EQ(read(412, "").code(), Code::precondition);
  EXPECT_EQ(read(416, "").code(), Code::range_unsatisfiable);
  EXPECT_EQ(read(403, "").code(), Code::forbidden);
}

}  // namespace
}  // namespace hoist::aws
