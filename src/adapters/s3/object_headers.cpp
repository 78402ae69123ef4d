#include "adapters/s3/object_headers.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encode.hpp"

namespace hoist::s3 {
namespace {

constexpr auto described_by = std::to_array<std::string_view>(
    {"cache-control", "content-disposition", "content-encoding", "content-language", "expires"});
constexpr auto metadata_prefix = std::string_view{"x-amz-meta-"};
constexpr auto checksum_prefix = std::string_view{"x-amz-checksum-"};

std::int64_t number_of(std::string_view text) {
  auto number = std::int64_t{0};
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// S3 takes few characters in tags, and names of viruses have all kinds.
std::string tag_of(std::string_view text) {
  constexpr std::size_t tag_bytes_max = 256;
  auto tag = std::string{text.substr(0, tag_bytes_max)};
  std::ranges::replace_if(
      tag,
      [](char c) {
        auto const is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return !is_letter && std::string_view{" +-=._:/@"}.find(c) == std::string_view::npos;
      },
      '_');
  return tag;
}

// Of the whole object; that of one made of parts ends in their number.
std::string whole_sha256(StringMap const& checksums) {
  auto const found = checksums.find("sha256");
  if (found == checksums.end()) return {};
  return unbase64(found->second).value_or("");
}

}  // namespace

aws::Pairs headers_of(PutOptions const& options) {
  auto headers = aws::Pairs{{"content-type", options.content_type}};
  for (auto const& [name, value] : options.headers) headers.emplace_back(name, value);
  for (auto const& [name, value] : options.metadata)
    headers.emplace_back(std::string{metadata_prefix} + name, value);
  if (options.tags.empty()) return headers;
  auto tags = aws::Pairs{};
  for (auto const& [name, value] : options.tags) tags.emplace_back(tag_of(name), tag_of(value));
  headers.emplace_back("x-amz-tagging", aws::canonical_query(tags));
  return headers;
}

aws::Pairs headers_of(WriteConditions const& conditions) {
  auto const quoted = [](std::string const& etag) { return etag == "*" ? etag : '"' + etag + '"'; };
  auto headers = aws::Pairs{};
  if (conditions.if_match) headers.emplace_back("if-match", quoted(*conditions.if_match));
  if (conditions.if_none_match) headers.emplace_back("if-none-match", quoted(*conditions.if_none_match));
  return headers;
}

ObjectInfo read_headers(ObjectRef ref, net::Headers const& headers) {
  auto info = ObjectInfo{};
  info.ref = std::move(ref);
  info.size = number_of(headers.get("Content-Length"));
  info.etag = unquoted(headers.get("ETag"));
  info.version = info.etag;
  info.content_type = headers.get("Content-Type");
  if (auto const time = parse_http_date(headers.get("Last-Modified"))) info.modified_at = *time;
  for (auto const& name : described_by)
    if (headers.has(name)) info.headers.emplace(name, headers.get(name));
  for (auto const& [field, value] : headers.all()) {
    auto const name = to_lower(field);
    if (name.starts_with(metadata_prefix)) info.metadata.emplace(name.substr(metadata_prefix.size()), value);
    if (name.starts_with(checksum_prefix) && name != "x-amz-checksum-type")
      info.checksums.emplace(name.substr(checksum_prefix.size()), value);
  }
  info.sha256 = whole_sha256(info.checksums);
  return info;
}

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
    etag = etag.substr(1, etag.size() - 2);
  return std::string{etag};
}

}  // namespace hoist::s3
