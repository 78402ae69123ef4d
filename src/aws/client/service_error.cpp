#include "aws/client/service_error.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <array>

#include "base/encode.hpp"
#include "base/json_members.hpp"

namespace hoist::aws {
namespace {

constexpr std::size_t message_bytes_max = 500;

struct Known {
  std::string_view name;
  Code code;
  bool retryable = false;
};

constexpr auto known = std::to_array<Known>({
    {"ConditionalCheckFailedException", Code::precondition},
    {"PreconditionFailed", Code::precondition},
    {"ResourceNotFoundException", Code::not_found},
    {"NoSuchBucket", Code::not_found},
    {"NoSuchKey", Code::not_found},
    {"NoSuchUpload", Code::not_found},
    {"QueueDoesNotExist", Code::not_found},
    {"ResourceInUseException", Code::conflict},
    {"TransactionConflictException", Code::conflict, true},
    {"ConditionalRequestConflict", Code::conflict, true},
    {"OperationAborted", Code::conflict, true},
    {"ItemCollectionSizeLimitExceededException", Code::too_large},
    {"EntityTooLarge", Code::too_large},
    {"RequestEntityTooLarge", Code::too_large},
    {"InvalidRange", Code::range_unsatisfiable},
    {"ReceiptHandleIsInvalid", Code::gone},
    {"MessageNotInflight", Code::gone},
    {"ProvisionedThroughputExceededException", Code::throttled, true},
    {"RequestLimitExceeded", Code::throttled, true},
    {"RequestThrottled", Code::throttled, true},
    {"RequestThrottledException", Code::throttled, true},
    {"SlowDown", Code::throttled, true},
    {"Throttling", Code::throttled, true},
    {"ThrottlingException", Code::throttled, true},
    {"ThrottledException", Code::throttled, true},
    {"TooManyRequestsException", Code::throttled, true},
    {"KmsThrottled", Code::throttled, true},
    {"AccessDenied", Code::forbidden},
    {"AccessDeniedException", Code::forbidden},
    {"KmsAccessDenied", Code::forbidden},
    {"ExpiredToken", Code::unauthenticated},
    {"ExpiredTokenException", Code::unauthenticated},
    {"IncompleteSignature", Code::unauthenticated},
    {"InvalidAccessKeyId", Code::unauthenticated},
    {"InvalidClientTokenId", Code::unauthenticated},
    {"InvalidSignatureException", Code::unauthenticated},
    {"MissingAuthenticationToken", Code::unauthenticated},
    {"MissingAuthenticationTokenException", Code::unauthenticated},
    {"RequestExpired", Code::unauthenticated},
    {"RequestTimeTooSkewed", Code::unauthenticated},
    {"SignatureDoesNotMatch", Code::unauthenticated},
    {"UnrecognizedClientException", Code::unauthenticated},
    {"InternalServerError", Code::unavailable, true},
    {"InternalFailure", Code::unavailable, true},
    {"InternalError", Code::unavailable, true},
    {"RequestTimeout", Code::unavailable, true},
    {"ServiceUnavailable", Code::unavailable, true},
});

Known const* find_known(std::string_view name) {
  auto const found = std::ranges::find(known, name, &Known::name);
  return found == known.end() ? nullptr : &*found;
}

Code code_of_status(int status) {
  switch (status) {
    case 400: return Code::invalid;
    case 401: return Code::unauthenticated;
    case 403: return Code::forbidden;
    case 404: return Code::not_found;
    case 408: return Code::timeout;
    case 409: return Code::conflict;
    case 412: return Code::precondition;
    case 413: return Code::too_large;
    case 416: return Code::range_unsatisfiable;
    case 429: return Code::throttled;
    case 504: return Code::timeout;
    default: return Code::unavailable;
  }
}

// <Error> of S3, or within <ErrorResponse> of the query protocol.
void read_xml(std::string_view body, ServiceError& error) {
  auto document = pugi::xml_document{};
  if (!document.load_buffer(body.data(), body.size())) return;
  auto const root = document.document_element();
  auto const said = root.name() == std::string_view{"Error"} ? root : root.child("Error");
  error.name = said.child_value("Code");
  error.message = said.child_value("Message");
}

}  // namespace

Code ServiceError::code() const {
  auto const* found = find_known(name);
  return found != nullptr ? found->code : code_of_status(status);
}

bool ServiceError::retryable() const {
  auto const* found = find_known(name);
  return (found != nullptr && found->retryable) || status == 429 || status >= 500;
}

bool ServiceError::skewed() const {
  return name == "RequestTimeTooSkewed" || name == "RequestExpired" || name == "InvalidSignatureException" ||
         name == "SignatureDoesNotMatch";
}

bool ServiceError::expired() const {
  return name == "ExpiredToken" || name == "ExpiredTokenException" || name == "UnrecognizedClientException" ||
         name == "InvalidClientTokenId";
}

Error ServiceError::to_error(std::string_view call) const {
  return Error{code(), "A service of the cloud did not do what was asked."}.with_cause(
      fmt::format("{}: {} {}: {}", call, status, name.empty() ? "no name" : name, message));
}

std::string bare_error_name(std::string_view text) {
  text = text.substr(0, text.find_first_of(":;"));
  if (auto const hash = text.rfind('#'); hash != text.npos) text.remove_prefix(hash + 1);
  if (auto const dot = text.rfind('.'); dot != text.npos) text.remove_prefix(dot + 1);
  return std::string{text};
}

ServiceError read_service_error(net::Response const& response) {
  auto error = ServiceError{.status = response.status};
  if (trim(response.body).starts_with('<'))
    read_xml(response.body, error);
  else if (auto const parsed = parse_json(response.body); parsed && parsed->is_object()) {
    auto const& object = parsed->get_object();
    error.name = text_of(object, "__type");
    if (error.name.empty()) error.name = text_of(object, "code");
    error.message = text_of(object, "message");
    if (error.message.empty()) error.message = text_of(object, "Message");
  }
  if (error.name.empty()) error.name = response.headers.get("x-amzn-errortype");
  // SQS tells by this header what its older protocol called it; only the name before ';' is of interest.
  if (auto const query = response.headers.get("x-amzn-query-error"); error.name.empty() && !query.empty())
    error.name = query;
  error.name = bare_error_name(error.name);
  error.message.resize(std::min(error.message.size(), message_bytes_max));
  return error;
}

}  // namespace hoist::aws
