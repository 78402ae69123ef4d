// What headers say about an object.
#include <algorithm>
#include <array>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/operations.hpp"

namespace hoist::s3api {
namespace {

constexpr std::size_t metadata_bytes_max = 2048;
constexpr std::size_t tags_max = 10;
constexpr std::ptrdiff_t tag_name_characters_max = 128;
constexpr std::ptrdiff_t tag_value_characters_max = 256;
constexpr std::string_view meta_prefix = "x-amz-meta-";
constexpr std::string_view default_type = "application/octet-stream";

constexpr auto kept_headers =
    std::to_array<std::string_view>({"cache-control", "content-disposition", "content-language", "expires"});

// Headers that would change what is stored in a way we do not offer: refused, not ignored.
constexpr auto refused_headers = std::to_array<std::string_view>(
    {"x-amz-server-side-encryption", "x-amz-object-lock-", "x-amz-grant-", "x-amz-website-redirect-location",
     "x-amz-write-offset-bytes", "x-amz-copy-source-server-side-encryption"});

std::ptrdiff_t characters(std::string_view text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// What the holder of a presigned URL sends beyond what was signed is his own wish: it must not be
// stored, or a file scanned as it lies here would reach its reader decoded into another. Only the
// type is left to him where the signer fixed none, because senders add one by themselves.
bool is_signed(Call const& call, std::string_view name) {
  auto const& authorization = call.authorization;
  return authorization.form != aws::AuthForm::query || authorization.signs(name);
}
Result<void> check_signed(Call const& call, std::string_view name) {
  if (is_signed(call, name)) return {};
  return access_denied(
      "There were headers present in the request which were not signed: " + std::string{name} + ".");
}

// The stored encoding is that of the content; aws-chunked is only how it travelled.
std::string content_encoding(std::string_view value) {
  auto kept = std::string{};
  while (!value.empty()) {
    auto const token = trim(value.substr(0, value.find(',')));
    value.remove_prefix(
        std::min(value.size(), value.find(',') == value.npos ? value.size() : value.find(',') + 1));
    if (token.empty() || to_lower(token) == "aws-chunked") continue;
    if (!kept.empty()) kept += ",";
    kept += token;
  }
  return kept;
}

Result<void> check_class_and_acl(Call const& call) {
  auto const storage_class = call.header("x-amz-storage-class");
  if (!storage_class.empty() && storage_class != "STANDARD")
    return fail(
        Error{Code::invalid, "The only storage class here is STANDARD."}.with_slug("InvalidStorageClass"));
  auto const acl = call.header("x-amz-acl");
  if (!acl.empty() && acl != "private" && acl != "bucket-owner-full-control")
    return fail(
        Error{Code::invalid, "The bucket does not allow ACLs."}.with_slug("AccessControlListNotSupported"));
  return {};
}

}  // namespace

Result<PutOptions> read_put_options(Call const& call) {
  auto options = PutOptions{};
  auto metadata_bytes = std::size_t{0};
  auto types = 0;
  for (auto const& [name, value] : call.request.headers.all()) {
    auto const lower = to_lower(name);
    for (auto const refused : refused_headers)
      if (lower.starts_with(refused))
        return not_implemented("The header " + lower + " is not supported here.");
    if (lower == "x-amz-copy-source" && call.request.method != "PUT")
      return not_implemented("Only a PUT copies; x-amz-copy-source means nothing here.");
    if (lower == "content-type") ++types;
    // Browsers add it by themselves to a request with a condition, so it is left out instead of refused.
    if (lower == "cache-control" && !is_signed(call, lower)) continue;
    auto const kept = std::ranges::find(kept_headers, lower) != kept_headers.end();
    if (kept || lower == "content-encoding") CHECK(check_signed(call, lower));
    if (kept) options.headers.insert_or_assign(lower, value);
    if (!lower.starts_with(meta_prefix)) continue;
    metadata_bytes += lower.size() - meta_prefix.size() + value.size();
    auto& stored = options.metadata[lower.substr(meta_prefix.size())];
    stored += stored.empty() ? value : "," + value;
  }
  if (types > 1) return invalid_request("Content-Type must be given once.");
  if (metadata_bytes > metadata_bytes_max)
    return fail(
        Error{Code::invalid, "Your metadata headers exceed the maximum allowed metadata size."}.with_slug(
            "MetadataTooLarge"));
  auto const encoding = content_encoding(call.header("content-encoding"));
  if (!encoding.empty()) options.headers.emplace("content-encoding", encoding);
  auto const type = call.header("content-type");
  options.content_type = type.empty() ? default_type : type;
  CHECK(check_class_and_acl(call));
  TRY(options.tags, parse_tag_query(call.header("x-amz-tagging")));
  return options;
}

Result<StringMap> parse_tag_query(std::string_view text) {
  auto tags = StringMap{};
  auto const decode = [](std::string_view piece) {
    auto spaced = std::string{piece};
    std::ranges::replace(spaced, '+', ' ');
    return percent_decode(spaced);
  };
  while (!text.empty()) {
    auto const piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    auto const equals = piece.find('=');
    auto const name = decode(piece.substr(0, equals));
    auto const value = decode(equals == piece.npos ? std::string_view{} : piece.substr(equals + 1));
    if (!name || !value || !tags.emplace(*name, *value).second)
      return invalid_argument(
          "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query "
          "parameters without tag name duplicates.");
  }
  CHECK(check_tags(tags));
  return tags;
}

Result<void> check_tags(StringMap const& tags) {
  auto const refuse = [](std::string detail) {
    return fail(Error{Code::invalid, std::move(detail)}.with_slug("InvalidTag"));
  };
  if (tags.size() > tags_max) return refuse("Object tags cannot be greater than 10");
  for (auto const& [name, value] : tags)
    if (name.empty() || !is_utf8(name) || !is_utf8(value) || characters(name) > tag_name_characters_max ||
        characters(value) > tag_value_characters_max)
      return refuse("A tag's key has 1 to 128 characters and its value up to 256, in UTF-8.");
  return {};
}

XmlWriter& write_owner(XmlWriter& xml, std::string_view element, Call const& call) {
  return xml.open(element).text("ID", call.key->id).close(element);
}

Result<StringMap> parse_tagging(std::string_view xml) {
  TRY(auto const document, parse_xml(xml, "Tagging"));
  auto tags = StringMap{};
  for (auto const tag : document->document_element().child("TagSet").children("Tag"))
    if (!tags.emplace(tag.child_value("Key"), tag.child_value("Value")).second)
      return fail(
          Error{Code::invalid, "Cannot provide multiple Tags with the same key"}.with_slug("InvalidTag"));
  CHECK(check_tags(tags));
  return tags;
}

std::string location_of(Service const& service, net::Request const& request, ObjectRef const& ref) {
  return service.options.scheme + "://" + std::string{request.headers.get("host")} + "/" + ref.bucket + "/" +
         percent_encode(ref.key, true);
}

std::string_view checksum_type(std::string_view value) {
  return value.contains('-') ? "COMPOSITE" : "FULL_OBJECT";
}

std::string checksum_element(std::string_view algorithm) {
  return "Checksum" + to_upper(algorithm);
}

void add_checksums(net::Response& response, StringMap const& checksums) {
  if (checksums.empty()) return;
  auto const& [name, value] = *checksums.begin();
  response.headers.add("x-amz-checksum-" + name, value);
  response.headers.add("x-amz-checksum-type", std::string{checksum_type(value)});
}

}  // namespace hoist::s3api
