// One request of the S3 protocol, authenticated and with its address taken apart.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/verify.hpp"
#include "net/body_budget.hpp"
#include "net/message.hpp"
#include "ports/object_store.hpp"
#include "s3api/access_keys.hpp"

namespace hoist::s3api {

// Refusals that the protocol has a name for.
[[nodiscard]] std::unexpected<Error> invalid_argument(std::string detail);
[[nodiscard]] std::unexpected<Error> invalid_request(std::string detail);
[[nodiscard]] std::unexpected<Error> access_denied(std::string detail);
[[nodiscard]] std::unexpected<Error> not_implemented(std::string detail);

struct Call {
  net::Request const& request;
  aws::Authorization authorization;
  AccessKey const* key = nullptr;
  std::shared_ptr<aws::SigningKey const> signing_key;
  ObjectRef ref;                                   // bucket and key; either may be empty
  std::shared_ptr<net::BodyBudget::Share> memory;  // what its body holds; absent for forms

  [[nodiscard]] std::string_view header(std::string_view name) const { return request.headers.get(name); }
  [[nodiscard]] bool has_query(std::string_view name) const { return request.query_value(name).has_value(); }
  [[nodiscard]] std::string query(std::string_view name) const {
    return request.query_value(name).value_or("");
  }
  // For everything but the transfer of bytes itself.
  [[nodiscard]] Deadline deadline() const;
};

// "/bucket/key" of a decoded path. Errors: invalid for keys that are none.
[[nodiscard]] Result<ObjectRef> parse_path(std::string_view path);

// 1 to 1,024 bytes of UTF-8 without control characters and without "." or ".." between slashes.
[[nodiscard]] Result<void> check_key(std::string_view key);

// Is the key within what the access key may touch?
[[nodiscard]] Result<void> check_prefix(AccessKey const& access_key, std::string_view key);

// A whole number within bounds; `fallback` when the parameter is absent.
[[nodiscard]] Result<std::int64_t> number_query(Call const& call, std::string_view name, std::int64_t min,
                                                std::int64_t max, std::int64_t fallback);
[[nodiscard]] std::optional<std::int64_t> parse_number(std::string_view text);
[[nodiscard]] Result<int> part_number(Call const& call);  // of an UploadPart

// The error as the protocol writes it. A client that signed for another region learns this one.
[[nodiscard]] net::Response error_response(Error const& error, net::Request const& request,
                                           std::string_view region = {});
[[nodiscard]] std::string_view name_of(Error const& error);  // "NoSuchKey"
[[nodiscard]] net::Response xml_response(int status, std::string body);
[[nodiscard]] std::string to_upper(std::string_view text);  // ASCII
[[nodiscard]] std::string quoted(std::string_view etag);
[[nodiscard]] std::string unquoted(std::string_view etag);

}  // namespace hoist::s3api
