// POST of a browser's form: fields, then the file. Nothing after the file counts.
#include <array>

#include "aws/verify.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/checksum.hpp"
#include "s3api/conditions.hpp"
#include "s3api/form_reader.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"
#include "s3api/post_policy.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

struct Form {
  FormFields fields;
  std::string filename;
};

// Reads up to the file, whose bytes are left unread.
Async<Form> read_fields(FormReader& reader) {
  auto form = Form{};
  auto budget = FormReader::form_bytes_max;
  while (true) {
    CO_TRY(auto const field, co_await reader.next());
    if (!field) co_return invalid_argument("POST requires exactly one file upload per request.");
    if (field->name == "file") {
      form.filename = field->filename.value_or("");
      co_return form;
    }
    CO_TRY(auto value, co_await reader.read_value(budget));
    budget -= std::min(budget, value.size() + field->name.size());
    if (!form.fields.emplace(field->name, std::move(value)).second)
      co_return invalid_argument("The field " + field->name + " is repeated.");
    if (form.fields.size() > FormReader::fields_max)
      co_return invalid_argument("The form has too many fields.");
  }
}

// The name of the file goes into the key as one segment.
std::string replace_filename(std::string key, std::string_view filename) {
  constexpr std::string_view variable = "${filename}";
  auto const slash = filename.find_last_of("/\\");
  if (slash != filename.npos) filename.remove_prefix(slash + 1);
  for (auto at = key.find(variable); at != key.npos; at = key.find(variable, at + filename.size()))
    key.replace(at, variable.size(), filename);
  return key;
}

Result<aws::Authorization> authenticate(FormFields const& fields, AccessKeys const& keys,
                                        std::string_view region, Time now) {
  auto const get = [&](char const* name) {
    auto const found = fields.find(name);
    return found == fields.end() ? std::string{} : found->second;
  };
  if (fields.contains("awsaccesskeyid") || fields.contains("signature"))
    return invalid_request(std::string{aws::version_2_refused});
  if (get("policy").empty()) return access_denied("Anonymous uploads are not allowed.");
  if (get("x-amz-algorithm") != aws::algorithm_name)
    return invalid_request("x-amz-algorithm must be AWS4-HMAC-SHA256.");
  auto authorization = aws::Authorization{};
  authorization.form = aws::AuthForm::policy;
  if (auto parsed = aws::parse_credential(get("x-amz-credential"), authorization); !parsed)
    return access_denied(parsed.error().detail());
  auto const signed_at = aws::parse_amz_date(get("x-amz-date"));
  if (!signed_at) return access_denied("x-amz-date must look like 20130524T000000Z.");
  authorization.date = get("x-amz-date");
  authorization.signed_at = *signed_at;
  CHECK(aws::verify_time_and_scope(authorization, region, now));
  auto const* const key = keys.find(authorization.access_key_id);
  if (key == nullptr)
    return fail(Error{Code::forbidden, "The access key does not exist."}.with_slug("InvalidAccessKeyId"));
  auto const due = aws::SigningKey{key->secret, authorization.scope}.sign(get("policy"));
  if (!equal_constant_time(due, get("x-amz-signature")))
    return fail(Error{Code::forbidden, "The signature does not match the policy."}.with_slug(
        "SignatureDoesNotMatch"));
  return authorization;
}

// Form fields that describe the object, as the headers they stand for.
net::Request as_headers(FormFields const& fields, net::Request const& request) {
  auto described = net::Request{};
  described.request_id = request.request_id;
  described.deadline = request.deadline;
  for (auto const& [name, value] : fields) described.headers.add(name == "acl" ? "x-amz-acl" : name, value);
  return described;
}

// The checksums that fields promise of the file, by algorithm, raw.
Result<std::map<ChecksumKind, std::string>> read_checksums(FormFields const& fields) {
  auto promised = std::map<ChecksumKind, std::string>{};
  for (auto const& [name, value] : fields) {
    TRY(auto const kind, checksum_header(name));
    if (!kind) continue;
    TRY(auto raw, parse_digest(*kind, value));
    promised.emplace(*kind, std::move(raw));
  }
  if (promised.size() > 1) return invalid_request("Expecting a single x-amz-checksum- field.");
  return promised;
}

