#include "s3api/call.hpp"

#include <algorithm>
#include <charconv>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

constexpr auto answer_time = std::chrono::seconds{30};
constexpr std::size_t key_bytes_max = 1024;

// The table's status, but for what clients of this protocol expect otherwise.
int status_of(Error const& error) {
  switch (error.code()) {
    case Code::unauthenticated: return 403;
    case Code::throttled: return 503;
    case Code::timeout: return 503;
    case Code::gone: return 404;
    case Code::cancelled: return 400;
    default: return info(error.code()).http_status;
  }
}

}  // namespace

// A slug that is a name of the protocol begins with a capital letter.
std::string_view name_of(Error const& error) {
  auto const slug = error.slug();
  return slug.front() >= 'A' && slug.front() <= 'Z' ? slug : info(error.code()).s3;
}

std::unexpected<Error> invalid_argument(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("InvalidArgument"));
}
std::unexpected<Error> invalid_request(std::string detail) {
  return fail(Error{Code::invalid, std::move(detail)}.with_slug("InvalidRequest"));
}
std::unexpected<Error> access_denied(std::string detail) {
  return fail(Error{Code::forbidden, std::move(detail)}.with_slug("AccessDenied"));
}
std::unexpected<Error> not_implemented(std::string detail) {
  return fail(Error{Code::not_implemented, std::move(detail)}.with_slug("NotImplemented"));
}

Deadline Call::deadline() const {
  return std::min(request.deadline, deadline_in(answer_time));
}

Result<ObjectRef> parse_path(std::string_view path) {
  if (!path.starts_with('/')) return invalid_argument("The path must start with a slash.");
  path.remove_prefix(1);
  auto const slash = path.find('/');
  auto ref = ObjectRef{std::string{path.substr(0, slash)}, {}};
  if (slash == path.npos || slash + 1 == path.size()) return ref;
  ref.key = path.substr(slash + 1);
  CHECK(check_key(ref.key));
  return ref;
}

Result<void> check_key(std::string_view key) {
  if (key.empty()) return invalid_argument("The key is empty.");
  if (key.size() > key_bytes_max)
    return fail(Error{Code::invalid, "Your key is too long."}.with_slug("KeyTooLongError"));
  if (!is_utf8(key)) return invalid_argument("The key is not UTF-8.");
  if (std::ranges::any_of(key, [](unsigned char c) { return c < 0x20 || c == 0x7F; }))
    return invalid_argument("The key holds control characters.");
  for (auto rest = key;;) {
    auto const segment = rest.substr(0, rest.find('/'));
    if (segment == "." || segment == "..") return invalid_argument("The key holds a '.' or '..' segment.");
    if (segment.size() == rest.size()) return {};
    rest.remove_prefix(segment.size() + 1);
  }
}

Result<void> check_prefix(AccessKey const& access_key, std::string_view key) {
  if (key.starts_with(access_key.prefix)) return {};
  return access_denied("The access key may not touch this key.");
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  auto value = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<std::int64_t> number_query(Call const& call, std::string_view name, std::int64_t min, std::int64_t max,
                                  std::int64_t fallback) {
  auto const text = call.request.query_value(name);
  if (!text) return fallback;
  auto const value = parse_number(*text);
  if (value && *value >= min && *value <= max) return *value;
  return invalid_argument(std::string{name} + " must be from " + std::to_string(min) + " to " +
                          std::to_string(max) + ".");
}

Result<int> part_number(Call const& call) {
  TRY(auto const number, number_query(call, "partNumber", 1, limits::parts_max, 0));
  if (number == 0) return invalid_argument("partNumber must be given.");
  return static_cast<int>(number);
}

std::string to_upper(std::string_view text) {
  auto out = std::string{text};
  for (auto& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

net::Response xml_response(int status, std::string body) {
  auto response = net::Response{};
  response.status = status;
  response.headers.add("Content-Type", "application/xml");
  response.body = std::move(body);
  return response;
}

net::Response error_response(Error const& error, net::Request const& request, std::string_view region) {
  auto const internal = error.code() == Code::internal || error.code() == Code::corrupt;
  auto const message =
      internal || error.detail().empty() ? std::string{info(error.code()).title} : error.detail();
  auto const name = name_of(error);
  auto const learns = !region.empty() && name == "AuthorizationHeaderMalformed";
  auto const more = learns ? "<Region>" + escape_xml(region) + "</Region>" : std::string{};
  auto body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + std::string{name} +
              "</Code><Message>" + escape_xml(message) + "</Message>" + more + "<Resource>" +
              percent_encode(request.path, true) + "</Resource><RequestId>" + escape_xml(request.request_id) +
              "</RequestId><HostId>hoist</HostId></Error>";
  auto response = xml_response(status_of(error), std::move(body));
  if (learns)
    response.headers.add("x-amz-bucket-region", std::string{region});  // for HEAD, which has no body
  if (error.retry_after_s()) response.headers.add("Retry-After", std::to_string(*error.retry_after_s()));
  return response;
}

std::string quoted(std::string_view etag) {
  return '"' + std::string{etag} + '"';
}

std::string unquoted(std::string_view etag) {
  etag = trim(etag);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  return std::string{etag};
}

}  // namespace hoist::s3api
