#include <algorithm>
#include <numeric>
#include <set>
#include <span>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"
#include "s3api/conditions.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"
#include "s3api/range.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

class ReaderBody final : public net::BodySource {
 public:
  explicit ReaderBody(std::unique_ptr<ObjectReader> reader) : reader_{std::move(reader)} {}
  Async<std::size_t> read(std::span<char> buffer) override { co_return co_await reader_->read(buffer); }

 private:
  std::unique_ptr<ObjectReader> reader_;
};

// A response-* parameter is part of what was signed; still it cannot break out of its header.
Result<void> apply_overrides(Call const& call, StringMap& headers) {
  for (auto const& [name, value] : call.request.query) {
    if (!name.starts_with("response-")) continue;
    auto const clean = std::ranges::none_of(value, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (!clean || !is_utf8(value)) return invalid_argument(name + " holds characters a header cannot carry.");
    headers.insert_or_assign(name.substr(std::string_view{"response-"}.size()), value);
  }
  // RFC 9110 section 8.4.1: "identity" is a name for no encoding and is not sent.
  auto const encoding = headers.find("content-encoding");
  if (encoding != headers.end() && to_lower(encoding->second) == "identity") headers.erase(encoding);
  return {};
}

Result<net::Response> describe(Call const& call, ObjectInfo const& info) {
  auto headers = info.headers;
  headers.insert_or_assign("content-type", info.content_type);
  CHECK(apply_overrides(call, headers));
  // What users uploaded is never run as a page of this origin.
  headers.try_emplace("content-disposition", "attachment");
  auto response = net::Response{};
  for (auto& [name, value] : headers) response.headers.add(name, value);
  for (auto const& [name, value] : info.metadata) response.headers.add("x-amz-meta-" + name, value);
  response.headers.add("ETag", quoted(info.etag));
  response.headers.add("Last-Modified", to_http_date(info.modified_at));
  response.headers.add("Accept-Ranges", "bytes");
  response.headers.add("X-Content-Type-Options", "nosniff");
  response.headers.add("Content-Security-Policy", "sandbox");
  if (!info.tags.empty()) response.headers.add("x-amz-tagging-count", std::to_string(info.tags.size()));
  return response;
}

Result<std::optional<ByteRange>> wanted_range(Call const& call, ObjectInfo const& info) {
  auto const header = call.header("range");
  if (header.empty()) return std::optional<ByteRange>{};
  auto const condition = call.header("if-range");
  if (!condition.empty() && unquoted(condition) != info.etag) return std::optional<ByteRange>{};
  return parse_range(header, info.size);
}

void add_whole_checksums(Call const& call, ObjectInfo const& info, net::Response& response) {
  auto const mode = call.header("x-amz-checksum-mode");
  auto const asked = to_lower(mode) == "enabled" || call.query("x-amz-checksum-mode") == "ENABLED" ||
                     call.query("X-Amz-Checksum-Mode") == "ENABLED";
  if (!asked || info.checksums.empty()) return;
  add_checksums(response, info.checksums);
}

// The bytes of part `number`; nothing for an object that is empty. One that was not made of parts is
// its own first part.
Result<std::optional<ByteRange>> range_of_part(Call const& call, ObjectInfo const& info,
                                               std::int64_t number) {
  if (call.request.headers.has("range"))
    return invalid_request("Cannot specify both Range header and partNumber query parameter");
  auto const count = std::max<std::int64_t>(1, std::ssize(info.part_sizes));
  if (number > count)
    return fail(Error{Code::range_unsatisfiable, "The requested partnumber is not satisfiable"}.with_slug(
        "InvalidPartNumber"));
  if (info.size == 0) return std::optional<ByteRange>{};
  if (info.part_sizes.empty()) return std::optional{ByteRange{0, info.size - 1}};
  auto const sizes = std::span{info.part_sizes}.first(static_cast<std::size_t>(number));
  auto const end = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  return std::optional{ByteRange{end - sizes.back(), end - 1}};
}

}  // namespace

