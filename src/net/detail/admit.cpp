#include "net/detail/admit.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace hoist::net {
namespace {

constexpr std::size_t method_bytes_max = 16;
constexpr std::size_t host_bytes_max = 255 + 6;
constexpr std::size_t length_digits_max = 18;

enum CharClass : unsigned char {
  token_char = 1,   // RFC 9110 section 5.6.2
  target_char = 2,  // visible ASCII without what no URL may hold raw
  value_char = 4,   // HTAB, SP, visible ASCII, obs-text
  host_char = 8,
};

constexpr auto classes = [] {
  auto table = std::array<unsigned char, 256>{};
  auto const mark = [&](std::string_view chars, CharClass kind) {
    for (auto const c : chars) table[static_cast<unsigned char>(c)] |= kind;
  };
  constexpr auto alphanumeric =
      std::string_view{"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"};
  mark(alphanumeric, token_char);
  mark("!#$%&'*+-.^_`|~", token_char);
  mark(alphanumeric, host_char);
  mark("-._~:[]", host_char);
  for (auto c = 0x21; c < 0x7F; ++c)
    if (std::string_view{"\"#<>\\"}.find(static_cast<char>(c)) == std::string_view::npos)
      table[static_cast<std::size_t>(c)] |= target_char;
  for (auto c = 0x20; c < 0x100; ++c)
    if (c != 0x7F) table[static_cast<std::size_t>(c)] |= value_char;
  table['\t'] |= value_char;
  return table;
}();

bool all(std::string_view text, CharClass kind) {
  return std::ranges::all_of(text,
                             [kind](char c) { return (classes[static_cast<unsigned char>(c)] & kind) != 0; });
}

std::unexpected<Refusal> refuse(std::string_view reason, int status = 400) {
  return std::unexpected{Refusal{status, reason}};
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view strip(std::string_view text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_token_list(std::string_view list) {
  while (!list.empty()) {
    auto const comma = std::min(list.find(','), list.size());
    if (!all(strip(list.substr(0, comma)), token_char)) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

std::expected<void, Refusal> read_request_line(std::string_view line, HeadLimits const& limits, Head& head) {
  auto const first = line.find(' ');
  auto const last = line.rfind(' ');
  if (first == line.npos || first == last) return refuse("The request line is malformed.");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  auto const version = line.substr(last + 1);

  auto const upper_case = [](char c) { return (c >= 'A' && c <= 'Z') || c == '-'; };
  if (head.method.empty() || head.method.size() > method_bytes_max ||
      !std::ranges::all_of(head.method, upper_case))
    return refuse("The method is malformed.");
  if (head.target.size() > limits.target_bytes_max) return refuse("The URI is too long.", 414);
  auto const asterisk = head.target == "*" && head.method == "OPTIONS";
  if (head.target.empty() || (head.target.front() != '/' && !asterisk))
    return refuse("The target must begin with a slash.");
  if (!all(head.target, target_char))
    return refuse("The target holds a character that must be percent-encoded.");
  if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.')
    return refuse("The request line is malformed.");
  if (version == "HTTP/1.1")
    head.minor_version = 1;
  else if (version == "HTTP/1.0")
    head.minor_version = 0;
  else
    return refuse("Only HTTP/1.1 and HTTP/1.0 are spoken here.", 505);
  return {};
}

std::optional<std::int64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > length_digits_max) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  auto value = std::int64_t{0};
  for (auto const c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// RFC 6455 section 4.1: 16 bytes in base64, of which the last digit before the padding has two bits.
bool is_websocket_key(std::string_view text) {
  constexpr auto last_digits = std::string_view{"AQgw"};
  auto const digits = text.substr(0, std::min(text.find('='), text.size()));
  auto const base64 = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return digits.size() == 22 && text.substr(22) == "==" && std::ranges::all_of(digits, base64) &&
         last_digits.find(digits.back()) != last_digits.npos;
}

// What the head said about its framing; a field seen twice is a doubt, whatever its values.
struct Seen {
  bool host = false;
  bool length = false;
  bool encoding = false;
  bool type = false;
  bool authorization = false;
  bool key = false;
  bool expect = false;
  bool origin = false;
  bool websocket_key = false;
  bool connection_close = false;
  bool connection_keep = false;
};

bool once(bool& seen) {
  return !std::exchange(seen, true);
}

std::expected<void, Refusal> note_field(Head::Field field, Seen& seen, Head& head) {
  auto const is = [&](std::string_view name) { return equal_ignoring_case(field.name, name); };
  switch (field.name.size()) {
    case 4:
      if (!is("host")) break;
      if (!once(seen.host)) return refuse("Host is given twice.");
      if (field.value.empty() || field.value.size() > host_bytes_max || !all(field.value, host_char))
        return refuse("Host is malformed.");
      break;
    case 6:
      if (is("origin") && !once(seen.origin)) return refuse("Origin is given twice.");
      if (!is("expect")) break;
      if (!once(seen.expect)) return refuse("Expect is given twice.");
      if (!equal_ignoring_case(field.value, "100-continue"))
        return refuse("Only Expect: 100-continue is understood.", 417);
      head.expect_continue = true;
      break;
    case 10:
      if (!is("connection")) break;
      if (!is_token_list(field.value)) return refuse("Connection is malformed.");
      seen.connection_close |= lists_token(field.value, "close");
      seen.connection_keep |= lists_token(field.value, "keep-alive");
      head.upgrade |= lists_token(field.value, "upgrade");
      break;
    case 12:
      if (is("content-type") && !once(seen.type)) return refuse("Content-Type is given twice.");
      break;
    case 13:
      if (is("authorization") && !once(seen.authorization)) return refuse("Authorization is given twice.");
      break;
    case 14:
      if (!is("content-length")) break;
      if (!once(seen.length)) return refuse("Content-Length is given twice.");
      head.content_length = parse_length(field.value);
      if (!head.content_length) return refuse("Content-Length is not a plain number.");
      break;
    case 15:
      if (is("idempotency-key") && !once(seen.key)) return refuse("Idempotency-Key is given twice.");
      break;
    case 17:
      if (is("sec-websocket-key") && (!once(seen.websocket_key) || !is_websocket_key(field.value)))
        return refuse("Sec-WebSocket-Key must be given once, as base64 of 16 bytes.");
      if (!is("transfer-encoding")) break;
      if (!once(seen.encoding)) return refuse("Transfer-Encoding is given twice.");
      if (!equal_ignoring_case(field.value, "chunked"))
        return refuse("Only Transfer-Encoding: chunked is understood.", 501);
      head.chunked = true;
      break;
    default: break;
  }
  return {};
}

std::expected<void, Refusal> conclude(Seen const& seen, Head& head) {
  if (head.minor_version == 1 && !seen.host) return refuse("Host is missing.");
  if (seen.encoding && seen.length) return refuse("Content-Length and Transfer-Encoding exclude each other.");
  if (seen.encoding && head.minor_version == 0) return refuse("HTTP/1.0 does not know Transfer-Encoding.");
  head.keep_alive = !seen.connection_close && (head.minor_version == 1 || seen.connection_keep);
  if (head.minor_version == 0) head.expect_continue = head.upgrade = false;  // RFC 9110, 7.8 and 10.1.1
  return {};
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool lists_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    auto const comma = std::min(list.find(','), list.size());
    if (equal_ignoring_case(strip(list.substr(0, comma)), token)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

std::string_view Head::get(std::string_view lower_case_name) const {
  for (auto const& field : fields)
    if (equal_ignoring_case(field.name, lower_case_name)) return field.value;
  return {};
}

std::expected<std::size_t, Refusal> find_head_end(std::string_view bytes, std::size_t scanned,
                                                  HeadLimits const& limits) {
  auto at = scanned;
  while (at < bytes.size()) {
    auto const* found = static_cast<char const*>(std::memchr(bytes.data() + at, '\n', bytes.size() - at));
    if (found == nullptr) break;
    auto const i = static_cast<std::size_t>(found - bytes.data());
    if (i == 0 || bytes[i - 1] != '\r') return refuse("A line must end with CR LF.");
    if (i == 1) return refuse("The request line is missing.");
    if (bytes[i - 2] == '\n') return i + 1;
    at = i + 1;
  }
  // Refused before the header limit is reached, so that the answer names the right culprit.
  auto const request_line_max = method_bytes_max + limits.target_bytes_max + sizeof(" HTTP/1.1\r\n");
  if (bytes.size() > request_line_max && bytes.substr(0, request_line_max).find('\n') == bytes.npos)
    return refuse("The URI is too long.", 414);
  return std::size_t{0};
}

std::expected<void, Refusal> admit(std::string_view bytes, HeadLimits const& limits, Head& head) {
  head.fields.clear();
  head.content_length.reset();
  head.chunked = head.expect_continue = head.upgrade = false;
  auto seen = Seen{};
  auto first = true;
  for (;;) {
    auto const end = bytes.find("\r\n");
    if (end == bytes.npos) return refuse("The head is not complete.");
    auto const line = bytes.substr(0, end);
    bytes.remove_prefix(end + 2);
    if (std::exchange(first, false)) {
      if (auto read = read_request_line(line, limits, head); !read) return read;
      continue;
    }
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') return refuse("A header field is folded.");
    auto const colon = line.find(':');
    if (colon == line.npos || colon == 0 || !all(line.substr(0, colon), token_char))
      return refuse("A header field name is malformed.");
    if (head.fields.size() == limits.fields_max) return refuse("There are too many header fields.", 431);
    auto const field = Head::Field{line.substr(0, colon), strip(line.substr(colon + 1))};
    if (!all(field.value, value_char)) return refuse("A header field holds a control character.");
    if (auto noted = note_field(field, seen, head); !noted) return noted;
    head.fields.push_back(field);
  }
  if (!bytes.empty()) return refuse("There are bytes behind the head.");
  return conclude(seen, head);
}

}  // namespace hoist::net
