// Keys for one use within seconds or minutes: what may stand in an address, where a token must not,
// because addresses end up in logs and histories.
//
// Promise  a ticket speaks for whom it was issued to, for its purpose, once. It is kept in memory as its
//          hash: a restart ends it.
// Threads  any.   Bounded: tickets_max at once, then unavailable.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"
#include "model/caller.hpp"

namespace hoist::tenants {

class Tickets {
 public:
  enum class Purpose : std::uint8_t {
    stream,   // to open /ws or /stream
    sign_in,  // to begin a session of the page
  };
  static constexpr std::size_t tickets_max = 10'000;

  struct Issued {
    std::string text;
    Time expires_at;
  };
  explicit Tickets(Clock const& clock) : clock_{clock} {}

  Result<Issued> issue(Caller caller, Purpose purpose);
  // Errors: unauthenticated, whatever is wrong with it.
  Result<Caller> redeem(std::string_view text, Purpose purpose);

 private:
  struct Entry {
    Caller caller;
    Purpose purpose;
    Time expires_at;
  };
  Clock const& clock_;
  Mutex mutex_;
  std::map<std::string, Entry> entries_ HOIST_GUARDED_BY(mutex_);  // by SHA-256
};

}  // namespace hoist::tenants
