#include "net/detail/inbound.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <optional>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "net/detail/shard.hpp"

namespace hoist::net {
namespace {

constexpr std::size_t request_id_bytes_max = 128;
constexpr std::size_t traceparent_bytes = 55;
constexpr std::size_t trace_id_at = 3;
constexpr std::size_t span_id_at = 36;
constexpr std::size_t flags_at = 53;

void append_hex(std::string& out, std::uint64_t value) {
  constexpr auto digits = std::string_view{"0123456789abcdef"};
  for (auto shift = 60; shift >= 0; shift -= 4) out += digits[(value >> shift) & 0xF];
}

bool is_request_id(std::string_view text) {
  auto const allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= request_id_bytes_max && std::ranges::all_of(text, allowed);
}

bool is_lower_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_traceparent(std::string_view text) {
  if (text.size() != traceparent_bytes || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  auto const trace = text.substr(trace_id_at, 32);
  auto const span = text.substr(span_id_at, 16);
  auto const zero = [](std::string_view digits) { return digits.find_first_not_of('0') == digits.npos; };
  return text.substr(0, 2) == "00" && is_lower_hex(trace) && is_lower_hex(span) &&
         is_lower_hex(text.substr(flags_at)) && !zero(trace) && !zero(span);
}

// The caller's trace goes on in a span of ours; without one, a trace begins here.
std::string make_trace_parent(std::string_view received, std::mt19937_64& random) {
  auto const known = is_traceparent(received);
  auto text = std::string{};
  text.reserve(traceparent_bytes);
  text += "00-";
  if (known) {
    text += received.substr(trace_id_at, 32);
  } else {
    append_hex(text, random() | 1U);
    append_hex(text, random());
  }
  text += '-';
  append_hex(text, random() | 1U);
  text += '-';
  text += known ? received.substr(flags_at) : std::string_view{"01"};
  return text;
}

// What a proxy of ours could not say: no client's address, so that it is never taken for this machine.
constexpr auto unknown_address = std::string_view{"unknown"};

std::optional<std::string> parse_address(std::string_view text) {
  auto error = boost::system::error_code{};
  auto const address = asio::ip::make_address(std::string{text}, error);
  if (error) return std::nullopt;
  return spelled(address);
}

// The last address that a proxy of ours did not add itself; whatever stands before it is hearsay.
std::string client_address(Head const& head, Inbound const& inbound) {
  auto const& trusted = inbound.trusted_proxies;
  auto address = std::string{inbound.peer_address};
  if (!trusted.contains(inbound.peer_address)) return address;
  for (auto field = head.fields.rbegin(); field != head.fields.rend(); ++field) {
    if (!equal_ignoring_case(field->name, "x-forwarded-for")) continue;
    auto list = field->value;
    for (auto more = true; more;) {
      auto const comma = list.rfind(',');
      more = comma != list.npos;
      auto const parsed = parse_address(trim(more ? list.substr(comma + 1) : list));
      if (!parsed) return std::string{unknown_address};
      if (!trusted.contains(*parsed)) return *parsed;
      address = *parsed;
      if (more) list = list.substr(0, comma);
    }
  }
  return address;
}

Result<std::string> decode(std::string_view text) {
  if (text.find('%') == text.npos) return std::string{text};
  auto decoded = percent_decode(text);
  if (!decoded) return fail(Code::invalid, "The target holds a broken percent-escape.");
  return *std::move(decoded);
}

Result<void> read_target(Request& request) {
  auto const target = std::string_view{request.target};
  auto const question = target.find('?');
  TRY(request.path, decode(target.substr(0, question)));
  if (question == target.npos) return {};
  auto rest = target.substr(question + 1);
  while (!rest.empty()) {
    auto const item = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(item.size() + 1, rest.size()));
    if (item.empty()) continue;
    auto const equals = item.find('=');
    TRY(auto name, decode(item.substr(0, equals)));
    TRY(auto value, decode(equals == item.npos ? std::string_view{} : item.substr(equals + 1)));
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

}  // namespace

std::string make_request_id(std::mt19937_64& random) {
  auto id = std::string{};
  id.reserve(32);
  append_hex(id, random());
  append_hex(id, random());
  return id;
}

Result<Request> make_request(Head const& head, Inbound const& inbound) {
  auto request = Request{};
  request.method = head.method;
  request.target = head.target;
  CHECK(read_target(request));
  auto received_id = std::string_view{};
  auto received_trace = std::string_view{};
  for (auto const& field : head.fields) {
    request.headers.add(std::string{field.name}, std::string{field.value});
    if (equal_ignoring_case(field.name, "x-request-id")) received_id = field.value;
    if (equal_ignoring_case(field.name, "traceparent")) received_trace = field.value;
  }
  request.trace_parent = make_trace_parent(received_trace, inbound.random);
  if (is_request_id(received_id))
    request.request_id = received_id;
  else
    request.request_id = trace_id(request);
  if (!head.chunked) request.content_length = head.content_length.value_or(0);
  request.remote_address = client_address(head, inbound);
  return request;
}

}  // namespace hoist::net
