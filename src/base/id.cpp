#include "base/id.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "base/assert.hpp"
#include "base/encode.hpp"

namespace hoist {
namespace {

// Time in milliseconds and a 12-bit counter as one number that only grows: RFC 9562 method 1 of
// section 6.2 (fixed-length counter), so ids made in one millisecond keep their order.
std::uint64_t next_tick(Time now) {
  static std::atomic<std::uint64_t> last{0};
  auto const ms = static_cast<std::uint64_t>(to_us(now) / 1000);
  auto previous = last.load(std::memory_order_relaxed);
  auto next = std::uint64_t{0};
  do {
    next = std::max(previous + 1, ms << 12);
  } while (!last.compare_exchange_weak(previous, next, std::memory_order_relaxed));
  return next;
}

// The generator costs most per call, so bytes are drawn for many at once. Each is used once, and gone
// from here when it is.
void fill_random(std::span<char> bytes) {
  struct Drawn {
    std::array<char, 1024> bytes;
    std::size_t used = sizeof bytes;
  };
  thread_local auto drawn = Drawn{};
  if (drawn.bytes.size() - drawn.used < bytes.size()) {
    auto const ok = RAND_bytes(reinterpret_cast<unsigned char*>(drawn.bytes.data()), drawn.bytes.size());
    HOIST_ASSERT(ok == 1);
    drawn.used = 0;
  }
  auto const taken = std::span{drawn.bytes}.subspan(drawn.used, bytes.size());
  std::ranges::copy(taken, bytes.begin());
  OPENSSL_cleanse(taken.data(), taken.size());
  drawn.used += bytes.size();
}

}  // namespace

std::string random_bytes(std::size_t count) {
  constexpr std::size_t many = 64;
  auto bytes = std::string(count, '\0');
  for (auto left = std::span{bytes}; !left.empty(); left = left.subspan(std::min(many, left.size())))
    fill_random(left.first(std::min(many, left.size())));
  return bytes;
}

std::string new_uuid7(Time now) {
  auto const tick = next_tick(now);
  auto bytes = std::array<char, 16>{};
  fill_random(bytes);
  auto const put = [&](std::size_t at, std::uint64_t value) { bytes[at] = static_cast<char>(value); };
  auto const ms = tick >> 12;
  for (std::size_t i = 0; i < 6; ++i) put(i, (ms >> (40 - 8 * i)) & 0xFF);
  put(6, 0x70 | ((tick >> 8) & 0x0F));
  put(7, tick & 0xFF);
  put(8, 0x80 | (static_cast<unsigned char>(bytes[8]) & 0x3F));
  auto const digits = hex({bytes.data(), bytes.size()});
  auto text = std::string{};
  text.reserve(36);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    text += digits[i];
  }
  return text;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const dash = i == 8 || i == 13 || i == 18 || i == 23;
    auto const c = text[i];
    auto const digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (dash ? c != '-' : !digit) return false;
  }
  return true;
}

}  // namespace hoist
