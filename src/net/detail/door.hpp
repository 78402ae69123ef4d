// Who may hold how many connections of a listener.
//
// Invariants  at most connections_max are served, at most per_address_max of them for one address, and
//             at most refusals_max are being told that they are too many; a client beyond that
//             gets a word and is gone.
// Threads  any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "base/mutex.hpp"

namespace hoist::net {

class Door {
 public:
  struct Limits {
    std::size_t connections_max = 4096;
    std::size_t per_address_max = 1024;
    std::size_t refusals_max = 64;
  };
  enum class Verdict : std::uint8_t {
    serve,
    full,     // the listener is: tell it
    crowded,  // its address is: tell it
    drop,     // too many are being told already
  };
  explicit Door(Limits limits) : limits_{limits} {}

  // An empty group is not counted by address. A client that entered and was not dropped has to leave.
  [[nodiscard]] Verdict enter(std::string const& group);
  void leave(std::string const& group, Verdict verdict);
  [[nodiscard]] std::size_t inside() const;
  // false: a client was still inside at the deadline.
  bool wait_until_empty(Deadline deadline);

 private:
  Limits const limits_;
  mutable Mutex mutex_;
  Condition empty_;
  std::size_t served_ HOIST_GUARDED_BY(mutex_) = 0;
  std::size_t refused_ HOIST_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::size_t> by_group_ HOIST_GUARDED_BY(mutex_);
};

[[nodiscard]] std::string_view reason_of(Door::Verdict verdict);

}  // namespace hoist::net
