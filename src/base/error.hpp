// What can go wrong, in one table: every error of every module is one of these codes, and the
// table in error.cpp says how it looks over HTTP, over S3 and as a process's exit.
//
// Errors   Result<T> crosses every module boundary. Nothing of ours throws; exceptions of
//          libraries are caught at the adapter's edge.
// Source   RFC 9457 (problem details), RFC 9110 (status codes).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hoist {

enum class Code : std::uint8_t {
  invalid,              // a field is wrong; fields() says which
  unauthenticated,      // who are you?
  forbidden,            // known, but not allowed
  quota_exceeded,       // the tenant's storage is used up
  not_found,            // absent, or another tenant's
  method_not_allowed,   //
  request_timeout,      // the client was too slow
  conflict,             // the thing is in a state that does not allow this
  gone,                 // it was here; for example a cursor past its retention
  length_required,      //
  precondition,         // If-Match, If-None-Match and their like
  too_large,            // body or file over a limit
  uri_too_long,         //
  unsupported_type,     //
  range_unsatisfiable,  //
  key_reuse,            // Idempotency-Key seen before with another body
  headers_too_large,    //
  throttled,            // slow down; retry_after says how long
  internal,             // our bug
  corrupt,              // stored bytes are not what was stored
  not_implemented,      //
  unavailable,          // a dependency is away or a queue is full; try again
  timeout,              // a deadline passed while we waited for a dependency
  storage_full,         // the disk is full
  cancelled,            // the caller went away; logged, never rendered
  count_
};

// One row of the table in error.cpp.
struct CodeInfo {
  std::string_view slug;   // stable, in problem+json `code`
  std::string_view title;  // for people
  std::string_view s3;     // error code of the S3 protocol
  std::uint16_t http_status;
  std::uint8_t cli_exit;
  bool retryable;  // may the same request succeed later?
};

[[nodiscard]] CodeInfo const& info(Code code);

struct FieldError {
  std::string field;   // JSON path or parameter name, e.g. "files[3].size"
  std::string reason;  // a sentence fragment: "must be at least 1"
};

// Never an aggregate, so that coroutines of every compiler copy it correctly.
class Error {
 public:
  explicit Error(Code code, std::string detail = {}) : code_{code}, detail_{std::move(detail)} {}

  // `slug` refines the code for programs ("infected"); it must be a literal.
  Error&& with_slug(std::string_view slug) && {
    slug_ = slug;
    return std::move(*this);
  }
  Error&& with_fields(std::vector<FieldError> fields) && {
    fields_ = std::move(fields);
    return std::move(*this);
  }
  Error&& with_retry_after(std::uint32_t seconds) && {
    retry_after_s_ = seconds;
    return std::move(*this);
  }
  // For the log only; never shown to a caller.
  Error&& with_cause(std::string cause) && {
    cause_ = std::move(cause);
    return std::move(*this);
  }

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] std::string_view slug() const { return slug_.empty() ? info(code_).slug : slug_; }
  [[nodiscard]] std::string const& detail() const { return detail_; }  // shown: no secrets
  [[nodiscard]] std::string const& cause() const { return cause_; }    // logged only
  [[nodiscard]] std::vector<FieldError> const& fields() const { return fields_; }
  [[nodiscard]] std::optional<std::uint32_t> retry_after_s() const { return retry_after_s_; }
  [[nodiscard]] bool retryable() const { return info(code_).retryable; }
  [[nodiscard]] std::string to_string() const;  // one line for the log

 private:
  Code code_;
  std::string_view slug_;
  std::string detail_;
  std::string cause_;
  std::vector<FieldError> fields_;
  std::optional<std::uint32_t> retry_after_s_;
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string detail = {}) {
  return std::unexpected<Error>{Error{code, std::move(detail)}};
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>{std::move(error)};
}
// 400 naming one field.
[[nodiscard]] std::unexpected<Error> invalid_field(std::string field, std::string reason);

}  // namespace hoist
