#include "net/detail/wire.hpp"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/log.hpp"
#include "net/detail/admit.hpp"

namespace hoist::net {
namespace {

// The server alone says these; a handler's own would contradict the framing or double a field.
bool is_servers_own(std::string_view name) {
  for (auto const own : {"content-length", "transfer-encoding", "connection", "date", "server", "keep-alive",
                         "x-request-id", "x-content-type-options", "strict-transport-security"})
    if (equal_ignoring_case(name, own)) return true;
  return false;
}

// A value with a line break would let data write headers.
bool is_safe(std::string_view text) {
  return std::ranges::none_of(
      text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

std::string_view reason_phrase(int status) {
  switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

BodyForm append_head(std::string& out, Response const& response, WireRequest const& request) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, FMT_COMPILE("HTTP/1.1 {} {}\r\n"), response.status, reason_phrase(response.status));
  for (auto const& [name, value] : response.headers.all()) {
    if (is_servers_own(name)) continue;
    if (!is_safe(name) || !is_safe(value)) {
      log::error("a response header holds control characters and is left out",
                 {{"request_id", std::string{request.request_id}}, {"name", name}});
      continue;
    }
    out.append(name).append(": ").append(value).append("\r\n");
  }
  auto form = BodyForm::fixed;
  auto length = static_cast<std::int64_t>(response.body.size());
  if (response.stream_length) length = *response.stream_length;
  auto const unknown_length = response.stream != nullptr && !response.stream_length;
  if (has_no_body(response.status)) {
    form = BodyForm::none;
  } else if (unknown_length && request.minor_version == 1) {
    form = BodyForm::chunked;
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (unknown_length) {
    form = BodyForm::until_close;
  } else {
    fmt::format_to(to, FMT_COMPILE("Content-Length: {}\r\n"), length);
  }
  if (request.head) form = BodyForm::none;
  if (!request.keep_alive || form == BodyForm::until_close)
    out.append("Connection: close\r\n");
  else if (request.minor_version == 0)
    out.append("Connection: keep-alive\r\n");
  out.append("X-Request-ID: ").append(request.request_id);
  out.append("\r\nX-Content-Type-Options: nosniff\r\nServer: hoist\r\nDate: ").append(request.date);
  if (request.tls) out.append("\r\nStrict-Transport-Security: max-age=31536000");
  out.append("\r\n\r\n");
  return form;
}

void append_chunk_head(std::string& out, std::size_t bytes) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{:x}\r\n"), bytes);
}

}  // namespace hoist::net
