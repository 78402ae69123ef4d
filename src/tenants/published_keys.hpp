// The key set of an outside sign-in service, read from a file or an address and kept.
//
// Rotation a name that is not known has the source looked at again at once, though not more often than
//          look_again_after; a key that the source no longer has is gone at the next look, `refresh` later at
//          the most.
// Promise  while the source cannot be read, the keys read last go on to count for stale_max; then none does.
// Threads  any; one looks, and who wants a name that is not known waits for it.
// Errors   find: unauthenticated for a name that the source does not have, unavailable while nothing can be
//          read. look: unavailable, timeout; invalid for what is no key set.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/async.hpp"
#include "base/mutex.hpp"
#include "tenants/key_set.hpp"

namespace hoist::tenants {

class PublishedKeys {
 public:
  static constexpr auto look_again_after = std::chrono::seconds{10};
  static constexpr auto stale_max = std::chrono::hours{24};

  // `source`: the path of a file, or an address that begins with https:// (http:// on this machine).
  PublishedKeys(std::string source, std::chrono::seconds refresh, Clock const& clock)
      : source_{std::move(source)}, refresh_{refresh}, clock_{clock} {}

  [[nodiscard]] bool is_file() const { return !source_.contains("://"); }
  Async<PublicKey> find(std::string name, Deadline deadline);
  Async<> look(Deadline deadline);  // reads the source now
  // Above 0, and another one after every change of the keys.
  [[nodiscard]] std::uint64_t version() const;

 private:
  class Turn;
  struct Kept {
    std::string text;
    KeySet keys;
    Time read_at;
  };

  [[nodiscard]] std::shared_ptr<Kept const> kept() const;
  Async<std::string> fetch(Deadline deadline) const;
  Async<> look_in_turn(Deadline deadline);

  std::string source_;
  std::chrono::seconds refresh_;
  Clock const& clock_;
  Signal looked_;
  mutable Mutex mutex_;
  std::shared_ptr<Kept const> kept_ HOIST_GUARDED_BY(mutex_);  // null: nothing was read yet
  std::uint64_t version_ HOIST_GUARDED_BY(mutex_) = 1;
  std::optional<Time> tried_at_ HOIST_GUARDED_BY(mutex_);
  bool looking_ HOIST_GUARDED_BY(mutex_) = false;
};

}  // namespace hoist::tenants
