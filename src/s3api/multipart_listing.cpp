// The list of open multipart uploads, by pages and rolled up like that of objects.
#include <algorithm>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "s3api/operations.hpp"
#include "s3api/xml.hpp"

namespace hoist::s3api {
namespace {

constexpr int listed_max = 1000;

struct Page {
  std::vector<MultipartInfo> uploads;
  std::vector<std::string> prefixes;
  bool more = false;
  std::string last_key;     // where the next page goes on
  std::string last_upload;  // empty after a common prefix
};

// The common prefix that `key` is rolled up into; empty for none.
std::string common_prefix(std::string const& key, std::string const& prefix, std::string const& delimiter) {
  auto const cut = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
  return cut == key.npos ? std::string{} : key.substr(0, cut + delimiter.size());
}

Async<Page> collect(Service& service, Call const& call, MultipartListRequest request, std::string delimiter,
                    int count) {
  auto page = Page{};
  auto given = request.after_key;  // the last common prefix that was listed, on this page or before
  while (true) {
    CO_TRY(auto const found, co_await service.store.list_multiparts(request, call.deadline()));
    for (auto const& upload : found) {
      request.after_key = upload.ref.key;
      request.after_upload = upload.upload_id;
      auto const common = common_prefix(upload.ref.key, request.prefix, delimiter);
      if (!common.empty() && common == given) continue;
      page.more = std::ssize(page.uploads) + std::ssize(page.prefixes) == count;
      if (page.more) co_return page;
      if (common.empty()) {
        page.uploads.push_back(upload);
      } else {
        page.prefixes.push_back(common);
        given = common;
      }
      page.last_key = common.empty() ? upload.ref.key : common;
      page.last_upload = common.empty() ? upload.upload_id : std::string{};
    }
    if (std::ssize(found) < request.limit) co_return page;
  }
}

}  // namespace

Answer list_multiparts(Service& service, Call const& call) {
  auto request = MultipartListRequest{.bucket = call.ref.bucket, .prefix = call.query("prefix")};
  request.after_key = call.query("key-marker");
  if (!request.after_key.empty()) request.after_upload = call.query("upload-id-marker");
  auto const delimiter = call.query("delimiter");
  for (auto const& text : {request.prefix, request.after_key, request.after_upload, delimiter})
    if (!is_utf8(text)) co_return invalid_argument("prefix, delimiter and markers must be UTF-8.");
  CO_CHECK(check_prefix(*call.key, request.prefix));
  CO_TRY(auto const limit, number_query(call, "max-uploads", 1, INT32_MAX, listed_max));
  auto const count = static_cast<int>(std::min<std::int64_t>(limit, listed_max));
  CO_TRY(auto const page, co_await collect(service, call, request, delimiter, count));

  auto const encoded = call.query("encoding-type") == "url";
  auto const name = [&](std::string const& key) { return encoded ? percent_encode(key, true) : key; };
  auto xml = XmlWriter{"ListMultipartUploadsResult"};
  xml.text("Bucket", call.ref.bucket).text("KeyMarker", name(request.after_key));
  xml.text("UploadIdMarker", request.after_upload).text("Prefix", name(request.prefix));
  if (!delimiter.empty()) xml.text("Delimiter", name(delimiter));
  if (encoded) xml.text("EncodingType", "url");
  xml.number("MaxUploads", count).boolean("IsTruncated", page.more);
  if (page.more) xml.text("NextKeyMarker", name(page.last_key)).text("NextUploadIdMarker", page.last_upload);
  for (auto const& upload : page.uploads) {
    xml.open("Upload").text("Key", name(upload.ref.key)).text("UploadId", upload.upload_id);
    write_owner(xml, "Initiator", call).text("StorageClass", "STANDARD");
    write_owner(xml, "Owner", call).text("Initiated", xml_time(upload.created_at)).close("Upload");
  }
  for (auto const& prefix : page.prefixes)
    xml.open("CommonPrefixes").text("Prefix", name(prefix)).close("CommonPrefixes");
  co_return xml_response(200, std::move(xml).finish());
}

}  // namespace hoist::s3api