Answer put_object(Service& service, Call const& call) {
  if (call.request.headers.has("x-amz-copy-source")) co_return co_await copy_object(service, call);
  CO_TRY(auto options, read_put_options(call));
  CO_TRY(options.conditions, read_conditions(call));
  CO_TRY(auto const payload, plan_payload(call, service.options.object_bytes_max));
  CO_TRY(auto writer, co_await service.store.create(call.ref, payload.bytes, call.request.deadline,
                                                    Service::etag_kind(call)));
  auto sink = Sink{[&writer](std::string_view bytes) { return writer->write(bytes); }};
  CO_TRY(options.checksums, co_await transfer(call, payload, sink));
  CO_TRY(auto const info, co_await writer->commit(std::move(options)));
  auto response = net::Response{};
  response.headers.add("ETag", quoted(info.etag));
  add_checksums(response, info.checksums);
  co_return response;
}

Answer get_object(Service& service, Call const& call) {
  CO_TRY(auto const info, co_await service.store.head(call.ref, call.deadline()));
  CO_TRY(auto const part, number_query(call, "partNumber", 1, limits::parts_max, 0));
  CO_TRY(auto const unmodified, weigh_conditions(call, "", info));
  CO_TRY(auto response, describe(call, info));
  if (unmodified) {
    response.status = 304;
    co_return response;
  }
  auto range = part > 0 ? range_of_part(call, info, part) : wanted_range(call, info);
  if (!range && range.error().code() != Code::range_unsatisfiable) co_return std::unexpected{range.error()};
  if (!range) {
    auto refusal = error_response(range.error(), call.request);
    refusal.headers.add("Content-Range", "bytes */" + std::to_string(info.size));
    co_return refusal;
  }
  if (part > 0 && !info.part_sizes.empty())
    response.headers.add("x-amz-mp-parts-count", std::to_string(info.part_sizes.size()));
  auto const bytes = range->value_or(ByteRange{0, info.size - 1});
  response.stream_length = bytes.last - bytes.first + 1;
  if (*range) {
    response.status = 206;
    response.headers.add("Content-Range", "bytes " + std::to_string(bytes.first) + "-" +
                                              std::to_string(bytes.last) + "/" + std::to_string(info.size));
  }
  if (bytes.first == 0 && bytes.last == info.size - 1) add_whole_checksums(call, info, response);
  if (call.request.method == "HEAD") co_return response;
  CO_TRY(auto reader, co_await service.store.open(call.ref, *range, call.deadline()));
  if (reader->info().version != info.version)
    co_return fail(Error{Code::unavailable, "The object is being replaced; try again."}.with_retry_after(1));
  response.stream = std::make_shared<ReaderBody>(std::move(reader));
  co_return response;
}

Answer delete_object(Service& service, Call const& call) {
  CO_TRY(auto conditions, read_delete_conditions(call));
  CO_CHECK(co_await remove_if(service, call, call.ref, std::move(conditions)));
  auto response = net::Response{};
  response.status = 204;
  co_return response;
}

Answer get_attributes(Service& service, Call const& call) {
  auto wanted = std::set<std::string, std::less<>>{};
  for (auto rest = call.header("x-amz-object-attributes"); !rest.empty();) {
    auto const item = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    constexpr auto known =
        std::to_array<std::string_view>({"ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"});
    if (std::ranges::find(known, trim(item)) == known.end())
      co_return invalid_argument("Invalid attribute name specified.");
    wanted.emplace(trim(item));
  }
  if (wanted.empty()) co_return invalid_argument("x-amz-object-attributes must name attributes.");
  CO_TRY(auto const info, co_await service.store.head(call.ref, call.deadline()));
  auto xml = XmlWriter{"GetObjectAttributesResponse"};
  if (wanted.contains("ETag")) xml.text("ETag", info.etag);
  if (wanted.contains("Checksum") && !info.checksums.empty()) {
    auto const& [name, value] = *info.checksums.begin();
    xml.open("Checksum").text(checksum_element(name), value).text("ChecksumType", checksum_type(value));
    xml.close("Checksum");
  }
  if (wanted.contains("ObjectParts") && !info.part_sizes.empty())
    xml.open("ObjectParts").number("PartsCount", std::ssize(info.part_sizes)).close("ObjectParts");
  if (wanted.contains("StorageClass")) xml.text("StorageClass", "STANDARD");
  if (wanted.contains("ObjectSize")) xml.number("ObjectSize", info.size);
  auto response = xml_response(200, std::move(xml).finish());
  response.headers.add("Last-Modified", to_http_date(info.modified_at));
  co_return response;
}

}  // namespace hoist::s3api
