#include <algorithm>
#include <map>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"
#include "s3api/conditions.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

constexpr int listed_max = 1000;
constexpr std::string_view full_object = "FULL_OBJECT";
constexpr std::string_view composite = "COMPOSITE";

std::unexpected<Error> malformed() {
  return fail(Error{Code::invalid, "The XML you provided was not well-formed or did not validate."}.with_slug(
      "MalformedXML"));
}

// The wish is kept in the upload's options: algorithm -> FULL_OBJECT or COMPOSITE.
Result<StringMap> read_checksum_wish(Call const& call) {
  auto const algorithm = call.header("x-amz-checksum-algorithm");
  auto type = to_upper(call.header("x-amz-checksum-type"));
  if (algorithm.empty()) {
    if (!type.empty()) return invalid_request("x-amz-checksum-type needs x-amz-checksum-algorithm.");
    return StringMap{};
  }
  auto const kind = parse_checksum(algorithm);
  if (!kind) return invalid_request("Checksum algorithm provided is unsupported.");
  auto const only_full = *kind == ChecksumKind::crc64nvme;
  if (type.empty()) type = only_full ? full_object : composite;
  auto const possible = (type == full_object && is_crc(*kind)) || (type == composite && !only_full);
  if (!possible) return invalid_request("The checksum type cannot be used with this algorithm.");
  return StringMap{{std::string{name_of(*kind)}, type}};
}

