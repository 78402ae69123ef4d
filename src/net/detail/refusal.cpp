#include "net/detail/refusal.hpp"

#include "net/detail/wire.hpp"

namespace hoist::net {
namespace {

Code code_of(int status) {
  switch (status) {
    case 408: return Code::request_timeout;
    case 413: return Code::too_large;
    case 414: return Code::uri_too_long;
    case 431: return Code::headers_too_large;
    case 501: return Code::not_implemented;
    case 503: return Code::unavailable;
    default: return Code::invalid;
  }
}

}  // namespace

Response refusal_response(int status, std::string_view reason, std::string_view request_id) {
  auto response = problem(Error{code_of(status), std::string{reason}}, request_id);
  response.status = status;
  return response;
}

std::string refusal_text(int status, std::string_view reason, std::string_view request_id,
                         std::string_view date) {
  auto const response = refusal_response(status, reason, request_id);
  auto text = std::string{};
  append_head(text, response, {.keep_alive = false, .request_id = request_id, .date = date});
  return text + response.body;
}

}  // namespace hoist::net
