// Tokens of an outside sign-in service, such as a company's OpenID Connect provider: whose they are is read
// from the claims that the operator names.
//
// Refused  whatever is not signed by a key that the service publishes, with the one algorithm of that key;
//          another issuer or audience; no end, or a past one. Keys and addresses that a token carries along
//          are never looked at, and a `crit` header refuses it.
// Names    a claim is a member's name, or a JSON Pointer where it begins with a slash.
// Roles    the claim is a word or a list of words; the highest role that one of them stands for counts, and
//          none refuses the token.
// Threads  any.
// Errors   unauthenticated (token_expired, token_invalid); unavailable while no keys can be read.
// Source   RFC 7519, RFC 8725, RFC 9068, RFC 6901.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "model/caller.hpp"
#include "tenants/published_keys.hpp"

namespace hoist::tenants {

constexpr std::size_t issued_token_bytes_max = 8192;

class Issuer {
 public:
  struct Options {
    std::string name;      // of its tokens, as `iss` says; empty: there is no such service
    std::string audience;  // what `aud` must name
    std::string keys;      // path or address of its key set
    std::chrono::seconds keys_refresh{300};
    std::string tenant_claim = "tenant";
    std::string user_claim = "sub";
    std::string role_claim = "role";
    std::vector<std::string> admin_words{"admin", "constructora"};
    std::vector<std::string> member_words{"member", "empleado"};
    std::vector<std::string> viewer_words{"viewer", "inversionista"};
  };
  Issuer(Options options, Clock const& clock)
      : options_{std::move(options)}, keys_{options_.keys, options_.keys_refresh, clock} {}

  // Its claims say so, which nobody has checked yet.
  [[nodiscard]] bool is_named_by(std::string_view token) const;
  Async<Caller> verify(std::string token, Time now, Deadline deadline);
  [[nodiscard]] PublishedKeys& keys() { return keys_; }
  [[nodiscard]] Options const& options() const { return options_; }

 private:
  [[nodiscard]] Result<Caller> read_claims(json::value const& claims, Time now) const;
  [[nodiscard]] std::optional<Role> role_of(json::value const* claim) const;

  Options options_;
  PublishedKeys keys_;
};

// What is wrong with them, by the setting's name; nothing where they can be used or name no service.
[[nodiscard]] std::vector<FieldError> check_issuer(Issuer::Options const& options);

}  // namespace hoist::tenants
