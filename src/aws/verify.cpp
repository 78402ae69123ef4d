#include "aws/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

std::unexpected<Error> malformed_header(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("AuthorizationHeaderMalformed"));
}
std::unexpected<Error> malformed_query(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("AuthorizationQueryParametersError"));
}
std::unexpected<Error> denied(std::string detail) {
  return fail(Error{Code::forbidden, std::move(detail)}.with_slug("AccessDenied"));
}
std::unexpected<Error> bad_request(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("InvalidRequest"));
}

std::vector<std::string> split(std::string_view text, char separator) {
  auto pieces = std::vector<std::string>{};
  while (true) {
    auto const at = text.find(separator);
    pieces.emplace_back(text.substr(0, at));
    if (at == text.npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

std::string const* find(PairsView pairs, std::string_view name) {
  auto const found = std::ranges::find(pairs, name, &Pairs::value_type::first);
  return found == pairs.end() ? nullptr : &found->second;
}

std::size_t count_headers(PairsView headers, std::string_view lower_name) {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [&](auto const& field) { return to_lower(field.first) == lower_name; }));
}

bool is_signature(std::string_view text) {
  return text.size() == 64 && unhex(text).has_value();
}

// Sorted, no repeats, lower case: the one spelling a signer produces.
Result<void> parse_signed_headers(std::string_view text, Authorization& into) {
  into.signed_headers = split(text, ';');
  auto const& names = into.signed_headers;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto const good =
        !names[i].empty() && names[i] == to_lower(names[i]) && (i == 0 || names[i - 1] < names[i]);
    if (!good) return fail(Code::invalid, "SignedHeaders must be lower case, sorted and without repeats.");
  }
  if (!into.signs("host")) return fail(Code::invalid, "SignedHeaders must contain host.");
  return {};
}

Result<Authorization> parse_header_form(RequestView const& request) {
  if (count_headers(request.headers, "authorization") > 1)
    return bad_request("Authorization must be given once.");
  auto const text = canonical_header(request.headers, "authorization");
  auto rest = std::string_view{text};
  if (rest.starts_with("AWS4-ECDSA"))
    return bad_request("Signature Version 4A is not supported; use AWS4-HMAC-SHA256.");
  if (rest.starts_with("AWS ")) return bad_request(std::string{version_2_refused});
  if (!rest.starts_with("AWS4-HMAC-SHA256 "))
    return bad_request("The authorization mechanism is not supported; use AWS4-HMAC-SHA256.");
  rest.remove_prefix(algorithm_name.size() + 1);

  auto parts = Pairs{};
  for (auto const& piece : split(rest, ',')) {
    auto const trimmed = trim(piece);
    auto const equals = trimmed.find('=');
    if (equals == trimmed.npos) return malformed_header("The Authorization header is not well formed.");
    auto name = std::string{trimmed.substr(0, equals)};
    if (find(parts, name)) return malformed_header("The Authorization header repeats " + name + ".");
    parts.emplace_back(std::move(name), std::string{trimmed.substr(equals + 1)});
  }
  auto const* credential = find(parts, "Credential");
  auto const* headers = find(parts, "SignedHeaders");
  auto const* signature = find(parts, "Signature");
  if (!credential || !headers || !signature || parts.size() != 3)
    return malformed_header("Authorization needs exactly Credential, SignedHeaders and Signature.");

  auto authorization = Authorization{};
  authorization.form = AuthForm::header;
  if (auto parsed = parse_credential(*credential, authorization); !parsed)
    return malformed_header(parsed.error().detail());
  if (auto parsed = parse_signed_headers(*headers, authorization); !parsed)
    return malformed_header(parsed.error().detail());
  if (!is_signature(*signature)) return malformed_header("The Signature must be 64 lower-case hex digits.");
  authorization.signature = *signature;
  if (count_headers(request.headers, "x-amz-date") != 1) return denied("X-Amz-Date must be given once.");
  authorization.date = canonical_header(request.headers, "x-amz-date");
  auto signed_at = parse_amz_date(authorization.date);
  if (!signed_at) return denied(signed_at.error().detail());
  authorization.signed_at = *signed_at;
  if (count_headers(request.headers, "x-amz-content-sha256") != 1)
    return bad_request("X-Amz-Content-Sha256 must be given once.");
  authorization.payload_hash = canonical_header(request.headers, "x-amz-content-sha256");
  return authorization;
}

Result<std::chrono::seconds> parse_lifetime(std::string_view text) {
  auto value = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  auto const whole = error == std::errc{} && end == text.data() + text.size() && !text.empty();
  if (!whole || value < 1 || value > lifetime_max.count())
    return malformed_query(fmt::format("X-Amz-Expires must be from 1 to {} seconds.", lifetime_max.count()));
  return std::chrono::seconds{value};
}