Result<std::vector<PartInfo>> read_parts(pugi::xml_node root) {
  auto parts = std::vector<PartInfo>{};
  for (auto const node : root.children("Part")) {
    auto const number = parse_number(node.child_value("PartNumber"));
    if (!number || *number < 1 || *number > limits::parts_max ||
        parts.size() >= static_cast<std::size_t>(limits::parts_max))
      return malformed();
    auto part = PartInfo{};
    part.number = static_cast<int>(*number);
    part.etag = unquoted(node.child_value("ETag"));
    for (auto const child : node.children()) {
      auto const name = std::string_view{child.name()};
      if (name.starts_with("Checksum")) part.checksums.emplace(to_lower(name.substr(8)), child.child_value());
    }
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return malformed();
  return parts;
}

// Fills size and checksums of each wanted part from what is stored, holding them against what the
// client says. Parts that are not stored stay as they are: the store refuses them by name.
Async<> match_parts(Service& service, Call const& call, std::vector<PartInfo>& parts) {
  auto stored = std::map<int, PartInfo>{};
  auto after = 0;
  while (true) {
    CO_TRY(auto const page, co_await service.store.list_parts(call.ref, call.query("uploadId"), after,
                                                              listed_max, call.deadline()));
    for (auto const& part : page) stored.emplace(part.number, part);
    if (std::ssize(page) < listed_max) break;
    after = page.back().number;
  }
  for (auto& part : parts) {
    auto const found = stored.find(part.number);
    if (found == stored.end()) continue;
    for (auto const& [name, value] : part.checksums) {
      auto const known = found->second.checksums.find(name);
      if (known != found->second.checksums.end() && known->second != value)
        co_return fail(
            Error{Code::invalid, "The checksum of part " + std::to_string(part.number) + " is another."}
                .with_slug("InvalidPart"));
    }
    part.size = found->second.size;
    part.checksums = found->second.checksums;
  }
  co_return Result<void>{};
}

// A composite checksum is of the parts' checksums, so the client has to say what he takes them to be.
Result<void> check_named_checksums(StringMap const& wish, std::vector<PartInfo> const& parts) {
  if (wish.empty() || wish.begin()->second == full_object) return {};
  auto const& name = wish.begin()->first;
  for (auto const& part : parts)
    if (!part.checksums.contains(name))
      return invalid_request(
          "The upload was created using a " + name +
          " checksum. The complete request must include the checksum for each part. It was "
          "missing for part " +
          std::to_string(part.number) + " in the request.");
  return {};
}

// The algorithm and type of the whole object's checksum: as the upload was created, or as the
// completion says.
Result<StringMap> wish_of_completion(Call const& call, StringMap const& created) {
  auto const type = to_upper(call.header("x-amz-checksum-type"));
  for (auto const& [name, value] : call.request.headers.all()) {
    TRY(auto const kind, checksum_header(to_lower(name)));
    if (!kind) continue;
    if (!created.empty() && created.begin()->first != name_of(*kind))
      return invalid_request("The upload was created using another checksum than " + to_lower(name) + ".");
    if (!created.empty()) break;
    auto const whole = type.empty() ? is_crc(*kind) && !value.contains('-') : type == full_object;
    return StringMap{{std::string{name_of(*kind)}, std::string{whole ? full_object : composite}}};
  }
  if (!type.empty() && !created.empty() && type != created.begin()->second)
    return invalid_request("The upload was created with another x-amz-checksum-type.");
  return created;
}

// Of the whole object, from those of the parts; empty when one of them has none.
std::string whole_checksum(ChecksumKind kind, bool full, std::vector<PartInfo> const& parts) {
  auto whole = std::string{};
  for (auto const& part : parts) {
    auto const found = part.checksums.find(std::string{name_of(kind)});
    if (found == part.checksums.end()) return {};
    auto const raw = unbase64(found->second).value_or("");
    if (!full)
      whole += raw;
    else if (whole.empty())
      whole = raw;
    else
      whole = combine_crc(kind, whole, raw, static_cast<std::uint64_t>(part.size));
  }
  if (full) return base64(whole);
  return base64(checksum_of(kind, whole)) + "-" + std::to_string(parts.size());
}

Result<CompleteOptions> read_complete_options(Call const& call, StringMap const& created,
                                              std::vector<PartInfo> const& parts) {
  auto options = CompleteOptions{};
  TRY(options.conditions, read_conditions(call));
  TRY(auto const wish, wish_of_completion(call, created));
  if (!wish.empty()) {
    auto const& [name, type] = *wish.begin();
    auto value = whole_checksum(*parse_checksum(name), type == full_object, parts);
    auto const given = call.header("x-amz-checksum-" + name);
    if (!given.empty() && value.empty())
      return invalid_request("The checksum cannot be verified: not every part was sent with one.");
    // Some clients leave out the number of parts.
    auto const bare = std::string_view{value}.substr(0, value.find('-'));
    if (!given.empty() && given != value && given != bare)
      return fail(
          Error{Code::invalid, "The checksum of the object is not the one given."}.with_slug("BadDigest"));
    if (!value.empty()) options.checksums.emplace(name, std::move(value));
  }
  auto const size = call.header("x-amz-mp-object-size");
  if (!size.empty()) {
    auto total = std::int64_t{0};
    for (auto const& part : parts) total += part.size;
    if (parse_number(size) != total) return invalid_request("The object's size is not x-amz-mp-object-size.");
  }
  return options;
}

Result<void> need_upload_id(Call const& call) {
  if (!call.query("uploadId").empty()) return {};
  return invalid_argument("This operation needs uploadId.");
}

// A part carries the checksum that its upload was created with. It is computed for a client who sends
// none, unless the whole is to be made of what the clients say of their parts.
Result<void> plan_part_checksum(StringMap const& wish, Payload& payload) {
  if (wish.empty()) return {};
  auto const kind = parse_checksum(wish.begin()->first);
  auto const sent = kept_checksum(payload);
  if (sent == kind) return {};
  if (sent || wish.begin()->second == composite)
    return invalid_request("Checksum Type mismatch occurred, expected checksum Type: " + wish.begin()->first +
                           ", actual checksum Type: " + std::string{sent ? name_of(*sent) : "null"});
  payload.computed = kind;
  return {};
}

}  // namespace

Answer create_multipart(Service& service, Call const& call) {
  CO_TRY(auto options, read_put_options(call));
  CO_TRY(options.checksums, read_checksum_wish(call));
  auto const wish = options.checksums;
  CO_TRY(auto const id,
         co_await service.store.create_multipart(call.ref, std::move(options), call.deadline()));
  auto xml = XmlWriter{"InitiateMultipartUploadResult"};
  xml.text("Bucket", call.ref.bucket).text("Key", call.ref.key).text("UploadId", id);
  auto response = xml_response(200, std::move(xml).finish());
  for (auto const& [name, type] : wish) {
    response.headers.add("x-amz-checksum-algorithm", to_upper(name));
    response.headers.add("x-amz-checksum-type", type);
  }
  co_return response;
}

Answer upload_part(Service& service, Call const& call) {
  CO_CHECK(need_upload_id(call));
  if (call.request.headers.has("x-amz-copy-source")) co_return co_await copy_part(service, call);
  CO_TRY(auto const number, part_number(call));
  CO_TRY(auto payload, plan_payload(call, service.options.object_bytes_max));
  auto const id = call.query("uploadId");
  CO_TRY(auto const upload, co_await service.store.head_multipart(call.ref, id, call.deadline()));
  CO_CHECK(plan_part_checksum(upload.options.checksums, payload));
  CO_TRY(auto writer, co_await service.store.create_part(call.ref, id, number, call.request.deadline,
                                                         Service::etag_kind(call)));
  auto sink = Sink{[&writer](std::string_view bytes) { return writer->write(bytes); }};
  auto options = PutOptions{};
  CO_TRY(options.checksums, co_await transfer(call, payload, sink));
  CO_TRY(auto const info, co_await writer->commit(std::move(options)));
  auto response = net::Response{};
  response.headers.add("ETag", quoted(info.etag));
  for (auto const& [name, value] : info.checksums) response.headers.add("x-amz-checksum-" + name, value);
  co_return response;
}

