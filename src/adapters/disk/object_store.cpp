#include "adapters/disk/object_store.hpp"

#include <algorithm>

#include "adapters/disk/context.hpp"
#include "adapters/disk/reader.hpp"
#include "adapters/disk/writer.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

// Makes an object of files that are there: first, durably, the blob that lists them, then the rows.
template <class Plan, class Work>
Async<ObjectInfo> with_manifest(Objects::Context& context, Scope scope, Plan plan, Work work,
                                Deadline deadline) {
  CO_TRY(auto planned, co_await context.database.read(Scope::system(), plan, deadline));
  auto manifest = Manifest{};
  auto blob = std::shared_ptr<Blob>{};
  if (planned) {
    manifest.segments = planned->segments;
    CO_TRY(blob, co_await context.write_manifest(std::move(*planned), deadline));
    manifest.blob = blob->name();
  }
  auto agreed = false;
  auto record = [&](sql::Transaction& tx) -> Result<ObjectInfo> {
    auto done = work(tx, manifest);
    agreed = done.has_value();
    return done;
  };
  auto recorded = co_await context.database.write(std::move(scope), record, deadline);
  if (blob && may_be_committed(recorded, agreed)) blob->keep();
  co_return recorded;
}

}  // namespace

bool may_be_committed(Result<ObjectInfo> const& recorded, bool agreed) {
  return recorded || (agreed && recorded.error().code() != Code::storage_full);
}

Async<> Objects::Context::check_bucket(std::string const& bucket, Deadline deadline) {
  // Nearly every object goes to a bucket of the configuration, which is known without the database.
  if (std::ranges::find(options.buckets, bucket) != options.buckets.end()) co_return Result<void>{};
  auto check = [&](sql::Transaction& tx) { return table(tx).check_bucket(bucket); };
  co_return co_await database.read(Scope::system(), check, deadline);
}

Async<std::string> Objects::Context::note_for(ObjectRef ref, Deadline deadline) {
  if (listeners.notes == nullptr) co_return std::string{};
  auto work = [&](sql::Transaction& tx) { return listeners.notes->note_for(tx, ref); };
  co_return co_await database.read(Scope::system(), work, deadline);
}

Async<std::shared_ptr<Blob>> Objects::Context::write_manifest(Stored planned, Deadline deadline) {
  CO_TRY(auto note, co_await note_for(planned.info.ref, deadline));
  auto work = [this, label = label_of(planned.info, std::move(planned.segments),
                                      std::move(note))]() mutable -> Result<std::shared_ptr<Blob>> {
    TRY(auto blob, folders->take(EtagKind::sha256));
    CHECK(blob->finish(std::move(label)));
    return std::shared_ptr<Blob>{std::move(blob)};
  };
  co_return co_await run_blocking<std::shared_ptr<Blob>>(pool, std::move(work));
}

Result<std::unique_ptr<Objects>> Objects::open(Options options, sql::Database& database, Pool& pool,
                                               Clock const& clock, Metrics& metrics, Listeners listeners) {
  TRY(auto folders, BlobFolders::open(options.root, clock, pool));
  auto context = std::make_shared<Context>(std::move(options), database, pool, clock, metrics, listeners);
  context->folders = std::move(folders);
  return std::unique_ptr<Objects>{new Objects{std::move(context)}};
}

Objects::Objects(std::shared_ptr<Context> context) : context_{std::move(context)} {}
Objects::~Objects() {
  context_->closed = true;
}

std::int64_t Objects::free_bytes() const {
  return context_->folders->free_bytes();
}

Async<std::unique_ptr<ObjectWriter>> Objects::create(ObjectRef ref, std::optional<std::int64_t> size,
                                                     Deadline deadline, EtagKind etag) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  auto const needed = size.value_or(0) + context_->options.free_bytes_min;
  if (context_->folders->free_bytes() < needed) co_return fail(Code::storage_full, "The storage is full.");
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
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.read(
      Scope::system(),
      [&](sql::Transaction& tx) -> Result<ObjectInfo> {
        TRY(auto stored, find_object(tx, ref));
        return std::move(stored.info);
      },
      deadline);
}