// Answers the verified checksum, if one was promised.
Async<StringMap> store_file(FormReader& reader, ObjectWriter& writer, PostPolicy const& policy,
                            std::int64_t bytes_max, std::map<ChecksumKind, std::string> const& promised) {
  auto const most = std::min(policy.bytes_max, bytes_max);
  auto checksum = std::optional<Checksum>{};
  if (!promised.empty()) checksum.emplace(promised.begin()->first);
  auto total = std::int64_t{0};
  while (true) {
    CO_TRY(auto const piece, co_await reader.read_piece());
    if (piece.empty()) break;
    total += std::ssize(piece);
    if (total > most)
      co_return fail(Error{Code::invalid, "Your proposed upload exceeds the maximum allowed size"}.with_slug(
          "EntityTooLarge"));
    if (checksum) checksum->update(piece);
    CO_CHECK(co_await writer.write(piece));
  }
  if (total < policy.bytes_min)
    co_return fail(
        Error{Code::invalid, "Your proposed upload is smaller than the minimum allowed size"}.with_slug(
            "EntityTooSmall"));
  if (!checksum) co_return StringMap{};
  auto const raw = checksum->finish();
  auto const name = std::string{name_of(checksum->kind())};
  if (raw != promised.begin()->second)
    co_return fail(
        Error{Code::invalid, "The " + name + " you specified did not match what was received."}.with_slug(
            "BadDigest"));
  co_return StringMap{{name, base64(raw)}};
}

net::Response success(FormFields const& fields, ObjectInfo const& info, std::string const& location) {
  auto const get = [&](char const* name) {
    auto const found = fields.find(name);
    return found == fields.end() ? std::string{} : found->second;
  };
  auto response = net::Response{};
  response.status = 204;
  auto const redirect = get("success_action_redirect");
  auto const status = get("success_action_status");
  if (redirect.starts_with("http://") || redirect.starts_with("https://")) {
    auto const separator = redirect.find('?') == redirect.npos ? "?" : "&";
    response.status = 303;
    response.headers.add("Location", redirect + separator + "bucket=" + percent_encode(info.ref.bucket) +
                                         "&key=" + percent_encode(info.ref.key) +
                                         "&etag=" + percent_encode(quoted(info.etag)));
  } else if (status == "201") {
    auto xml = XmlWriter{"PostResponse"};
    xml.text("Location", location).text("Bucket", info.ref.bucket).text("Key", info.ref.key);
    xml.text("ETag", quoted(info.etag));
    response = xml_response(201, std::move(xml).finish());
  } else if (status == "200") {
    response.status = 200;
  }
  if (response.status != 303) response.headers.add("Location", location);
  response.headers.add("ETag", quoted(info.etag));
  return response;
}

}  // namespace

Answer post_form(Service& service, AccessKeys const& keys, net::Request const& request,
                 ObjectRef const& ref) {
  if (!request.query.empty() || !ref.key.empty())
    co_return fail(Code::method_not_allowed, "The specified method is not allowed against this resource.");
  CO_TRY(auto const boundary, FormReader::boundary_of(request.headers.get("content-type")));
  if (!request.stream) co_return fail(Code::length_required, "The request has no body.");
  auto reader = FormReader{*request.stream, boundary};
  CO_TRY(auto form, co_await read_fields(reader));
  auto const now = service.clock.now();
  CO_TRY(auto const authorization, authenticate(form.fields, keys, service.options.region, now));
  auto const json = unbase64(form.fields.at("policy"));
  if (!json) co_return invalid_argument("The policy is not base64.");
  CO_TRY(auto const policy, parse_post_policy(*json));

  auto& key = form.fields["key"];
  key = replace_filename(std::move(key), form.filename);
  CO_CHECK(check_key(key));
  // The bucket is the one of the address; a field of that name must not speak for another.
  if (form.fields.try_emplace("bucket", ref.bucket).first->second != ref.bucket)
    co_return access_denied("The field bucket names another bucket than the address.");
  CO_CHECK(check_policy(policy, form.fields, now));
  auto const* const access_key = keys.find(authorization.access_key_id);
  CO_CHECK(check_prefix(*access_key, key));

  auto const described = as_headers(form.fields, request);
  auto const call = Call{described, authorization, access_key, nullptr, ObjectRef{ref.bucket, key}};
  CO_CHECK(check_owner(call));
  CO_TRY(auto options, read_put_options(call));
  if (auto const tagging = form.fields.find("tagging"); tagging != form.fields.end()) {
    CO_TRY(options.tags, parse_tagging(tagging->second));
  }
  CO_TRY(auto const promised, read_checksums(form.fields));
  CO_TRY(auto writer,
         co_await service.store.create(call.ref, std::nullopt, request.deadline, Service::etag_kind(call)));
  CO_TRY(options.checksums,
         co_await store_file(reader, *writer, policy, service.options.object_bytes_max, promised));
  CO_TRY(auto const info, co_await writer->commit(std::move(options)));
  co_return success(form.fields, info, location_of(service, request, info.ref));
}

}  // namespace hoist::s3api
