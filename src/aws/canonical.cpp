#include "aws/canonical.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "aws/signing_key.hpp"
#include "base/encode.hpp"

namespace hoist::aws {
namespace {

bool same_name(std::string_view name, std::string_view lower_name) {
  return std::ranges::equal(name, lower_name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

void append_squeezed(std::string& out, std::string_view value) {
  value = trim(value);
  for (std::size_t i = 0; i < value.size(); ++i)
    if (value[i] != ' ' || value[i - 1] != ' ') out += value[i];
}

}  // namespace

std::string amz_date(Time time) {
  using namespace std::chrono;
  auto const day = floor<days>(time);
  auto const date = year_month_day{day};
  auto const clock = hh_mm_ss{floor<seconds>(time - day)};
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

Result<Time> parse_amz_date(std::string_view text) {
  auto const shaped = text.size() == 16 && text[8] == 'T' && text[15] == 'Z';
  if (!shaped) return fail(Code::invalid, "X-Amz-Date must look like 20130524T000000Z.");
  return parse_rfc3339(fmt::format("{}-{}-{}T{}:{}:{}Z", text.substr(0, 4), text.substr(4, 2),
                                   text.substr(6, 2), text.substr(9, 2), text.substr(11, 2),
                                   text.substr(13, 2)));
}

std::string canonical_query(PairsView query, std::string_view except) {
  auto encoded = Pairs{};
  encoded.reserve(query.size());
  for (auto const& [name, value] : query)
    if (except.empty() || name != except) encoded.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(encoded);
  auto out = std::string{};
  for (auto const& [name, value] : encoded) {
    if (!out.empty()) out += '&';
    out += name;
    out += '=';
    out += value;
  }
  return out;
}

std::string canonical_header(PairsView headers, std::string_view lower_name) {
  auto out = std::string{};
  auto first = true;
  for (auto const& [name, value] : headers) {
    if (!same_name(name, lower_name)) continue;
    if (!first) out += ',';
    first = false;
    append_squeezed(out, value);
  }
  return out;
}

std::string canonical_request(RequestView const& request, std::span<std::string const> signed_headers,
                              std::string_view payload_hash, std::string_view query_except) {
  auto out = std::string{request.method};
  out += '\n';
  out += percent_encode(request.path, true);
  out += '\n';
  out += canonical_query(request.query, query_except);
  out += '\n';
  for (auto const& name : signed_headers) {
    out += name;
    out += ':';
    out += canonical_header(request.headers, name);
    out += '\n';
  }
  out += '\n';
  for (std::size_t i = 0; i < signed_headers.size(); ++i) {
    if (i > 0) out += ';';
    out += signed_headers[i];
  }
  out += '\n';
  out += payload_hash;
  return out;
}

std::string string_to_sign(std::string_view date, std::string_view scope, std::string_view canonical) {
  return fmt::format("{}\n{}\n{}\n{}", algorithm_name, date, scope, sha256_hex(canonical));
}

}  // namespace hoist::aws
