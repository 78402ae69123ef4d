#include "tenants/jws.hpp"

#include "base/encode.hpp"

namespace hoist::tenants {

std::unexpected<Error> token_refused(std::string cause) {
  return fail(Error{Code::unauthenticated, "The access token is not valid."}
                  .with_slug("token_invalid")
                  .with_cause(std::move(cause)));
}

std::unexpected<Error> token_expired() {
  return fail(Error{Code::unauthenticated, "The access token has expired. Ask for a new one."}.with_slug(
      "token_expired"));
}

Result<JwsParts> split_jws(std::string_view token, std::size_t bytes_max) {
  auto const first = token.find('.');
  if (token.size() > bytes_max || first == token.npos) return token_refused("not a compact JWS");
  auto const second = token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return token_refused("not three parts");
  return JwsParts{token.substr(0, first), token.substr(first + 1, second - first - 1),
                  token.substr(second + 1), token.substr(0, second)};
}

Result<json::value> decode_jws_object(std::string_view part, std::size_t depth_max) {
  auto const text = unbase64url(part);
  if (!text) return token_refused("not canonical base64url");
  auto parsed = parse_json(*text, {.depth_max = depth_max});
  if (!parsed || !parsed->is_object()) return token_refused("not a JSON object");
  return std::move(*parsed);
}

}  // namespace hoist::tenants
