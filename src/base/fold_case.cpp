#include "base/fold_case.hpp"

#include <algorithm>
#include <clocale>
#include <cuchar>
#include <cwctype>
#include <locale.h>

#include "base/encode.hpp"

namespace hoist {
namespace {

struct Symbol {
  char32_t code = 0;
  std::size_t bytes = 1;
};

// Malformed text is taken byte by byte, with a code that has no lower case.
Symbol first_of(std::string_view text) {
  auto const lead = static_cast<unsigned char>(text[0]);
  auto const bytes = lead < 0xC0 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : 4U;
  if (bytes == 1 || bytes > text.size()) return {lead < 0x80 ? char32_t{lead} : 0, 1};
  auto code = static_cast<char32_t>(lead & (0x7FU >> bytes));
  for (auto const c : text.substr(1, bytes - 1)) code = (code << 6) | (static_cast<unsigned char>(c) & 0x3F);
  return {code, bytes};
}

void append(std::string& out, char32_t code) {
  auto const tail = [&](int shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    tail(6), tail(0);
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    tail(12), tail(6), tail(0);
  }
}

char32_t lower(char32_t code) {
  // Part of the C library, whatever is installed; its table of letters is Unicode's.
  static auto const unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (code < 0x80 || unicode == nullptr) return code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code;
  return static_cast<char32_t>(towlower_l(static_cast<wint_t>(code), unicode));
}

}  // namespace

std::string fold_case(std::string_view text) {
  auto const is_ascii =
      std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) return to_lower(text);
  auto out = std::string{};
  out.reserve(text.size());
  while (!text.empty()) {
    auto const symbol = first_of(text);
    if (auto const folded = lower(symbol.code); folded != symbol.code)
      append(out, folded);
    else
      out.append(text.substr(0, symbol.bytes));
    text.remove_prefix(symbol.bytes);
  }
  return out;
}

}  // namespace hoist
