#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/conditions.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

constexpr int keys_max = 1000;
constexpr std::int64_t asked_keys_max = INT32_MAX;

struct Listing {
  ListRequest request;
  int asked = keys_max;
  bool encoded = false;  // encoding-type=url

  [[nodiscard]] std::string name(std::string_view text) const {
    return encoded ? percent_encode(text, true) : std::string{text};
  }
};

// A parameter that names a key or a part of one.
Result<std::string> text_query(Call const& call, std::string_view name) {
  auto text = call.query(name);
  if (!is_utf8(text)) return invalid_argument(std::string{name} + " must be UTF-8.");
  return text;
}

// The key that a list of the second kind goes on after. The token is only a place in a list that the
// caller may read anyway.
Result<std::optional<std::string>> read_token(Call const& call) {
  auto const token = call.request.query_value("continuation-token");
  if (!token) return std::nullopt;
  auto after = unbase64url(*token);
  if (!after || after->empty() || !is_utf8(*after))
    return invalid_argument("The continuation token provided is incorrect");
  return std::optional{*std::move(after)};
}

Result<Listing> read_listing(Call const& call, std::string after) {
  auto listing = Listing{};
  listing.request.bucket = call.ref.bucket;
  TRY(listing.request.prefix, text_query(call, "prefix"));
  TRY(listing.request.delimiter, text_query(call, "delimiter"));
  listing.request.after = std::move(after);
  TRY(auto const asked, number_query(call, "max-keys", 0, asked_keys_max, keys_max));
  listing.asked = static_cast<int>(std::min<std::int64_t>(asked, keys_max));
  listing.request.limit = listing.asked;
  auto const encoding = call.query("encoding-type");
  if (!encoding.empty() && encoding != "url")
    return invalid_argument("Invalid Encoding Method specified in Request");
  listing.encoded = encoding == "url";
  CHECK(check_prefix(*call.key, listing.request.prefix));
  return listing;
}

void write_common(XmlWriter& xml, Listing const& listing, ObjectPage const& page) {
  xml.text("Name", listing.request.bucket).text("Prefix", listing.name(listing.request.prefix));
  if (!listing.request.delimiter.empty()) xml.text("Delimiter", listing.name(listing.request.delimiter));
  if (listing.encoded) xml.text("EncodingType", "url");
  xml.number("MaxKeys", listing.asked).boolean("IsTruncated", page.next_after.has_value());
}

void write_prefixes(XmlWriter& xml, Listing const& listing, ObjectPage const& page) {
  for (auto const& prefix : page.prefixes)
    xml.open("CommonPrefixes").text("Prefix", listing.name(prefix)).close("CommonPrefixes");
}

// With the owner where `owner` is the call that asks for it.
void write_entry(XmlWriter& xml, Listing const& listing, ObjectInfo const& object, Call const* owner) {
  xml.text("Key", listing.name(object.ref.key)).text("LastModified", xml_time(object.modified_at));
  xml.text("ETag", quoted(object.etag));
  for (auto const& [name, value] : object.checksums)
    xml.text("ChecksumAlgorithm", to_upper(name)).text("ChecksumType", checksum_type(value));
  xml.number("Size", object.size).text("StorageClass", "STANDARD");
  if (owner) write_owner(xml, "Owner", *owner);
}

void write_entries(XmlWriter& xml, Listing const& listing, ObjectPage const& page, Call const* owner) {
  for (auto const& object : page.objects) {
    xml.open("Contents");
    write_entry(xml, listing, object, owner);
    xml.close("Contents");
  }
  write_prefixes(xml, listing, page);
}

// An element of a list of deletions.
struct Doomed {
  std::string key;
  DeleteConditions conditions;
};

}  // namespace

Answer list_objects(Service& service, Call const& call) {
  CO_TRY(auto const marker, text_query(call, "marker"));
  CO_TRY(auto const listing, read_listing(call, marker));
  CO_TRY(auto const page, co_await service.store.list(listing.request, call.deadline()));
  auto xml = XmlWriter{"ListBucketResult"};
  write_common(xml, listing, page);
  xml.text("Marker", listing.name(marker));
  if (page.next_after) xml.text("NextMarker", listing.name(*page.next_after));
  write_entries(xml, listing, page, &call);
  co_return xml_response(200, std::move(xml).finish());
}

