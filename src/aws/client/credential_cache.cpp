#include "aws/client/credential_cache.hpp"

#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::aws {

// Ends a renewal however its coroutine ends, by cancellation too, so that the next caller tries.
class CredentialCache::Renewing {
 public:
  explicit Renewing(CredentialCache& cache) : cache_{cache} {}
  ~Renewing() {
    {
      auto const lock = Lock{cache_.mutex_};
      cache_.renewing_ = false;
    }
    cache_.renewed_.notify();
  }
  Renewing(Renewing const&) = delete;

 private:
  CredentialCache& cache_;
};

CredentialCache::Turn CredentialCache::look(Credentials& found, std::uint64_t& ticket) {
  ticket = renewed_.ticket();
  auto const now = clock_.now();
  auto const lock = Lock{mutex_};
  auto const holds = current_ && (!current_->ends_at || now < *current_->ends_at);
  auto const fresh = holds && (!current_->ends_at || now < *current_->ends_at - renew_before);
  if (holds && (fresh || renewing_ || now < not_before_)) {
    found = current_->credentials;
    return Turn::use;
  }
  if (renewing_) return Turn::wait;
  renewing_ = true;
  return Turn::renew;
}

Async<Credentials> CredentialCache::get(Deadline deadline) {
  for (;;) {
    auto found = Credentials{};
    auto ticket = std::uint64_t{0};
    auto const turn = look(found, ticket);
    if (turn == Turn::use) co_return found;
    if (turn == Turn::renew) co_return co_await renew(deadline);
    CO_TRY(auto const in_time, co_await renewed_.wait(ticket, deadline));
    if (!in_time) co_return fail(Code::timeout, "Credentials did not come in time.");
  }
}

Async<Credentials> CredentialCache::renew(Deadline deadline) {
  auto const renewing = Renewing{*this};
  auto asked = co_await ask_sources(deadline);
  auto const now = clock_.now();
  auto const lock = Lock{mutex_};
  if (asked) {
    current_ = *std::move(asked);
    not_before_ = now + retry_after;  // a source may go on handing out such as end soon
    co_return current_->credentials;
  }
  auto const holds = current_ && (!current_->ends_at || now < *current_->ends_at);
  if (!holds) co_return std::unexpected{std::move(asked).error()};
  log::warn("credentials could not be renewed, and still hold", {{"cause", asked.error().to_string()}});
  not_before_ = now + retry_after;
  co_return current_->credentials;
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
  auto const lock = Lock{mutex_};
  if (!current_ || current_->credentials.access_key_id != refused.access_key_id ||
      current_->credentials.session_token != refused.session_token)
    return;
  current_.reset();
}

}  // namespace hoist::aws
