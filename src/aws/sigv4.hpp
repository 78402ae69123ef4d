// Signing requests and URLs. Pure functions over a cached key: no I/O.
//
// Threads  const calls from any.
// Source   AWS Signature Version 4: header form, query-string form, POST policy.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "aws/canonical.hpp"
#include "aws/signing_key.hpp"

namespace hoist::aws {

struct Credentials {
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token;  // of such as end; "" of those that last
};

struct UrlToSign {
  std::string_view method;
  std::string_view origin;  // "https://objects.example.com:9000"
  std::string_view host;    // the Host the client will send: "objects.example.com:9000"
  std::string_view path;    // decoded, with its leading slash
  std::map<std::string, std::string> const& headers;  // signed beside host; names in lower case
  std::map<std::string, std::string> const& query;
  std::chrono::seconds lifetime;
};

class Signer {
 public:
  Signer(Credentials credentials, std::string region, std::string service = "s3");

  // A URL good for `lifetime`; the body is not signed.
  [[nodiscard]] std::string presign(UrlToSign const& wanted, Time now) const;

  // The headers to add: x-amz-date, x-amz-content-sha256, authorization, and x-amz-security-token where
  // the credentials have one. All headers given are
  // signed; `host` must be among them. `payload_hash` is the body's SHA-256 in hex or one of the
  // protocol's words.
  [[nodiscard]] Pairs sign(RequestView const& request, std::string_view payload_hash, Time now) const;

  // Signature of a base64 POST policy.
  [[nodiscard]] std::string sign_policy(std::string_view policy_base64, Time now) const;

  [[nodiscard]] std::string credential(Time now) const;  // value of X-Amz-Credential
  [[nodiscard]] std::shared_ptr<SigningKey const> key(Time now) const;
  [[nodiscard]] Scope scope(Time now) const;

 private:
  Credentials credentials_;
  std::string region_;
  std::string service_;
  std::shared_ptr<SigningKeys> keys_;
};

}  // namespace hoist::aws
