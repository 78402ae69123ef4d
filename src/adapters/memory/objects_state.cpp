#include "adapters/memory/objects_state.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"
#include "ports/etag.hpp"

namespace hoist::memory {

std::unexpected<Error> no_such_upload() {
  return fail(Error{Code::not_found, "The multipart upload does not exist."}.with_slug("NoSuchUpload"));
}

Result<void> Objects::State::enter() {
  if (planned_times == 0) return {};
  --planned_times;
  return fail(planned, "A planned failure.");
}

Result<void> Objects::State::enter(std::string const& bucket) {
  CHECK(enter());
  if (is_configured(bucket) || made.contains(bucket)) return {};
  return no_such_bucket();
}

bool Objects::State::is_configured(std::string const& bucket) const {
  return std::ranges::find(buckets, bucket) != buckets.end();
}

Result<bool> Objects::State::create_bucket(std::string const& name) {
  if (is_configured(name) || made.contains(name)) return false;
  if (made.size() == buckets_max) return too_many_buckets();
  return made.emplace(name, clock.now()).second;
}

Result<void> Objects::State::remove_bucket(std::string const& name) {
  if (is_configured(name)) return bucket_configured();
  if (!made.contains(name)) return no_such_bucket();
  auto const is_in = [&](auto const& object) { return object.first.bucket == name; };
  auto const is_open = [&](auto const& item) {
    return item.second.phase == Phase::open && item.second.info.ref.bucket == name;
  };
  if (std::ranges::any_of(objects, is_in) || std::ranges::any_of(multiparts, is_open))
    return bucket_not_empty();
  made.erase(name);
  return {};
}

Result<ObjectInfo> Objects::State::put(ObjectInfo info, Bytes bytes, WriteConditions const& conditions) {
  auto const found = objects.find(info.ref);
  auto etag = std::optional<std::string_view>{};
  if (found != objects.end()) etag = found->second.info.etag;
  CHECK(conditions.check(etag));
  info.size = static_cast<std::int64_t>(bytes->size());
  info.modified_at = clock.now();
  info.version = new_uuid7(info.modified_at);
  auto digest = sha256(*bytes);
  auto ref = info.ref;
  objects.insert_or_assign(std::move(ref), Object{info, std::move(bytes), std::move(digest)});
  return info;
}

Objects::State::Multipart* Objects::State::find_open(ObjectRef const& ref, std::string const& upload_id) {
  auto const found = multiparts.find(upload_id);
  auto const open =
      found != multiparts.end() && found->second.info.ref == ref && found->second.phase == Phase::open;
  return open ? &found->second : nullptr;
}

Result<ObjectInfo> Objects::State::complete(ObjectRef const& ref, std::string const& upload_id,
                                            std::vector<PartInfo> const& parts,
                                            CompleteOptions const& options) {
  if (parts.empty())
    return fail(Error{Code::invalid, "The completion names no parts."}.with_slug("MalformedXML"));
  auto etags = std::vector<std::string>{};
  for (auto const& part : parts) {
    if (&part != &parts.front() && part.number <= (&part - 1)->number)
      return fail(
          Error{Code::invalid, "The parts must be in ascending order."}.with_slug("InvalidPartOrder"));
    etags.push_back(std::to_string(part.number) + ":" + part.etag);
  }
  auto const found = multiparts.find(upload_id);
  if (found == multiparts.end() || found->second.info.ref != ref) return no_such_upload();
  auto& multipart = found->second;
  if (multipart.phase == Phase::completed && multipart.completed_etags == etags) return multipart.result;
  if (multipart.phase != Phase::open) return no_such_upload();

  auto bytes = std::string{};
  auto info = ObjectInfo{};
  for (auto const& part : parts) {
    auto const stored = multipart.parts.find(part.number);
    if (stored == multipart.parts.end() || stored->second.info.etag != part.etag)
      return fail(Error{Code::invalid, "A part is missing or another."}.with_slug("InvalidPart"));
    auto const size_min = options.parts_of_any_size ? 0 : part_bytes_min;
    if (&part != &parts.back() && stored->second.info.size < size_min)
      return fail(Error{Code::invalid, "A part is too small."}.with_slug("EntityTooSmall"));
    bytes += *stored->second.bytes;
    info.part_sizes.push_back(stored->second.info.size);
  }
  info.ref = ref;
  info.etag = etag_of_parts(parts);
  info.content_type = multipart.info.options.content_type;
  info.metadata = multipart.info.options.metadata;
  info.headers = multipart.info.options.headers;
  info.tags = multipart.info.options.tags;
  info.checksums = options.checksums;
  TRY(multipart.result,
      put(std::move(info), std::make_shared<std::string const>(std::move(bytes)), options.conditions));
  multipart.phase = Phase::completed;
  multipart.completed_etags = std::move(etags);
  multipart.parts.clear();
  return multipart.result;
}

ObjectPage Objects::State::list(ListRequest const& request) const {
  auto page = ObjectPage{};
  auto last = std::string{};
  if (request.limit <= 0) return page;
  for (auto const& [ref, object] : objects) {
    auto const& key = ref.key;
    if (ref.bucket != request.bucket || key <= request.after || !key.starts_with(request.prefix)) continue;
    auto const cut =
        request.delimiter.empty() ? key.npos : key.find(request.delimiter, request.prefix.size());
    auto const common = cut == key.npos ? std::string{} : key.substr(0, cut + request.delimiter.size());
    auto const given = common == request.after || (!page.prefixes.empty() && page.prefixes.back() == common);
    if (!common.empty() && given) continue;
    if (page.objects.size() + page.prefixes.size() >= static_cast<std::size_t>(request.limit)) {
      page.next_after = last;
      return page;
    }
    if (common.empty()) {
      page.objects.push_back(object.info);
      last = key;
    } else {
      page.prefixes.push_back(common);
      last = common;
    }
  }
  return page;
}

}  // namespace hoist::memory
