// Calls one AWS service of the JSON 1.0 protocol, DynamoDB or SQS say. What it promises is what caller.hpp
// says.
//
// Source   AWS JSON 1.0 protocol (Smithy 2.0).
#pragma once

#include <string>

#include "aws/client/caller.hpp"
#include "base/json.hpp"

namespace hoist::aws {

struct JsonService {
  std::string name;    // "dynamodb": of its endpoint, its signatures and its actions in policies
  std::string target;  // "DynamoDB_20120810"
  // Policies allow its SendMessageBatch by SendMessage, and so on.
  bool batches_by_single_right = false;
};

class JsonCaller {
 public:
  // Errors: invalid for a region or an endpoint that is none.
  static Result<std::unique_ptr<JsonCaller>> open(JsonService service, Account& account,
                                                  CallOptions options = {});

  // `resource` is what the action is about, for the record: "table/hoist-events".
  Async<json::object> call(std::string action, json::object input, std::string resource, Deadline deadline);

 private:
  [[nodiscard]] std::string right_of(std::string const& action) const;
  JsonCaller(JsonService service, Account& account, CallOptions options, std::string endpoint)
      : service_{std::move(service)},
        endpoint_{std::move(endpoint)},
        caller_{{service_.name, account.region()}, account, std::move(options)} {}

  JsonService service_;
  std::string endpoint_;
  Caller caller_;
};

}  // namespace hoist::aws
