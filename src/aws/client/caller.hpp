// Calls one AWS service over HTTP: what the protocols of all services share.
//
// Promise  a call is signed, tried again with full jitter while its error may pass, its deadline has time and
//          the budget of retries lasts, and recorded with what it needed to be allowed. A wrong clock and
//          credentials that have ended are put right once a call.
// Danger   a call may be carried out twice: an attempt whose answer was lost is repeated. Every action called
//          has to bear that.
// Threads  any; each io_context has connections of its own.   Lifetime  the account outlives it.
// Errors   those of service_error.hpp, of credentials, and unavailable, timeout, too_large of the connection.
#pragma once

#include <string>

#include "aws/canonical.hpp"
#include "aws/client/account.hpp"
#include "base/retry.hpp"
#include "net/message.hpp"

namespace hoist::aws {

struct RetryOptions {
  int attempts_max = 3;
  Backoff pauses{.first = std::chrono::milliseconds{50}, .longest = std::chrono::seconds{5}, .least = 0};
};

struct CallOptions {
  RetryOptions retry;
  std::chrono::milliseconds attempt_timeout{5'000};
  std::size_t answer_bytes_max = 40 << 20;
};

struct HttpService {
  std::string name;    // "dynamodb": of its signatures and its actions in policies
  std::string region;  // in signatures
};

// One request. Path and query are decoded; every header is signed.
struct HttpCall {
  std::string method = "POST";
  std::string origin;  // "https://dynamodb.eu-west-1.amazonaws.com"
  std::string path = "/";
  Pairs query;
  Pairs headers;  // beside host; names in lower case
  std::string body;
  bool hides_errors = false;  // a 200 may hold an error, as those of S3 that take their time
};

// What a call is about, for the record.
struct CallAbout {
  std::string action;    // "HeadObject"
  std::string right;     // the action that a policy names to allow it: "GetObject"
  std::string resource;  // "table/hoist-events"
};

class Caller {
 public:
  Caller(HttpService service, Account& account, CallOptions options)
      : service_{std::move(service)}, account_{account}, options_{std::move(options)} {}

  // The answer is a 2xx.
  Async<net::Response> send(HttpCall call, CallAbout about, Deadline deadline);

 private:
  struct Attempt;
  Async<net::Response> try_until(HttpCall const& call, std::string const& action, int& attempts,
                                 Deadline deadline);
  Async<Attempt> attempt(HttpCall const& call, std::string const& action, Deadline deadline);
  [[nodiscard]] net::Headers sign(HttpCall const& call, std::string_view host,
                                  Credentials const& credentials) const;
  bool put_right(Attempt const& failed);

  HttpService service_;
  Account& account_;
  CallOptions options_;
  RetryBudget budget_;
  Signal never_;  // pauses wait for it
};

}  // namespace hoist::aws