Async<std::unique_ptr<ObjectReader>> Objects::open(ObjectRef ref, std::optional<ByteRange> range,
                                                   Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  auto find = [&](sql::Transaction& tx) { return find_object(tx, ref); };
  CO_TRY(auto stored, co_await context_->database.read(Scope::system(), find, deadline));
  auto wanted = range.value_or(ByteRange{0, stored.info.size - 1});
  if (range && (wanted.first < 0 || wanted.first > wanted.last || wanted.first >= stored.info.size))
    co_return fail(Code::range_unsatisfiable, "The range lies outside the object.");
  wanted.last = std::min(wanted.last, stored.info.size - 1);
  co_return std::make_unique<Reader>(context_, std::move(stored), wanted);
}

Async<> Objects::remove_version(ObjectRef ref, std::string version, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.write(
      context_->scope_of(ref), [&](sql::Transaction& tx) { return context_->table(tx).remove(ref, version); },
      deadline);
}

Async<ObjectInfo> Objects::copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(from.bucket, deadline));
  CO_CHECK(co_await context_->check_bucket(to.bucket, deadline));
  auto plan = [&](sql::Transaction& tx) { return context_->table(tx).plan_copy(from, to, options); };
  auto work = [&](sql::Transaction& tx, Manifest const& manifest) {
    return context_->table(tx).copy(from, to, options, manifest);
  };
  co_return co_await with_manifest(*context_, Scope::system(), plan, work, deadline);
}

Async<> Objects::set_tags(ObjectRef ref, StringMap tags, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.write(
      context_->scope_of(ref), [&](sql::Transaction& tx) { return context_->table(tx).set_tags(ref, tags); },
      deadline);
}

Async<ObjectPage> Objects::list(ListRequest request, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(request.bucket, deadline));
  co_return co_await context_->database.read(
      Scope::system(), [&](sql::Transaction& tx) { return list_objects(tx, request); }, deadline);
}

Async<std::vector<BucketInfo>> Objects::list_buckets(Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return context_->table(tx).list_buckets(); };
  co_return co_await context_->database.read(Scope::system(), work, deadline);
}

Async<bool> Objects::create_bucket(std::string name, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return context_->table(tx).create_bucket(name); };
  co_return co_await context_->database.write(Scope::system(), work, deadline);
}

Async<> Objects::remove_bucket(std::string name, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return context_->table(tx).remove_bucket(name); };
  co_return co_await context_->database.write(Scope::system(), work, deadline);
}

Async<std::string> Objects::create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.write(
      context_->scope_of(ref),
      [&](sql::Transaction& tx) { return context_->table(tx).create_multipart(ref, options); }, deadline);
}

Async<MultipartInfo> Objects::head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.read(
      Scope::system(), [&](sql::Transaction& tx) { return find_multipart(tx, ref, upload_id); }, deadline);
}

Async<std::vector<PartInfo>> Objects::list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                 Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  auto work = [&](sql::Transaction& tx) { return disk::list_parts(tx, ref, upload_id, after, limit); };
  co_return co_await context_->database.read(Scope::system(), work, deadline);
}

Async<ObjectInfo> Objects::complete_multipart(ObjectRef ref, std::string upload_id,
                                              std::vector<PartInfo> parts, Deadline deadline,
                                              CompleteOptions options) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  auto const part_bytes_min = options.parts_of_any_size ? 0 : context_->options.part_bytes_min;
  auto plan = [&](sql::Transaction& tx) {
    return context_->table(tx).plan_completion(ref, upload_id, parts, part_bytes_min, options);
  };
  auto work = [&](sql::Transaction& tx, Manifest const& manifest) {
    return context_->table(tx).complete(ref, upload_id, parts, part_bytes_min, options, manifest);
  };
  co_return co_await with_manifest(*context_, context_->scope_of(ref), plan, work, deadline);
}

Async<> Objects::abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(ref.bucket, deadline));
  co_return co_await context_->database.write(
      context_->scope_of(ref),
      [&](sql::Transaction& tx) { return context_->table(tx).abort(ref, upload_id); }, deadline);
}

Async<std::vector<MultipartInfo>> Objects::list_multiparts(MultipartListRequest request, Deadline deadline) {
  CO_CHECK(co_await context_->check_bucket(request.bucket, deadline));
  auto work = [&](sql::Transaction& tx) { return disk::list_multiparts(tx, request); };
  co_return co_await context_->database.read(Scope::system(), work, deadline);
}

}  // namespace hoist::disk
