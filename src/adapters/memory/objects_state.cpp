#include <algorithm>

#include "adapters/memory/objects_change.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"
#include "ports/etag.hpp"

namespace hoist::memory {

std::unexpected<Error> another_by_now() {
  return fail(Error{Code::conflict, "The object is another by now."}.with_slug("ConditionalRequestConflict"));
}
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
  return std::ranges::find(options.buckets, bucket) != options.buckets.end();
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
  auto const arrives = [&](ObjectRef const& ref) { return ref.bucket == name; };
  if (std::ranges::any_of(objects, is_in) || std::ranges::any_of(multiparts, is_open) ||
      std::ranges::any_of(changing, arrives))
    return bucket_not_empty();
  made.erase(name);
  return {};
}

Objects::State::Bytes Objects::State::keep(std::string bytes) const {
  auto const size = std::ssize(bytes);
  *held += size;
  return {new std::string{std::move(bytes)}, [held = held, size](std::string const* kept) {
            *held -= size;
            delete kept;
          }};
}

Result<void> Objects::State::take_room(std::int64_t bytes) const {
  if (*held + bytes > options.bytes_max) return fail(Code::storage_full, "The storage is full.");
  *held += bytes;
  return {};
}

Result<Change> Objects::State::plan_put(ObjectInfo info, Bytes bytes, WriteConditions const& conditions) {
  if (!is_configured(info.ref.bucket) && !made.contains(info.ref.bucket)) return no_such_bucket();
  auto const found = objects.find(info.ref);
  auto etag = std::optional<std::string_view>{};
  if (found != objects.end()) etag = found->second.info.etag;
  CHECK(conditions.check(etag));
  info.size = static_cast<std::int64_t>(bytes->size());
  info.modified_at = clock.now();
  info.version = new_uuid7(info.modified_at);
  auto digest = sha256(*bytes);
  auto tell = [info](Arrivals& arrivals, sql::Transaction& tx) { return arrivals.on_created(tx, info); };
  auto apply = [object = Object{info, std::move(bytes), std::move(digest)}](State& state)
                   HOIST_REQUIRES(state.mutex) { state.objects.insert_or_assign(object.info.ref, object); };
  return Change{std::move(info), std::move(tell), std::move(apply)};
}

Result<Change> Objects::State::plan_part(ObjectRef const& ref, std::string const& upload_id, PartInfo part,
                                         Bytes bytes) {
  if (find_open(ref, upload_id) == nullptr) return no_such_upload();
  part.modified_at = clock.now();
  auto answer = ObjectInfo{};
  answer.ref = ref;
  answer.size = part.size;
  answer.etag = part.etag;
  answer.checksums = part.checksums;
  answer.modified_at = part.modified_at;
  auto tell = [ref, upload_id, part](Arrivals& arrivals, sql::Transaction& tx) {
    return arrivals.on_part(tx, ref, upload_id, part);
  };
  auto apply = [ref, upload_id, part, bytes = std::move(bytes)](State& state) HOIST_REQUIRES(state.mutex) {
    if (auto* const open = state.find_open(ref, upload_id))
      open->parts.insert_or_assign(part.number, Part{part, bytes});
  };
  return Change{std::move(answer), std::move(tell), std::move(apply)};
}

Result<Change> Objects::State::plan_remove(ObjectRef const& ref, std::string const& version) {
  auto const found = objects.find(ref);
  if (found == objects.end()) return Change{};
  if (!version.empty() && version != found->second.info.version) return another_by_now();
  auto tell = [ref](Arrivals& arrivals, sql::Transaction& tx) { return arrivals.on_removed(tx, ref); };
  auto apply = [ref](State& state) HOIST_REQUIRES(state.mutex) { state.objects.erase(ref); };
  return Change{{}, std::move(tell), std::move(apply)};
}

void Objects::State::end_change(ObjectRef const& ref, std::string const& completes) {
  changing.erase(changing.find(ref));
  completing.erase(completes);
}

Objects::State::Multipart* Objects::State::find_open(ObjectRef const& ref, std::string const& upload_id) {
  auto const found = multiparts.find(upload_id);
  auto const open =
      found != multiparts.end() && found->second.info.ref == ref && found->second.phase == Phase::open;
  return open ? &found->second : nullptr;
}

Result<Change> Objects::State::plan_complete(ObjectRef const& ref, std::string const& upload_id,
                                             std::vector<PartInfo> const& parts,
                                             CompleteOptions const& conditions) {
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
  auto const& multipart = found->second;
  if (multipart.phase == Phase::completed && multipart.completed_etags == etags)
    return Change{.answer = multipart.result};
  if (multipart.phase != Phase::open) return no_such_upload();

  auto bytes = std::string{};
  auto info = ObjectInfo{};
  for (auto const& part : parts) {
    auto const stored = multipart.parts.find(part.number);
    if (stored == multipart.parts.end() || stored->second.info.etag != part.etag)
      return fail(Error{Code::invalid, "A part is missing or another."}.with_slug("InvalidPart"));
    auto const size_min = conditions.parts_of_any_size ? 0 : options.part_bytes_min;
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
  info.checksums = conditions.checksums;
  TRY(auto change, plan_put(std::move(info), keep(std::move(bytes)), conditions.conditions));
  change.completes = upload_id;
  change.apply = [upload_id, etags = std::move(etags), result = change.answer,
                  put = std::move(change.apply)](State& state) HOIST_REQUIRES(state.mutex) {
    put(state);
    auto& multipart = state.multiparts.at(upload_id);
    multipart.phase = Phase::completed;
    multipart.completed_etags = etags;
    multipart.result = result;
    multipart.parts.clear();
  };
  return change;
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
