#include "uploads/grants.hpp"

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/json.hpp"

namespace hoist::uploads {
namespace {

std::string checksum_base64(Checksum const& checksum) {
  auto const bytes = unhex(checksum.hex);
  HOIST_ASSERT(bytes);
  return base64(*bytes);
}

// A list that uploads have written themselves; empty: none.
json::array list_of(std::string const& text) {
  if (text.empty()) return {};
  auto const list = parse_json(text);
  HOIST_ASSERT(list && list->is_array());
  return list->get_array();
}

ObjectRef object_of(json::object const& entry) {
  auto const text = [&](char const* name) { return std::string{entry.at(name).as_string().c_str()}; };
  return {text("bucket"), text("key")};
}

}  // namespace

std::vector<Picture> pictures_of(Upload const& upload) {
  auto pictures = std::vector<Picture>{};
  for (auto const& entry : list_of(upload.thumbnails)) {
    auto const& object = entry.as_object();
    auto const number = [&](char const* name) { return static_cast<int>(object.at(name).as_int64()); };
    pictures.push_back({number("size"), number("width"), number("height"), object_of(object)});
  }
  return pictures;
}

std::vector<ObjectRef> leftovers_of(Upload const& upload) {
  auto objects = std::vector<ObjectRef>{};
  for (auto const& entry : list_of(upload.leftovers)) objects.push_back(object_of(entry.as_object()));
  return objects;
}

Transfer Grants::put(Upload const& upload, Time now) const {
  auto request = PresignRequest{};
  request.method = "PUT";
  request.ref = {options_.bucket, key_of(upload)};
  request.lifetime = options_.url_lifetime;
  request.headers = {{"content-type", upload.content_type},
                     {"content-length", std::to_string(upload.size)},
                     {"if-none-match", "*"}};
  if (upload.checksum)
    request.headers.emplace("x-amz-checksum-" + upload.checksum->algorithm,
                            checksum_base64(*upload.checksum));
  auto signed_url = presigner_.presign(request, now);
  auto transfer = Transfer{};
  transfer.url = std::move(signed_url.url);
  transfer.headers = std::move(signed_url.headers);
  transfer.expires_at = signed_url.expires_at;
  return transfer;
}

Transfer Grants::parts(Upload const& upload, std::vector<int> const& numbers, Time now) const {
  auto transfer = Transfer{};
  transfer.multipart = true;
  transfer.part_size = upload.part_size;
  transfer.part_count = upload.part_count();
  transfer.expires_at = now + options_.url_lifetime;
  auto request = PresignRequest{};
  request.method = "PUT";
  request.ref = {options_.bucket, key_of(upload)};
  request.lifetime = options_.url_lifetime;
  for (auto const number : numbers) {
    HOIST_ASSERT(!upload.multipart_id.empty());
    auto const size = upload.size_of_part(number);
    request.headers = {{"content-length", std::to_string(size)}};
    request.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.multipart_id}};
    transfer.parts.push_back({number, size, presigner_.presign(request, now).url});
  }
  return transfer;
}

std::string Grants::download(Upload const& upload, Time now) const {
  auto request = PresignRequest{};
  request.method = "GET";
  request.ref = {options_.bucket, key_of(upload)};
  request.lifetime = options_.url_lifetime;
  // Every header by which a store describes an object is ours, whatever is stored beside it.
  request.query = {{"response-cache-control", "private, no-store"},
                   {"response-content-disposition", content_disposition(upload.filename)},
                   {"response-content-encoding", "identity"},
                   {"response-content-type", upload.content_type}};
  return presigner_.presign(request, now).url;
}

std::string Grants::picture(Picture const& picture, Time now) const {
  auto request = PresignRequest{};
  request.method = "GET";
  request.ref = picture.object;
  request.lifetime = options_.url_lifetime;
  return presigner_.presign(request, now).url;
}

std::string content_disposition(std::string_view filename) {
  auto ascii = std::string{};
  for (auto const c : filename) {
    auto const byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0) == 0x80) continue;  // the first byte of the character stands for it
    ascii += byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '%' ? '_' : c;
  }
  return "attachment; filename=\"" + ascii + "\"; filename*=UTF-8''" + percent_encode(filename);
}

}  // namespace hoist::uploads
