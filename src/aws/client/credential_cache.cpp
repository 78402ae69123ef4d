#include "aws/client/credential_cache.hpp"

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::aws {

struct CredentialCache::State {
  Signal renewed;
  Mutex mutex;
  std::optional<FoundCredentials> current HOIST_GUARDED_BY(mutex);
  bool renewing HOIST_GUARDED_BY(mutex) = false;
  Time not_before HOIST_GUARDED_BY(mutex);  // when a failed renewal of such as still hold is tried again

  [[nodiscard]] bool holds(Time now) const HOIST_REQUIRES(mutex) {
    return current && (!current->ends_at || now < *current->ends_at);
  }
};

// Ends a renewal however its coroutine ends, by cancellation too, so that the next caller tries.
class CredentialCache::Renewing {
 public:
  explicit Renewing(std::shared_ptr<State> state) : state_{std::move(state)} {}
  ~Renewing() {
    {
      auto const lock = Lock{state_->mutex};
      state_->renewing = false;
    }
    state_->renewed.notify();
  }
  Renewing(Renewing const&) = delete;

 private:
  std::shared_ptr<State> state_;
};

CredentialCache::CredentialCache(std::vector<std::unique_ptr<CredentialSource>> sources, Clock const& clock)
    : sources_{std::move(sources)}, clock_{clock}, state_{std::make_shared<State>()} {}

CredentialCache::Turn CredentialCache::look(Credentials& found, std::uint64_t& ticket) {
  auto& state = *state_;
  ticket = state.renewed.ticket();
  auto const now = clock_.now();
  auto const lock = Lock{state.mutex};
  auto const holds = state.holds(now);
  auto const fresh = holds && (!state.current->ends_at || now < *state.current->ends_at - renew_before);
  if (holds && (fresh || state.renewing || now < state.not_before)) {
    found = state.current->credentials;
    return Turn::use;
  }
  if (state.renewing) return Turn::wait;
  state.renewing = true;
  return Turn::renew;
}

Async<Credentials> CredentialCache::get(Deadline deadline) {
  for (;;) {
    auto found = Credentials{};
    auto ticket = std::uint64_t{0};
    auto const turn = look(found, ticket);
    if (turn == Turn::use) co_return found;
    if (turn == Turn::renew) co_return co_await renew(deadline);
    CO_TRY(auto const in_time, co_await state_->renewed.wait(ticket, deadline));
    if (!in_time) co_return fail(Code::timeout, "Credentials did not come in time.");
  }
}

Async<Credentials> CredentialCache::renew(Deadline deadline) {
  auto& state = *state_;
  auto const renewing = Renewing{state_};
  auto asked = co_await ask_sources(deadline);
  auto const now = clock_.now();
  auto const lock = Lock{state.mutex};
  if (!asked && !state.holds(now)) co_return std::unexpected{std::move(asked).error()};
  state.not_before = now + retry_after;  // also where the source goes on handing out such as end soon
  if (asked)
    state.current = *std::move(asked);
  else
    log::warn("credentials could not be renewed, and still hold", {{"cause", asked.error().to_string()}});
  co_return state.current->credentials;
}

Async<FoundCredentials> CredentialCache::ask_sources(Deadline deadline) {
  auto looked = std::string{};
  for (auto const& source : sources_) {
    CO_TRY(auto found, co_await source->find(deadline));
    if (found) co_return *std::move(found);
    looked += (looked.empty() ? "" : ", ") + std::string{source->name()};
  }
  co_return fail(Code::unauthenticated, "There are no AWS credentials; looked in " + looked + ".");
}

void CredentialCache::forget(Credentials const& refused) {
  auto& state = *state_;
  auto const lock = Lock{state.mutex};
  if (state.current && state.current->credentials.access_key_id == refused.access_key_id &&
      state.current->credentials.session_token == refused.session_token)
    state.current.reset();
}

}  // namespace hoist::aws
