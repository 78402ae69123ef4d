// Buckets themselves: found, made and removed. Those of the configuration are always there; others are
// the operator's, who needs an access key that is not held to a prefix. Users' files only ever go to
// those of the configuration.
#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"

namespace hoist::s3api {
namespace {

constexpr std::size_t name_bytes_min = 3;
constexpr std::size_t name_bytes_max = 63;

// Labels of lower-case letters, digits and dashes between dots, and no address of the internet: the name
// can be part of a host's name.
Result<void> check_name(std::string_view name) {
  auto const is_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  auto const may_stand = [&](char c) { return is_word(c) || c == '-' || c == '.'; };
  auto const number = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  auto const fits = name.size() >= name_bytes_min && name.size() <= name_bytes_max;
  if (fits && std::ranges::all_of(name, may_stand) && is_word(name.front()) && is_word(name.back()) &&
      !name.contains("..") && !name.contains(".-") && !name.contains("-.") &&
      !(std::ranges::all_of(name, number) && std::ranges::count(name, '.') == 3))
    return {};
  return fail(Error{Code::invalid, "The specified bucket is not valid."}.with_slug("InvalidBucketName"));
}

// A URL that a client was handed grants objects, and a key held to a prefix has no say beyond it.
Result<void> check_may_administer(Call const& call) {
  if (call.authorization.form == aws::AuthForm::header && call.key->prefix.empty()) return {};
  return access_denied("Only the operator's own requests make and remove buckets.");
}

// The region that the body asks for must be the one there is.
Async<> check_configuration(Service const& service, Call const& call) {
  CO_TRY(auto const text, co_await read_text(call, xml_bytes_max));
  if (text.empty()) co_return Result<void>{};
  CO_TRY(auto const document, parse_xml(text, "CreateBucketConfiguration"));
  auto const place = document->document_element().child("LocationConstraint");
  if (place && place.child_value() != service.options.region)
    co_return fail(Error{Code::invalid, "The specified location constraint is not valid here; it must be " +
                                            service.options.region + "."}
                       .with_slug("IllegalLocationConstraintException"));
  co_return Result<void>{};
}

Result<void> check_headers(Call const& call) {
  for (auto const& [name, value] : call.request.headers.all()) {
    auto const lower = to_lower(name);
    auto const refused = lower.starts_with("x-amz-grant-") ||
                         (lower == "x-amz-bucket-object-lock-enabled" && to_lower(value) != "false");
    if (refused) return not_implemented("The header " + lower + " is not supported here.");
    if (lower == "x-amz-acl" && value != "private")
      return fail(
          Error{Code::invalid, "The bucket does not allow ACLs."}.with_slug("AccessControlListNotSupported"));
  }
  return {};
}

}  // namespace

Answer list_buckets(Service& service, Call const& call) {
  CO_TRY(auto const limit, number_query(call, "max-buckets", 1, 10'000, 10'000));
  CO_TRY(auto const buckets, co_await service.store.list_buckets(call.deadline()));
  auto const prefix = call.query("prefix");
  auto const after = call.query("continuation-token");
  auto xml = XmlWriter{"ListAllMyBucketsResult"};
  write_owner(xml, "Owner", call).open("Buckets");
  auto last = std::string_view{};
  auto listed = std::int64_t{0};
  auto more = false;
  for (auto const& [name, created_at] : buckets) {
    if (name <= after || !name.starts_with(prefix)) continue;
    more = listed == limit;
    if (more) break;
    xml.open("Bucket").text("Name", name).text("CreationDate", xml_time(created_at)).close("Bucket");
    last = name;
    ++listed;
  }
  xml.close("Buckets");
  if (!prefix.empty()) xml.text("Prefix", prefix);
  if (more) xml.text("ContinuationToken", last);
  co_return xml_response(200, std::move(xml).finish());
}

Answer head_bucket(Service& service, Call const& call) {
  CO_TRY(auto const buckets, co_await service.store.list_buckets(call.deadline()));
  if (std::ranges::find(buckets, call.ref.bucket, &BucketInfo::name) == buckets.end())
    co_return no_such_bucket();
  auto response = net::Response{};
  response.headers.add("x-amz-bucket-region", service.options.region);
  co_return response;
}

Answer get_location(Service& service, Call const& call) {
  CO_CHECK(co_await head_bucket(service, call));
  // The protocol's oldest region has no name here.
  auto const region = service.options.region == "us-east-1" ? std::string{} : service.options.region;
  co_return xml_response(200,
                         "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint xmlns=\""
                         "http://s3.amazonaws.com/doc/2006-03-01/\">" +
                             escape_xml(region) + "</LocationConstraint>");
}

Answer create_bucket(Service& service, Call const& call) {
  CO_CHECK(check_may_administer(call));
  CO_CHECK(check_name(call.ref.bucket));
  CO_CHECK(check_headers(call));
  CO_CHECK(co_await check_configuration(service, call));
  CO_TRY(auto const made, co_await service.store.create_bucket(call.ref.bucket, call.deadline()));
  // Clients ask for a bucket before they copy into it; only the oldest region takes that for success.
  if (!made && service.options.region != "us-east-1")
    co_return fail(
        Error{Code::conflict, "The bucket you tried to create already exists, and you own it."}.with_slug(
            "BucketAlreadyOwnedByYou"));
  auto response = net::Response{};
  response.headers.add("Location", "/" + call.ref.bucket);
  co_return response;
}

Answer delete_bucket(Service& service, Call const& call) {
  CO_CHECK(check_may_administer(call));
  auto const objects = ListRequest{.bucket = call.ref.bucket, .limit = 1};
  CO_TRY(auto const page, co_await service.store.list(objects, call.deadline()));
  if (!page.objects.empty()) co_return bucket_not_empty();
  // Uploads that no client finished do not keep a bucket; the store decides what came meanwhile.
  auto const uploads = MultipartListRequest{.bucket = call.ref.bucket};
  CO_TRY(auto const open, co_await service.store.list_multiparts(uploads, call.deadline()));
  for (auto const& upload : open)
    CO_CHECK(co_await service.store.abort_multipart(upload.ref, upload.upload_id, call.deadline()));
  CO_CHECK(co_await service.store.remove_bucket(call.ref.bucket, call.deadline()));
  auto response = net::Response{};
  response.status = 204;
  co_return response;
}

}  // namespace hoist::s3api