Answer complete_multipart(Service& service, Call const& call) {
  CO_CHECK(need_upload_id(call));
  CO_TRY(auto const text, co_await read_text(call, xml_bytes_max, ChecksumOf::object));
  CO_TRY(auto const document, parse_xml(text, "CompleteMultipartUpload"));
  CO_TRY(auto parts, read_parts(document->document_element()));
  auto const id = call.query("uploadId");
  auto options = CompleteOptions{};
  // An upload that is over has nothing left to compare; the store knows a repetition by its list.
  auto const upload = co_await service.store.head_multipart(call.ref, id, call.deadline());
  if (upload) {
    CO_CHECK(check_named_checksums(upload->options.checksums, parts));
    CO_CHECK(co_await match_parts(service, call, parts));
    CO_TRY(options, read_complete_options(call, upload->options.checksums, parts));
  }
  CO_TRY(auto const info, co_await service.store.complete_multipart(call.ref, id, std::move(parts),
                                                                    call.deadline(), std::move(options)));
  auto xml = XmlWriter{"CompleteMultipartUploadResult"};
  xml.text("Location", location_of(service, call.request, info.ref));
  xml.text("Bucket", info.ref.bucket).text("Key", info.ref.key).text("ETag", quoted(info.etag));
  for (auto const& [name, value] : info.checksums) {
    xml.text(checksum_element(name), value);
    xml.text("ChecksumType", checksum_type(value));
  }
  co_return xml_response(200, std::move(xml).finish());
}

Answer abort_multipart(Service& service, Call const& call) {
  CO_CHECK(need_upload_id(call));
  constexpr auto condition = "x-amz-if-match-initiated-time";
  if (auto const text = call.header(condition); !text.empty()) {
    CO_TRY(auto const initiated, parse_time(condition, text));
    CO_TRY(auto const upload,
           co_await service.store.head_multipart(call.ref, call.query("uploadId"), call.deadline()));
    // Times are shown in whole seconds or milliseconds; both are the start of the microsecond's.
    using std::chrono::floor, std::chrono::milliseconds, std::chrono::seconds;
    if (initiated != floor<seconds>(upload.created_at) && initiated != floor<milliseconds>(upload.created_at))
      co_return precondition_failed();
  }
  CO_CHECK(co_await service.store.abort_multipart(call.ref, call.query("uploadId"), call.deadline()));
  auto response = net::Response{};
  response.status = 204;
  co_return response;
}

Answer list_parts(Service& service, Call const& call) {
  CO_CHECK(need_upload_id(call));
  CO_TRY(auto const limit, number_query(call, "max-parts", 0, INT32_MAX, listed_max));
  CO_TRY(auto const after, number_query(call, "part-number-marker", 0, INT32_MAX, 0));
  auto const count = static_cast<int>(std::min<std::int64_t>(limit, listed_max));
  auto const id = call.query("uploadId");
  CO_TRY(auto parts, co_await service.store.list_parts(call.ref, id, static_cast<int>(after), count + 1,
                                                       call.deadline()));
  auto const more = std::ssize(parts) > count;
  if (more) parts.resize(static_cast<std::size_t>(count));
  auto xml = XmlWriter{"ListPartsResult"};
  xml.text("Bucket", call.ref.bucket).text("Key", call.ref.key).text("UploadId", id);
  xml.number("PartNumberMarker", after).number("MaxParts", count).boolean("IsTruncated", more);
  if (!parts.empty()) xml.number("NextPartNumberMarker", parts.back().number);
  xml.text("StorageClass", "STANDARD");
  for (auto const& part : parts) {
    xml.open("Part").number("PartNumber", part.number).text("LastModified", xml_time(part.modified_at));
    xml.text("ETag", quoted(part.etag)).number("Size", part.size);
    for (auto const& [name, value] : part.checksums) xml.text(checksum_element(name), value);
    xml.close("Part");
  }
  co_return xml_response(200, std::move(xml).finish());
}

}  // namespace hoist::s3api
