#include "base/error.hpp"

#include <fmt/format.h>

#include <array>

#include "base/assert.hpp"

namespace hoist {
namespace {

constexpr auto table = std::to_array<CodeInfo>({
    {"invalid", "The request is not valid", "InvalidArgument", 400, 2, false},
    {"unauthenticated", "Authentication is required", "AccessDenied", 401, 3, false},
    {"forbidden", "Not allowed", "AccessDenied", 403, 3, false},
    {"quota_exceeded", "The storage quota is used up", "QuotaExceeded", 403, 4, false},
    {"not_found", "Not found", "NoSuchKey", 404, 5, false},
    {"method_not_allowed", "Method not allowed", "MethodNotAllowed", 405, 2, false},
    {"request_timeout", "The request took too long", "RequestTimeout", 408, 6, true},
    {"conflict", "The current state does not allow this", "OperationAborted", 409, 7, false},
    {"gone", "No longer available", "NoSuchKey", 410, 5, false},
    {"length_required", "Content-Length is required", "MissingContentLength", 411, 2, false},
    {"precondition_failed", "A condition of the request does not hold", "PreconditionFailed", 412, 7, false},
    {"too_large", "Too large", "EntityTooLarge", 413, 2, false},
    {"uri_too_long", "The URI is too long", "InvalidURI", 414, 2, false},
    {"unsupported_media_type", "Unsupported media type", "InvalidRequest", 415, 2, false},
    {"range_not_satisfiable", "The range cannot be satisfied", "InvalidRange", 416, 2, false},
    {"idempotency_key_reused", "The key was used for another request", "InvalidRequest", 422, 7, false},
    {"headers_too_large", "The headers are too large", "InvalidRequest", 431, 2, false},
    {"throttled", "Too many requests", "SlowDown", 429, 6, true},
    {"internal", "Internal error", "InternalError", 500, 1, true},
    {"corrupt", "Stored data is damaged", "InternalError", 500, 1, false},
    {"not_implemented", "Not implemented", "NotImplemented", 501, 1, false},
    {"unavailable", "Temporarily unavailable", "ServiceUnavailable", 503, 6, true},
    {"timeout", "A dependency did not answer in time", "ServiceUnavailable", 504, 6, true},
    {"storage_full", "The storage is full", "ServiceUnavailable", 507, 6, true},
    {"cancelled", "Cancelled", "RequestTimeout", 499, 6, true},
});
static_assert(table.size() == static_cast<std::size_t>(Code::count_));

}  // namespace

CodeInfo const& info(Code code) {
  auto const index = static_cast<std::size_t>(code);
  HOIST_ASSERT(index < table.size());
  return table[index];
}

std::string Error::to_string() const {
  auto text = std::string{slug()};
  if (!detail_.empty()) text += ": " + detail_;
  for (auto const& field : fields_) {
    auto const said =
        field.reason.ends_with('.') ? field.reason : fmt::format("{} {}", field.field, field.reason);
    if (!detail_.contains(said)) text += "; " + said;
  }
  if (!cause_.empty()) text += " (" + cause_ + ")";
  return text;
}

std::unexpected<Error> invalid_field(std::string field, std::string reason) {
  auto detail = field + " " + reason + ".";
  auto fields = std::vector<FieldError>{};
  fields.push_back(FieldError{std::move(field), std::move(reason)});
  return fail(Error{Code::invalid, std::move(detail)}.with_fields(std::move(fields)));
}

}  // namespace hoist
