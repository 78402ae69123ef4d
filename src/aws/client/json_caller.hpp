// Calls one AWS service of the JSON 1.0 protocol, DynamoDB or SQS say.
//
// Promise  a call is signed, tried again with full jitter while its error may pass, its deadline has time and
// the
//          budget of retries lasts, and recorded with what it needed to be allowed. A wrong clock and
//          credentials that have ended are put right once a call.
// Danger   a call may be carried out twice: an attempt whose answer was lost is repeated. Every action called
// has
//          to bear that.
// Threads  any; each io_context has connections of its own.   Lifetime  the account outlives it.
// Errors   those of service_error.hpp, of credentials, and unavailable, timeout, too_large of the connection.
// Source   AWS JSON 1.0 protocol (Smithy 2.0).
#pragma once

#include <string>

#include "aws/client/account.hpp"
#include "base/json.hpp"
#include "base/retry.hpp"
#include "net/message.hpp"

namespace hoist::aws {

struct JsonService {
  std::string name;    // "dynamodb": of its endpoint, its signatures and its actions in policies
  std::string target;  // "DynamoDB_20120810"
  // Policies allow its SendMessageBatch by SendMessage, and so on.
  bool batches_by_single_right = false;
};

struct RetryOptions {
  int attempts_max = 3;
  Backoff pauses{.first = std::chrono::milliseconds{50}, .longest = std::chrono::seconds{5}, .least = 0};
};

struct CallOptions {
  RetryOptions retry;
  std::chrono::milliseconds attempt_timeout{5'000};
  std::size_t answer_bytes_max = 40 << 20;
};

class JsonCaller {
 public:
  // Errors: invalid for a region or an endpoint that is none.
  static Result<std::unique_ptr<JsonCaller>> open(JsonService service, Account& account,
                                                  CallOptions options = {});

  // `resource` is what the action is about, for the record: "table/hoist-events".
  Async<json::object> call(std::string action, json::object input, std::string resource, Deadline deadline);

 private:
  struct Attempt;
  JsonCaller(JsonService service, Account& account, CallOptions options, std::string endpoint);
  Async<json::object> try_until(std::string const& action, std::string const& body, int& attempts,
                                Deadline deadline);
  Async<Attempt> attempt(std::string const& action, std::string const& body, Deadline deadline);
  [[nodiscard]] net::Headers sign(std::string const& action, std::string const& body,
                                  Credentials const& credentials) const;
  bool put_right(Attempt const& failed);
  [[nodiscard]] std::string_view right_of(std::string_view action) const;

  JsonService service_;
  Account& account_;
  CallOptions options_;
  std::string endpoint_;
  std::string host_;
  RetryBudget budget_;
  Signal never_;  // pauses wait for it
};

}  // namespace hoist::aws
