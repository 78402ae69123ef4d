#include "adapters/disk/object_store.hpp"

#include <algorithm>

#include "adapters/disk/context.hpp"
#include "adapters/disk/reader.hpp"
#include "adapters/disk/writer.hpp"
#include "base/try.hpp"

namespace hoist::disk {

Result<void> Objects::Context::check_bucket(std::string const& bucket) const {
  if (std::ranges::find(options.buckets, bucket) != options.buckets.end()) return {};
  return fail(Error{Code::not_found, "The bucket does not exist."}.with_slug("NoSuchBucket"));
}

Result<std::unique_ptr<Objects>> Objects::open(Options options, Database& database, Pool& pool,
                                               Clock const& clock, Metrics& metrics) {
  TRY(auto shelf, Shelf::open(options.root, clock, pool));
  auto context = std::make_shared<Context>(std::move(options), database, pool, clock, metrics);
  context->shelf = std::move(shelf);
  return std::unique_ptr<Objects>{new Objects{std::move(context)}};
}

Objects::Objects(std::shared_ptr<Context> context) : context_{std::move(context)} {}
Objects::~Objects() {
  context_->closed = true;
}

void Objects::set_events(ObjectEvents& events) {
  context_->events = &events;
}

Async<std::unique_ptr<ObjectWriter>> Objects::create(ObjectRef ref, std::optional<std::int64_t> size,
                                                     Deadline deadline, EtagKind etag) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  auto const needed = size.value_or(0) + context_->options.free_bytes_min;
  if (context_->shelf->free_bytes() < needed) co_return fail(Code::storage_full, "The storage is full.");
  if (++context_->writers_open > context_->options.writers_max) {
    --context_->writers_open;
    co_return fail(Error{Code::unavailable, "Too many uploads at once."}.with_retry_after(1));
  }
  co_return std::make_unique<Writer>(context_, std::move(ref), std::nullopt, size, deadline, etag);
}

Async<std::unique_ptr<ObjectWriter>> Objects::create_part(ObjectRef ref, std::string upload_id, int number,
                                                          Deadline deadline, EtagKind etag) {
  if (number < 1 || number > 10'000)
    co_return fail(
        Error{Code::invalid, "The part number must be from 1 to 10,000."}.with_slug("InvalidArgument"));
  // Asked here so that bytes for nothing are not taken; the transaction of commit() decides.
  CO_CHECK(co_await head_multipart(ref, upload_id, deadline));
  auto writer = co_await create(ref, std::nullopt, deadline, etag);
  if (!writer) co_return writer;
  writer->reset();  // gives its place to the part's writer
  ++context_->writers_open;
  co_return std::make_unique<Writer>(context_, std::move(ref), PartTarget{std::move(upload_id), number},
                                     std::nullopt, deadline, etag);
}

Async<ObjectInfo> Objects::head(ObjectRef ref, Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.read(
      system_scope(),
      [&](sql::Transaction& tx) -> Result<ObjectInfo> {
        TRY(auto stored, find_object(tx, ref));
        return std::move(stored.info);
      },
      deadline);
}

Async<std::unique_ptr<ObjectReader>> Objects::open(ObjectRef ref, std::optional<ByteRange> range,
                                                   Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  auto find = [&](sql::Transaction& tx) { return find_object(tx, ref); };
  CO_TRY(auto stored, co_await context_->database.read(system_scope(), find, deadline));
  auto wanted = range.value_or(ByteRange{0, stored.info.size - 1});
  if (range && (wanted.first < 0 || wanted.first > wanted.last || wanted.first >= stored.info.size))
    co_return fail(Code::range_unsatisfiable, "The range lies outside the object.");
  wanted.last = std::min(wanted.last, stored.info.size - 1);
  co_return std::make_unique<Reader>(context_, std::move(stored), wanted);
}

Async<> Objects::remove(ObjectRef ref, Deadline deadline, std::string version) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.write(
      system_scope(), [&](sql::Transaction& tx) { return context_->catalogue(tx).remove(ref, version); },
      deadline);
}

Async<ObjectInfo> Objects::copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) {
  CO_CHECK(context_->check_bucket(from.bucket));
  CO_CHECK(context_->check_bucket(to.bucket));
  co_return co_await context_->database.write(
      system_scope(), [&](sql::Transaction& tx) { return context_->catalogue(tx).copy(from, to, options); },
      deadline);
}

Async<> Objects::set_tags(ObjectRef ref, StringMap tags, Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.write(
      system_scope(), [&](sql::Transaction& tx) { return context_->catalogue(tx).set_tags(ref, tags); },
      deadline);
}

Async<ObjectPage> Objects::list(ListRequest request, Deadline deadline) {
  CO_CHECK(context_->check_bucket(request.bucket));
  co_return co_await context_->database.read(
      system_scope(), [&](sql::Transaction& tx) { return list_objects(tx, request); }, deadline);
}

Async<std::vector<std::string>> Objects::list_buckets(Deadline) {
  auto names = context_->options.buckets;
  std::ranges::sort(names);
  co_return names;
}

Async<std::string> Objects::create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.write(
      system_scope(),
      [&](sql::Transaction& tx) { return context_->catalogue(tx).create_multipart(ref, options); }, deadline);
}

Async<MultipartInfo> Objects::head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.read(
      system_scope(), [&](sql::Transaction& tx) { return find_multipart(tx, ref, upload_id); }, deadline);
}

Async<std::vector<PartInfo>> Objects::list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                 Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  auto work = [&](sql::Transaction& tx) { return disk::list_parts(tx, ref, upload_id, after, limit); };
  co_return co_await context_->database.read(system_scope(), work, deadline);
}

Async<ObjectInfo> Objects::complete_multipart(ObjectRef ref, std::string upload_id,
                                              std::vector<PartInfo> parts, Deadline deadline,
                                              CompleteOptions options) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  auto work = [&](sql::Transaction& tx) {
    auto const part_bytes_min = options.parts_of_any_size ? 0 : context_->options.part_bytes_min;
    return context_->catalogue(tx).complete(ref, upload_id, parts, part_bytes_min, options);
  };
  co_return co_await context_->database.write(system_scope(), work, deadline);
}

Async<> Objects::abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) {
  CO_CHECK(context_->check_bucket(ref.bucket));
  co_return co_await context_->database.write(
      system_scope(), [&](sql::Transaction& tx) { return context_->catalogue(tx).abort(ref, upload_id); },
      deadline);
}

Async<std::vector<MultipartInfo>> Objects::list_multiparts(MultipartListRequest request, Deadline deadline) {
  CO_CHECK(context_->check_bucket(request.bucket));
  auto work = [&](sql::Transaction& tx) { return disk::list_multiparts(tx, request); };
  co_return co_await context_->database.read(system_scope(), work, deadline);
}

}  // namespace hoist::disk
