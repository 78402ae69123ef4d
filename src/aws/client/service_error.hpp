// What an AWS service answered instead of a result, as one of our errors.
//
// Errors   its code follows from the service's name for it, else from the HTTP status. The service's own text
// goes
//          into the cause, which is logged and never shown: it names accounts, roles and tables.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "net/message.hpp"

namespace hoist::aws {

struct ServiceError {
  std::string name;     // "ConditionalCheckFailedException", without its namespace
  std::string message;  // the service's words
  int status = 0;

  [[nodiscard]] Code code() const;
  [[nodiscard]] bool retryable() const;  // may the same call succeed at once?
  [[nodiscard]] bool skewed() const;     // the service holds our clock to be wrong
  [[nodiscard]] bool expired() const;    // the credentials are over; newer ones may do
  [[nodiscard]] Error to_error(std::string_view call) const;
};

// "com.amazonaws.sqs#X", "X:http://...", "AWS.SimpleQueueService.X;Sender" are all X.
[[nodiscard]] std::string bare_error_name(std::string_view text);

// Of an answer of a service, in JSON or XML, that is no 2xx. Whatever it is, this says what can be said.
[[nodiscard]] ServiceError read_service_error(net::Response const& response);

}  // namespace hoist::aws
