// The credentials in force: had once for all calls, and again before they end.
//
// Promise  a caller waits for a source only when there are no credentials that still hold: those that end
// soon
//          are renewed by one caller while the others go on with them.
// Threads  any.
// Errors   unauthenticated when no source has any, naming where it was looked; those of the sources.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "aws/client/credential_sources.hpp"
#include "base/mutex.hpp"

namespace hoist::aws {

class CredentialCache {
 public:
  // Renewed this long before they end, and not asked for again sooner than `retry_after` a failure.
  static constexpr auto renew_before = std::chrono::minutes{5};
  static constexpr auto retry_after = std::chrono::seconds{10};

  CredentialCache(std::vector<std::unique_ptr<CredentialSource>> sources, Clock const& clock)
      : sources_{std::move(sources)}, clock_{clock} {}

  Async<Credentials> get(Deadline deadline);
  // A service holds these to be over: the next call has new ones, unless somebody has had them already.
  void forget(Credentials const& refused);

 private:
  enum class Turn { use, renew, wait };
  class Renewing;
  Turn look(Credentials& found, std::uint64_t& ticket);
  Async<Credentials> renew(Deadline deadline);
  Async<FoundCredentials> ask_sources(Deadline deadline);

  std::vector<std::unique_ptr<CredentialSource>> sources_;
  Clock const& clock_;
  Signal renewed_;
  Mutex mutex_;
  std::optional<FoundCredentials> current_ HOIST_GUARDED_BY(mutex_);
  bool renewing_ HOIST_GUARDED_BY(mutex_) = false;
  Time not_before_ HOIST_GUARDED_BY(mutex_);  // when a failed renewal of such as still hold is tried again
};

}  // namespace hoist::aws
