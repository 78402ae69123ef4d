#include "aws/sigv4.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"

namespace hoist::aws {

Signer::Signer(Credentials credentials, std::string region, std::string service)
    : credentials_{std::move(credentials)},
      region_{std::move(region)},
      service_{std::move(service)},
      keys_{std::make_shared<SigningKeys>()} {}

Scope Signer::scope(Time now) const {
  return Scope{amz_date(now).substr(0, 8), region_, service_};
}

std::string Signer::credential(Time now) const {
  return credentials_.access_key_id + "/" + scope(now).str();
}

std::shared_ptr<SigningKey const> Signer::key(Time now) const {
  return keys_->get(credentials_.access_key_id, credentials_.secret_access_key, scope(now));
}

std::string Signer::presign(UrlToSign const& wanted, Time now) const {
  auto const date = amz_date(now);
  auto const scope = Scope{date.substr(0, 8), region_, service_};
  auto const scope_text = scope.str();

  auto lines = std::string{};  // canonical headers
  auto names = std::string{};
  auto add = [&](std::string_view name, std::string_view value) {
    if (!names.empty()) names += ';';
    names += name;
    lines += name;
    lines += ':';
    lines += trim(value);
    lines += '\n';
  };
  auto host_added = false;
  for (auto const& [name, value] : wanted.headers) {
    if (!host_added && std::string_view{"host"} < name) {
      add("host", wanted.host);
      host_added = true;
    }
    add(name, value);
  }
  if (!host_added) add("host", wanted.host);

  auto parameters = Pairs{};
  parameters.reserve(wanted.query.size() + 6);
  parameters.emplace_back("X-Amz-Algorithm", algorithm_name);
  parameters.emplace_back("X-Amz-Credential", credentials_.access_key_id + "/" + scope_text);
  parameters.emplace_back("X-Amz-Date", date);
  parameters.emplace_back("X-Amz-Expires", std::to_string(wanted.lifetime.count()));
  if (!credentials_.session_token.empty())
    parameters.emplace_back("X-Amz-Security-Token", credentials_.session_token);
  parameters.emplace_back("X-Amz-SignedHeaders", names);
  for (auto const& [name, value] : wanted.query) parameters.emplace_back(name, value);

  auto const query = canonical_query(parameters);
  auto const path = percent_encode(wanted.path, true);
  auto const canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", wanted.method, path, query, lines, names, unsigned_payload);
  auto const signature = keys_->get(credentials_.access_key_id, credentials_.secret_access_key, scope)
                             ->sign(string_to_sign(date, scope_text, canonical));
  return fmt::format("{}{}?{}&X-Amz-Signature={}", wanted.origin, path, query, signature);
}

Pairs Signer::sign(RequestView const& request, std::string_view payload_hash, Time now) const {
  auto const date = amz_date(now);
  auto added = Pairs{{"x-amz-content-sha256", std::string{payload_hash}}, {"x-amz-date", date}};
  if (!credentials_.session_token.empty())
    added.emplace_back("x-amz-security-token", credentials_.session_token);
  auto headers = Pairs{request.headers.begin(), request.headers.end()};
  headers.insert(headers.end(), added.begin(), added.end());
  auto names = std::vector<std::string>{};
  for (auto const& [name, value] : headers) names.push_back(to_lower(name));
  std::ranges::sort(names);
  auto const repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());

  auto const full = RequestView{request.method, request.path, request.query, headers};
  auto const text = string_to_sign(date, scope(now).str(), canonical_request(full, names, payload_hash));
  added.emplace_back("authorization",
                     fmt::format("{} Credential={},SignedHeaders={},Signature={}", algorithm_name,
                                 credential(now), fmt::join(names, ";"), key(now)->sign(text)));
  return added;
}

std::string Signer::sign_policy(std::string_view policy_base64, Time now) const {
  return key(now)->sign(policy_base64);
}

}  // namespace hoist::aws
