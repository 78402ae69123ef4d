#include "engines/s3_credentials.hpp"

#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist {
namespace {

constexpr auto secret = s3_credentials_secret;

S3Credential new_credential(std::string_view prefix) {
  auto id = std::string{prefix} + to_lower(hex(random_bytes(8)));
  for (auto& c : id) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return {std::move(id), base64url(random_bytes(30))};
}

Result<S3Credentials> parse(std::string_view text) {
  TRY(auto const value, parse_json(text));
  auto const* object = value.if_object();
  if (object == nullptr) return fail(Code::invalid, std::string{secret} + " is damaged");
  auto fields = Fields{*object};
  auto credentials = S3Credentials{};
  credentials.root = {fields.text("access_key_id", {}), fields.text("secret_access_key", {.min = 32})};
  credentials.signer = {fields.text("signer_access_key_id", {}),
                        fields.text("signer_secret_access_key", {.min = 32})};
  (void)fields.optional_text("region", {});
  (void)fields.optional_text("bucket", {});
  CHECK(fields.finish());
  return credentials;
}

}  // namespace

Result<S3Credentials> load_or_create_s3_credentials(Secrets& secrets, std::string const& region,
                                                    std::string const& bucket) {
  auto const text = secrets.read(secret);
  if (text) return parse(*text);
  if (text.error().code() != Code::not_found) return std::unexpected{text.error()};
  auto const root = new_credential("HOISTROOT");
  auto const signer = new_credential("HOISTSIGN");
  auto const object = json::object{{"access_key_id", root.access_key_id},
                                   {"secret_access_key", root.secret_access_key},
                                   {"region", region},
                                   {"bucket", bucket},
                                   {"signer_access_key_id", signer.access_key_id},
                                   {"signer_secret_access_key", signer.secret_access_key}};
  CHECK(secrets.replace(secret, json::serialize(object)));
  return S3Credentials{root, signer};
}

}  // namespace hoist
