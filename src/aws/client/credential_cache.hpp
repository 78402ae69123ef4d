// The credentials in force: had once for all calls, and again before they end.
//
// Promise  a caller waits for a source only when there are no credentials that still hold: those that end
// soon
//          are renewed by one caller while the others go on with them.
// Threads  any.
// Lifetime the clock outlives it. A caller that is still suspended when its runtime ends may be destroyed
// after it. Errors   unauthenticated when no source has any, naming where it was looked; those of the
// sources.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/client/credential_sources.hpp"

namespace hoist::aws {

class CredentialCache {
 public:
  // Renewed this long before they end, and not asked for again sooner than `retry_after` a failure.
  static constexpr auto renew_before = std::chrono::minutes{5};
  static constexpr auto retry_after = std::chrono::seconds{10};

  CredentialCache(std::vector<std::unique_ptr<CredentialSource>> sources, Clock const& clock);

  Async<Credentials> get(Deadline deadline);
  // A service holds these to be over: the next call has new ones, unless another call has fetched them
  // already.
  void forget(Credentials const& refused);

 private:
  struct State;
  class Renewing;
  enum class Turn { use, renew, wait };
  Turn look(Credentials& found, std::uint64_t& ticket);
  Async<Credentials> renew(Deadline deadline);
  Async<FoundCredentials> ask_sources(Deadline deadline);

  std::vector<std::unique_ptr<CredentialSource>> sources_;
  Clock const& clock_;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::aws