// Every object has one version, which is called null.
Answer list_versions(Service& service, Call const& call) {
  CO_TRY(auto const marker, text_query(call, "key-marker"));
  CO_TRY(auto const listing, read_listing(call, marker));
  CO_TRY(auto const page, co_await service.store.list(listing.request, call.deadline()));
  auto xml = XmlWriter{"ListVersionsResult"};
  write_common(xml, listing, page);
  xml.text("KeyMarker", listing.name(marker)).text("VersionIdMarker", call.query("version-id-marker"));
  if (page.next_after)
    xml.text("NextKeyMarker", listing.name(*page.next_after)).text("NextVersionIdMarker", "null");
  for (auto const& object : page.objects) {
    xml.open("Version");
    write_entry(xml, listing, object, &call);
    xml.text("VersionId", "null").boolean("IsLatest", true).close("Version");
  }
  write_prefixes(xml, listing, page);
  co_return xml_response(200, std::move(xml).finish());
}

Answer list_objects_v2(Service& service, Call const& call) {
  CO_TRY(auto const start, text_query(call, "start-after"));
  CO_TRY(auto const token, read_token(call));
  CO_TRY(auto const listing, read_listing(call, token.value_or(start)));
  CO_TRY(auto const page, co_await service.store.list(listing.request, call.deadline()));
  auto xml = XmlWriter{"ListBucketResult"};
  write_common(xml, listing, page);
  xml.number("KeyCount", std::ssize(page.objects) + std::ssize(page.prefixes));
  if (token) xml.text("ContinuationToken", call.query("continuation-token"));
  if (!start.empty()) xml.text("StartAfter", listing.name(start));
  if (page.next_after) xml.text("NextContinuationToken", base64url(*page.next_after));
  write_entries(xml, listing, page, call.query("fetch-owner") == "true" ? &call : nullptr);
  co_return xml_response(200, std::move(xml).finish());
}

Answer delete_objects(Service& service, Call const& call) {
  CO_TRY(auto const text, co_await read_text(call, xml_bytes_max));
  CO_TRY(auto const document, parse_xml(text, "Delete"));
  auto const root = document->document_element();
  auto doomed = std::vector<Doomed>{};
  for (auto const object : root.children("Object")) {
    auto const version = std::string_view{object.child_value("VersionId")};
    if (!version.empty() && version != "null")
      co_return not_implemented("Object versions are not supported.");
    CO_TRY(auto conditions, parse_delete_conditions(object.child_value("ETag"), object.child_value("Size"),
                                                    object.child_value("LastModifiedTime")));
    doomed.push_back(Doomed{object.child_value("Key"), std::move(conditions)});
  }
  if (doomed.empty() || doomed.size() > static_cast<std::size_t>(keys_max))
    co_return fail(
        Error{Code::invalid, "The request must name from 1 to 1,000 objects."}.with_slug("MalformedXML"));
  auto const quiet = std::string_view{root.child_value("Quiet")} == "true";

  auto xml = XmlWriter{"DeleteResult"};
  for (auto const& [key, conditions] : doomed) {
    auto outcome = check_key(key);
    if (outcome) outcome = check_prefix(*call.key, key);
    if (outcome) outcome = co_await remove_if(service, call, {call.ref.bucket, key}, conditions);
    if (outcome && !quiet) xml.open("Deleted").text("Key", key).close("Deleted");
    if (outcome) continue;
    xml.open("Error").text("Key", is_utf8(key) ? key : "").text("Code", name_of(outcome.error()));
    xml.text("Message", outcome.error().detail()).close("Error");
  }
  co_return xml_response(200, std::move(xml).finish());
}

Answer get_tagging(Service& service, Call const& call) {
  CO_TRY(auto const info, co_await service.store.head(call.ref, call.deadline()));
  auto xml = XmlWriter{"Tagging"};
  xml.open("TagSet");
  for (auto const& [name, value] : info.tags)
    xml.open("Tag").text("Key", name).text("Value", value).close("Tag");
  xml.close("TagSet");
  co_return xml_response(200, std::move(xml).finish());
}

Answer put_tagging(Service& service, Call const& call) {
  constexpr std::size_t tagging_bytes_max = 64 * 1024;
  CO_TRY(auto const text, co_await read_text(call, tagging_bytes_max));
  CO_TRY(auto tags, parse_tagging(text));
  CO_CHECK(co_await service.store.set_tags(call.ref, std::move(tags), call.deadline()));
  co_return net::Response{};
}

Answer delete_tagging(Service& service, Call const& call) {
  CO_CHECK(co_await service.store.set_tags(call.ref, {}, call.deadline()));
  auto response = net::Response{};
  response.status = 204;
  co_return response;
}

}  // namespace hoist::s3api
