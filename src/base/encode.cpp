#include "base/encode.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cstdint>

namespace hoist {
namespace {

constexpr std::string_view lower_digits = "0123456789abcdef";
constexpr std::string_view upper_digits = "0123456789ABCDEF";
constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::string_view bytes, std::string_view alphabet, bool padded) {
  auto const digits = (bytes.size() * 8 + 5) / 6;
  auto text = std::string(padded ? (digits + 3) / 4 * 4 : digits, '=');
  auto* at = text.data();
  auto const put = [&](std::uint32_t window, int count) {
    for (auto shift = 18; count > 0; --count, shift -= 6) *at++ = alphabet[(window >> shift) & 63];
  };
  auto const byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) put(byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2), 4);
  if (i + 1 == bytes.size()) put(byte(i) << 16, 2);
  if (i + 2 == bytes.size()) put(byte(i) << 16 | byte(i + 1) << 8, 3);
  return text;
}

constexpr std::uint8_t no_value = 0xFF;
using Values = std::array<std::uint8_t, 256>;

constexpr Values values_of(std::string_view alphabet) {
  auto values = Values{};
  values.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto standard_values = values_of(standard_alphabet);
constexpr auto url_values = values_of(url_alphabet);

std::optional<std::string> decode64(std::string_view text, Values const& values) {
  auto bytes = std::string{};
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t window = 0;
  int bits = 0;
  for (auto const c : text) {
    auto const value = values[static_cast<unsigned char>(c)];
    if (value == no_value) return std::nullopt;
    window = (window << 6) | value;
    if (bits += 6; bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((window >> bits) & 0xFF);
    }
  }
  // Left-over bits must be zero and too few for another character: one spelling per value.
  if (bits >= 6 || (window & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '~';
}

// Length of the well-formed sequence at the front of `text`, or 0.
std::size_t utf8_sequence(std::string_view text) {
  auto const at = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  auto const tail = [&](std::size_t i) { return at(i) >= 0x80 && at(i) <= 0xBF; };
  auto const first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    auto const low = first == 0xE0 ? 0xA0U : 0x80U;
    auto const high = first == 0xED ? 0x9FU : 0xBFU;
    return at(1) >= low && at(1) <= high && tail(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    auto const low = first == 0xF0 ? 0x90U : 0x80U;
    auto const high = first == 0xF4 ? 0x8FU : 0xBFU;
    return at(1) >= low && at(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string hex(std::string_view bytes) {
  auto text = std::string{};
  text.reserve(bytes.size() * 2);
  for (auto const c : bytes) {
    auto const byte = static_cast<unsigned char>(c);
    text += lower_digits[byte >> 4];
    text += lower_digits[byte & 15];
  }
  return text;
}

std::optional<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  auto bytes = std::string{};
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    auto const high = lower_digits.find(text[i]);
    auto const low = lower_digits.find(text[i + 1]);
    if (high == lower_digits.npos || low == lower_digits.npos) return std::nullopt;
    bytes += static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::string base64(std::string_view bytes) {
  return encode64(bytes, standard_alphabet, true);
}
std::string base64url(std::string_view bytes) {
  return encode64(bytes, url_alphabet, false);
}

std::optional<std::string> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (auto padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode64(text, standard_values);
}

std::optional<std::string> unbase64url(std::string_view text) {
  return decode64(text, url_values);
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  static constexpr auto unreserved = [] {
    auto table = std::array<bool, 256>{};
    for (auto c = 0; c < 256; ++c) table[static_cast<std::size_t>(c)] = is_unreserved(static_cast<char>(c));
    return table;
  }();
  auto out = std::string(3 * text.size(), '\0');
  auto* at = out.data();
  for (auto const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (unreserved[byte] || (keep_slash && c == '/')) {
      *at++ = c;
      continue;
    }
    *at++ = '%';
    *at++ = upper_digits[byte >> 4];
    *at++ = upper_digits[byte & 15];
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return out;
}

std::optional<std::string> percent_decode(std::string_view text) {
  auto out = std::string{};
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    auto const high = hex_value(text[i + 1]);
    auto const low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    auto const length = utf8_sequence(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string to_lower(std::string_view text) {
  auto out = std::string{text};
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view white = " \t\r\n";
  auto const first = text.find_first_not_of(white);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace hoist
