// Where credentials come from.
//
// Order    default_sources() is that of the SDKs: environment, profile files, web identity, container,
// instance.
//          The first that has any is used; one that is configured and fails is an error, never a reason to go
//          on as another principal.
// Threads  any.   Rule  what they read is never logged, nor part of an error.
// Source   AWS SDKs and Tools Reference Guide, "Standardized credential providers".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/client/environment.hpp"
#include "aws/sigv4.hpp"
#include "base/async.hpp"

namespace hoist::aws {

struct FoundCredentials {
  Credentials credentials;
  std::optional<Time> ends_at;  // absent: they last
};

class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;  // for errors: "the environment"
  // Nothing where this source is not set up. Errors: unauthenticated, in words that say what is wrong there.
  virtual Async<std::optional<FoundCredentials>> find(Deadline deadline) = 0;
};

[[nodiscard]] std::vector<std::unique_ptr<CredentialSource>> default_sources(Environment const& environment,
                                                                             std::string const& region);

}  // namespace hoist::aws
