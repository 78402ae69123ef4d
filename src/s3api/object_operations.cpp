#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
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

// RFC 9110 section 13.2.2: the order in which conditions are weighed.
Result<bool> is_unmodified(Call const& call, ObjectInfo const& info) {
  auto const lists = [&](std::string_view header) {
    auto rest = header;
    while (!rest.empty()) {
      auto const item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
      auto text = trim(item);
      if (text.starts_with("W/")) text.remove_prefix(2);
      if (text == "*" || unquoted(text) == info.etag) return true;
    }
    return false;
  };
  auto const modified = std::chrono::floor<std::chrono::seconds>(info.modified_at);
  auto const failed = [] {
    return fail(Code::precondition, "At least one of the preconditions you specified did not hold.");
  };
  if (auto const match = call.header("if-match"); !match.empty()) {
    if (!lists(match)) return failed();
  } else if (auto const since = parse_http_date(call.header("if-unmodified-since"));
             since && modified > *since) {
    return failed();
  }
  if (auto const none = call.header("if-none-match"); !none.empty()) return lists(none);
  auto const since = parse_http_date(call.header("if-modified-since"));
  return since && modified <= *since;
}

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
  auto const composite = info.checksums.begin()->second.find('-') != std::string::npos;
  response.headers.add("x-amz-checksum-type", composite ? "COMPOSITE" : "FULL_OBJECT");
}

struct CopySource {
  ObjectRef ref;
};

Result<CopySource> parse_copy_source(Call const& call) {
  auto text = call.header("x-amz-copy-source");
  if (text.find('?') != text.npos) return not_implemented("Object versions are not supported.");
  auto const path = percent_decode(text);
  if (!path) return invalid_argument("x-amz-copy-source is not well encoded.");
  TRY(auto ref, parse_path(path->starts_with('/') ? *path : "/" + *path));
  if (ref.key.empty()) return invalid_argument("x-amz-copy-source must name a bucket and a key.");
  CHECK(check_prefix(*call.key, ref.key));
  return CopySource{std::move(ref)};
}

Answer copy_object(Service& service, Call const& call) {
  if (call.authorization.form != aws::AuthForm::header)
    co_return access_denied("A presigned URL cannot copy.");
  if (to_lower(call.header("x-amz-metadata-directive")) == "replace")
    co_return not_implemented("Copies keep their metadata; x-amz-metadata-directive must be COPY.");
  CO_TRY(auto const source, parse_copy_source(call));
  auto tags = std::optional<StringMap>{};
  if (to_lower(call.header("x-amz-tagging-directive")) == "replace") {
    CO_TRY(tags, parse_tag_query(call.header("x-amz-tagging")));
  }
  CO_TRY(auto const info, co_await service.store.copy(source.ref, call.ref, tags, call.deadline()));
  auto xml = XmlWriter{"CopyObjectResult"};
  xml.text("LastModified", to_rfc3339(info.modified_at)).text("ETag", quoted(info.etag));
  co_return xml_response(200, std::move(xml).finish());
}

}  // namespace

Answer put_object(Service& service, Call const& call) {
  if (call.request.headers.has("x-amz-copy-source")) co_return co_await copy_object(service, call);
  CO_TRY(auto options, read_put_options(call));
  CO_CHECK(read_conditions(call, options.if_absent, options.if_match));
  CO_TRY(auto const payload, plan_payload(call, service.options.object_bytes_max));
  CO_TRY(auto writer, co_await service.store.create(call.ref, payload.bytes, call.request.deadline));
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
  CO_TRY(auto const unmodified, is_unmodified(call, info));
  CO_TRY(auto response, describe(call, info));
  if (unmodified) {
    response.status = 304;
    co_return response;
  }
  auto range = wanted_range(call, info);
  if (!range) {
    auto refusal = error_response(range.error(), call.request);
    refusal.headers.add("Content-Range", "bytes */" + std::to_string(info.size));
    co_return refusal;
  }
  auto const bytes = range->value_or(ByteRange{0, info.size - 1});
  response.stream_length = bytes.last - bytes.first + 1;
  if (*range) {
    response.status = 206;
    response.headers.add("Content-Range", "bytes " + std::to_string(bytes.first) + "-" +
                                              std::to_string(bytes.last) + "/" + std::to_string(info.size));
  } else {
    add_whole_checksums(call, info, response);
  }
  if (call.request.method == "HEAD") co_return response;
  CO_TRY(auto reader, co_await service.store.open(call.ref, *range, call.deadline()));
  if (reader->info().version != info.version)
    co_return fail(Error{Code::unavailable, "The object is being replaced; try again."}.with_retry_after(1));
  response.stream = std::make_shared<ReaderBody>(std::move(reader));
  co_return response;
}

Answer delete_object(Service& service, Call const& call) {
  CO_CHECK(co_await service.store.remove(call.ref, call.deadline()));
  auto response = net::Response{};
  response.status = 204;
  co_return response;
}

}  // namespace hoist::s3api
