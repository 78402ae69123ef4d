// What a queue delivers: a message, and the receipt that settles it.
//
// Units    sizes in bytes, times in microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "model/ids.hpp"

namespace hoist {

inline constexpr auto queue_body_bytes_max = std::size_t{256 * 1024};
inline constexpr auto queue_name_bytes_max = std::size_t{128};  // queues, groups, dedup keys
inline constexpr auto queue_receive_max = 10;
inline constexpr auto queue_visibility_max = Micros{12 * 3600 * 1'000'000LL};
inline constexpr auto queue_delay_max = Micros{366 * 24 * 3600 * 1'000'000LL};

struct Receipt {
  MessageId id;
  std::string queue;
  std::int64_t attempt = 0;  // 1 at the first delivery
  TenantId tenant;
  std::string group;
  std::int64_t sequence = 0;
  std::int64_t fence = 0;  // grows with every delivery and every loss of the group
};

struct Message {
  Receipt receipt;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  Time sent_at;
  std::int64_t attempts_max = 0;  // this is the last attempt when receipt.attempt equals it
  Time visible_until;             // the receipt is lost then, unless extended
};

}  // namespace hoist