Result<Authorization> parse_query_form(RequestView const& request) {
  auto const get = [&](std::string_view name) { return find(request.query, name); };
  for (auto const* name : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                           "X-Amz-SignedHeaders", "X-Amz-Signature"})
    if (!get(name)) return malformed_query(fmt::format("The query needs {}.", name));
  if (*get("X-Amz-Algorithm") != algorithm_name)
    return malformed_query("X-Amz-Algorithm must be AWS4-HMAC-SHA256.");

  auto authorization = Authorization{};
  authorization.form = AuthForm::query;
  if (auto parsed = parse_credential(*get("X-Amz-Credential"), authorization); !parsed)
    return malformed_query(parsed.error().detail());
  if (auto parsed = parse_signed_headers(*get("X-Amz-SignedHeaders"), authorization); !parsed)
    return malformed_query(parsed.error().detail());
  TRY(authorization.lifetime, parse_lifetime(*get("X-Amz-Expires")));
  authorization.date = *get("X-Amz-Date");
  auto signed_at = parse_amz_date(authorization.date);
  if (!signed_at) return malformed_query(signed_at.error().detail());
  authorization.signed_at = *signed_at;
  authorization.signature = *get("X-Amz-Signature");
  if (!is_signature(authorization.signature))
    return malformed_query("X-Amz-Signature must be 64 lower-case hex digits.");
  auto const hash = canonical_header(request.headers, "x-amz-content-sha256");
  authorization.payload_hash = hash.empty() ? std::string{unsigned_payload} : hash;
  return authorization;
}

bool is_query_authentication(std::string_view name) {
  for (auto const* known : {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires",
                            "X-Amz-SignedHeaders", "X-Amz-Signature"})
    if (name == known) return true;
  return false;
}

}  // namespace

bool Authorization::signs(std::string_view lower_header_name) const {
  return std::ranges::binary_search(signed_headers, lower_header_name);
}

Result<void> parse_credential(std::string_view text, Authorization& into) {
  auto pieces = split(text, '/');
  auto const shaped = pieces.size() == 5 && !pieces[0].empty() && pieces[1].size() == 8 &&
                      pieces[3] == "s3" && pieces[4] == "aws4_request";
  if (!shaped) return fail(Code::invalid, "The credential must be KEY/DATE/REGION/s3/aws4_request.");
  into.access_key_id = std::move(pieces[0]);
  into.scope = Scope{std::move(pieces[1]), std::move(pieces[2]), std::move(pieces[3])};
  return {};
}

Result<std::optional<Authorization>> parse_authorization(RequestView const& request) {
  auto names = std::vector<std::string>{};
  auto in_query = false;
  for (auto const& [name, value] : request.query) {
    auto const lower = to_lower(name);
    if (lower == "x-amz-security-token")
      return fail(Error{Code::invalid, "Session tokens are not issued here."}.with_slug("InvalidToken"));
    if (lower == "awsaccesskeyid") return bad_request(std::string{version_2_refused});
    if (lower == "x-amz-region-set") return bad_request("Signature Version 4A is not supported.");
    in_query = in_query || is_query_authentication(name);
    names.push_back(name);
  }
  std::ranges::sort(names);
  if (std::ranges::adjacent_find(names) != names.end())
    return fail(Error{Code::invalid, "A query parameter is repeated."}.with_slug("InvalidArgument"));
  if (count_headers(request.headers, "x-amz-security-token") > 0)
    return fail(Error{Code::invalid, "Session tokens are not issued here."}.with_slug("InvalidToken"));

  auto const in_header = count_headers(request.headers, "authorization") > 0;
  if (in_header && in_query)
    return fail(
        Error{Code::invalid, "Only one way of authentication may be used."}.with_slug("InvalidArgument"));
  if (!in_header && !in_query) return std::optional<Authorization>{};
  auto parsed = in_header ? parse_header_form(request) : parse_query_form(request);
  if (!parsed) return std::unexpected{parsed.error()};
  return std::optional{*std::move(parsed)};
}

Result<void> verify_time_and_scope(Authorization const& authorization, std::string_view region, Time now) {
  auto const malformed = authorization.form == AuthForm::header ? malformed_header : malformed_query;
  if (authorization.scope.date != authorization.date.substr(0, 8))
    return malformed("The credential's date must be that of X-Amz-Date.");
  if (authorization.scope.region != region) return malformed(fmt::format("The region must be {}.", region));
  if (authorization.signed_at > now + clock_skew_max ||
      (authorization.form == AuthForm::header && authorization.signed_at < now - clock_skew_max))
    return fail(
        Error{Code::forbidden, "The request's time is too far from the server's; check the clock."}.with_slug(
            "RequestTimeTooSkewed"));
  if (authorization.form == AuthForm::query && now >= authorization.signed_at + authorization.lifetime)
    return denied("Request has expired");
  return {};
}

Result<void> verify_signature(RequestView const& request, Authorization const& authorization,
                              SigningKey const& key) {
  auto const canonical = canonical_request(request, authorization.signed_headers, authorization.payload_hash,
                                           authorization.form == AuthForm::query ? "X-Amz-Signature" : "");
  auto const due = key.sign(string_to_sign(authorization.date, authorization.scope.str(), canonical));
  if (!equal_constant_time(due, authorization.signature))
    return fail(Error{Code::forbidden, "The signature does not match the request; sign exactly what is sent."}
                    .with_slug("SignatureDoesNotMatch"));
  for (auto const& [name, value] : request.headers) {
    auto const lower = to_lower(name);
    if (lower.starts_with("x-amz-") && !authorization.signs(lower))
      return denied("There were headers present in the request which were not signed: " + lower + ".");
  }
  return {};
}

}  // namespace hoist::aws
