#include "tenants/tickets.hpp"

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/mutex.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t secret_bytes = 32;

Micros life_of(Tickets::Purpose purpose) {
  return purpose == Tickets::Purpose::stream ? Micros{std::chrono::seconds{30}}
                                             : Micros{std::chrono::minutes{15}};
}

}  // namespace

Result<Tickets::Issued> Tickets::issue(Caller caller, Purpose purpose) {
  auto const now = clock_.now();
  auto issued = Issued{base64url(random_bytes(secret_bytes)), now + life_of(purpose)};
  auto const lock = Lock{mutex_};
  std::erase_if(entries_, [now](auto const& entry) { return entry.second.expires_at <= now; });
  if (entries_.size() >= tickets_max)
    return fail(Error{Code::unavailable, "Too many tickets wait for their use."}.with_retry_after(1));
  entries_.emplace(sha256(issued.text), Entry{std::move(caller), purpose, issued.expires_at});
  return issued;
}

Result<Caller> Tickets::redeem(std::string_view text, Purpose purpose) {
  auto const refused = [] {
    return fail(
        Error{Code::unauthenticated, "The ticket was used before, has ended or never was one."}.with_slug(
            "ticket_invalid"));
  };
  auto const lock = Lock{mutex_};
  auto const found = entries_.find(sha256(text));
  if (found == entries_.end()) return refused();
  auto const entry = std::move(found->second);
  entries_.erase(found);
  if (entry.purpose != purpose || entry.expires_at <= clock_.now()) return refused();
  return entry.caller;
}

}  // namespace hoist::tenants
