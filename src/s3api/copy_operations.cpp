// Copies of objects, and parts made of them.
#include <algorithm>
#include <array>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/checksum.hpp"
#include "s3api/conditions.hpp"
#include "s3api/operations.hpp"
#include "s3api/payload.hpp"
#include "s3api/range.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

constexpr std::string_view source_prefix = "x-amz-copy-source-";

// The source and its version, which is the one that will be copied: what its conditions were weighed
// against.
Async<ObjectInfo> find_source(Service& service, Call const& call) {
  if (call.authorization.form != aws::AuthForm::header)
    co_return access_denied("A presigned URL cannot copy.");
  auto text = call.header("x-amz-copy-source");
  constexpr std::string_view unversioned = "?versionId=null";
  if (text.ends_with(unversioned)) text.remove_suffix(unversioned.size());
  if (text.contains('?')) co_return not_implemented("Object versions are not supported.");
  auto const path = percent_decode(text);
  if (!path) co_return invalid_argument("x-amz-copy-source is not well encoded.");
  CO_TRY(auto const ref, parse_path(path->starts_with('/') ? *path : "/" + *path));
  if (ref.key.empty()) co_return invalid_argument("x-amz-copy-source must name a bucket and a key.");
  CO_CHECK(check_prefix(*call.key, ref.key));
  CO_TRY(auto info, co_await service.store.head(ref, call.deadline()));
  CO_TRY(auto const unmodified, weigh_conditions(call, source_prefix, info));
  if (unmodified) co_return precondition_failed();
  co_return info;
}

Result<bool> is_replaced(Call const& call, char const* directive) {
  auto const word = call.header(directive);
  if (word == "REPLACE") return true;
  if (word.empty() || word == "COPY") return false;
  return invalid_argument(std::string{directive} + " must be COPY or REPLACE.");
}

Result<PutOptions> describe_copy(Call const& call, ObjectInfo const& source) {
  TRY(auto const new_metadata, is_replaced(call, "x-amz-metadata-directive"));
  TRY(auto const new_tags, is_replaced(call, "x-amz-tagging-directive"));
  TRY(auto options, read_put_options(call));
  auto const inherited = described_as(source);
  if (!new_metadata) {
    options.content_type = inherited.content_type;
    options.metadata = inherited.metadata;
    options.headers = inherited.headers;
  }
  if (!new_tags) options.tags = inherited.tags;
  options.checksums = inherited.checksums;
  if (source.ref == call.ref && !new_metadata && !new_tags)
    return invalid_request("An object is copied onto itself only to give it other metadata or tags.");
  TRY(options.conditions, read_conditions(call));
  return options;
}

// Hands the bytes of the source to `sink`.
Async<> read_source(Service& service, Call const& call, ObjectInfo const& source,
                    std::optional<ByteRange> range, Sink& sink) {
  CO_TRY(auto reader, co_await service.store.open(source.ref, range, call.request.deadline));
  if (reader->info().version != source.version)
    co_return fail(Error{Code::unavailable, "The object is being replaced; try again."}.with_retry_after(1));
  CO_CHECK(call.memory->grow(transfer_buffer_bytes));
  auto buffer = std::vector<char>(transfer_buffer_bytes);
  while (true) {
    CO_TRY(auto const count, co_await reader->read(buffer));
    if (count == 0) co_return Result<void>{};
    CO_CHECK(co_await sink(std::string_view{buffer.data(), count}));
  }
}

// The checksums of the copy: those of its source, or the one that is asked for, computed where the
// source has none of the kind.
Async<StringMap> checksums_of_copy(Service& service, Call const& call, ObjectInfo const& source) {
  auto const wanted = call.header("x-amz-checksum-algorithm");
  if (wanted.empty()) co_return source.checksums;
  auto const kind = parse_checksum(wanted);
  if (!kind) co_return invalid_request("Checksum algorithm provided is unsupported.");
  auto const name = std::string{name_of(*kind)};
  auto const known = source.checksums.find(name);
  if (known != source.checksums.end() && !known->second.contains('-')) co_return StringMap{*known};
  auto checksum = Checksum{*kind};
  auto sink = Sink{[&checksum](std::string_view bytes) -> Async<> {
    checksum.update(bytes);
    co_return Result<void>{};
  }};
  CO_CHECK(co_await read_source(service, call, source, std::nullopt, sink));
  co_return StringMap{{name, base64(checksum.finish())}};
}

// "bytes=first-last", both within the source.
Result<std::optional<ByteRange>> source_range(Call const& call, std::int64_t size) {
  auto const text = call.header("x-amz-copy-source-range");
  if (text.empty()) return std::optional<ByteRange>{};
  auto const range = parse_range(text, size);
  auto const exact =
      range && *range &&
      text == "bytes=" + std::to_string((*range)->first) + "-" + std::to_string((*range)->last);
  if (exact) return *range;
  return invalid_argument("x-amz-copy-source-range must be bytes=FIRST-LAST within the source's " +
                          std::to_string(size) + " bytes.");
}

net::Response copied(std::string_view element, ObjectInfo const& info) {
  auto xml = XmlWriter{element};
  xml.text("LastModified", xml_time(info.modified_at)).text("ETag", quoted(info.etag));
  for (auto const& [name, value] : info.checksums)
    xml.text(checksum_element(name), value).text("ChecksumType", checksum_type(value));
  return xml_response(200, std::move(xml).finish());
}

}  // namespace

Answer copy_object(Service& service, Call const& call) {
  CO_TRY(auto const source, co_await find_source(service, call));
  CO_TRY(auto put, describe_copy(call, source));
  CO_TRY(put.checksums, co_await checksums_of_copy(service, call, source));
  auto options = CopyOptions{.version = source.version, .put = std::move(put)};
  CO_TRY(auto const info,
         co_await service.store.copy(source.ref, call.ref, std::move(options), call.deadline()));
  co_return copied("CopyObjectResult", info);
}

Answer copy_part(Service& service, Call const& call) {
  CO_TRY(auto const number, part_number(call));
  CO_TRY(auto const source, co_await find_source(service, call));
  CO_TRY(auto const range, source_range(call, source.size));
  auto const bytes = range ? range->last - range->first + 1 : source.size;
  if (bytes > service.options.object_bytes_max)
    co_return fail(Code::too_large, "Your proposed upload exceeds the maximum allowed object size.");
  auto const id = call.query("uploadId");
  CO_TRY(auto const upload, co_await service.store.head_multipart(call.ref, id, call.deadline()));
  auto checksum = std::optional<Checksum>{};
  if (!upload.options.checksums.empty())
    checksum.emplace(*parse_checksum(upload.options.checksums.begin()->first));
  CO_TRY(auto writer, co_await service.store.create_part(call.ref, id, number, call.request.deadline,
                                                         Service::etag_kind(call)));
  auto sink = Sink{[&](std::string_view piece) {
    if (checksum) checksum->update(piece);
    return writer->write(piece);
  }};
  CO_CHECK(co_await read_source(service, call, source, range, sink));
  auto options = PutOptions{};
  if (checksum) options.checksums.emplace(name_of(checksum->kind()), base64(checksum->finish()));
  CO_TRY(auto const info, co_await writer->commit(std::move(options)));
  co_return copied("CopyPartResult", info);
}

}  // namespace hoist::s3api
