#include "adapters/memory/objects.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "adapters/memory/objects_change.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::memory {
namespace {

using State = Objects::State;

void describe(ObjectInfo& info, PutOptions const& options) {
  info.content_type = options.content_type;
  info.metadata = options.metadata;
  info.headers = options.headers;
  info.checksums = options.checksums;
  info.tags = options.tags;
}

bool is_conditional(WriteConditions const& conditions) {
  return conditions.if_match || conditions.if_none_match;
}

struct PartTarget {
  std::string upload_id;
  int number = 0;
};

class Writer final : public ObjectWriter {
 public:
  Writer(std::shared_ptr<State> state, ObjectRef ref, std::optional<PartTarget> part, EtagKind etag)
      : state_{std::move(state)}, ref_{std::move(ref)}, part_{std::move(part)}, etag_{etag} {}

  ~Writer() override { *state_->held -= counted_; }

  Async<> write(std::string_view bytes) override {
    auto const lock = Lock{state_->mutex};
    CO_CHECK(state_->enter());
    CO_CHECK(state_->take_room(std::ssize(bytes)));
    counted_ += std::ssize(bytes);
    bytes_ += bytes;
    co_return Result<void>{};
  }

  Async<ObjectInfo> commit(PutOptions options) override {
    CO_CHECK(may_go_on());
    auto info = info_of_bytes();
    info.checksums = options.checksums;
    if (!part_) describe(info, options);
    auto const conditional = is_conditional(options.conditions);
    auto plan = Plan{[this, info, bytes = keep(), put = std::move(options)](State& state)
                         HOIST_REQUIRES(state.mutex) -> Result<Change> {
                           if (!part_) return state.plan_put(info, bytes, put.conditions);
                           auto part = PartInfo{part_->number, info.size, info.etag, info.checksums, {}};
                           return state.plan_part(ref_, part_->upload_id, std::move(part), bytes);
                         }};
    co_return co_await make_change(state_, ref_, conditional, std::move(plan));
  }

 private:
  Result<void> may_go_on() {
    auto const lock = Lock{state_->mutex};
    return state_->enter();
  }

  ObjectInfo info_of_bytes() const {
    auto info = ObjectInfo{};
    info.ref = ref_;
    info.sha256 = sha256(bytes_);
    info.etag = hex(info.sha256);
    if (etag_ == EtagKind::md5) {
      auto md5 = Hasher{Hasher::Algorithm::md5};
      md5.update(bytes_);
      info.etag = hex(md5.finish());
    }
    info.size = std::ssize(bytes_);
    return info;
  }

  State::Bytes keep() {
    *state_->held -= std::exchange(counted_, 0);
    return state_->keep(std::move(bytes_));
  }

  std::shared_ptr<State> state_;
  ObjectRef ref_;
  std::optional<PartTarget> part_;
  EtagKind etag_;
  std::string bytes_;
  std::int64_t counted_ = 0;  // of bytes_, as held
};

class Reader final : public ObjectReader {
 public:
  Reader(std::shared_ptr<State> state, State::Object object, ByteRange range)
      : state_{std::move(state)}, object_{std::move(object)}, next_{range.first}, end_{range.last + 1} {
    auto const whole = next_ == 0 && end_ == object_.info.size;
    damaged_ = whole && sha256(*object_.bytes) != object_.digest;
  }

  Async<std::size_t> read(std::span<char> buffer) override {
    auto const lock = Lock{state_->mutex};
    CO_CHECK(state_->enter());
    auto const count = std::min(static_cast<std::int64_t>(buffer.size()), end_ - next_);
    if (damaged_ && next_ + count >= end_) co_return fail(Code::corrupt, "The stored bytes are damaged.");
    std::memcpy(buffer.data(), object_.bytes->data() + next_, static_cast<std::size_t>(count));
    next_ += count;
    co_return static_cast<std::size_t>(count);
  }
  [[nodiscard]] ObjectInfo const& info() const override { return object_.info; }

 private:
  std::shared_ptr<State> state_;
  State::Object object_;
  std::int64_t next_;
  std::int64_t end_;
  bool damaged_ = false;
};

}  // namespace

Objects::Objects(std::vector<std::string> buckets, Clock const& clock, std::int64_t part_bytes_min)
    : Objects{ObjectsOptions{std::move(buckets), part_bytes_min}, clock} {}
Objects::Objects(ObjectsOptions options, Clock const& clock, std::optional<Listening> listening)
    : state_{std::make_shared<State>(std::move(options), clock, std::move(listening))} {}
Objects::~Objects() = default;

std::int64_t Objects::held_bytes() const {
  return *state_->held;
}

void Objects::fail_next(Code code, int times) {
  auto const lock = Lock{state_->mutex};
  state_->planned = code;
  state_->planned_times = times;
}

void Objects::damage(ObjectRef const& ref) {
  auto const lock = Lock{state_->mutex};
  auto& object = state_->objects.at(ref);
  auto bytes = *object.bytes;
  if (!bytes.empty()) bytes[bytes.size() / 2] ^= 1;
  object.bytes = std::make_shared<std::string const>(std::move(bytes));
}

std::size_t Objects::count() const {
  auto const lock = Lock{state_->mutex};
  return state_->objects.size();
}

std::string Objects::bytes(ObjectRef const& ref) const {
  auto const lock = Lock{state_->mutex};
  auto const found = state_->objects.find(ref);
  return found == state_->objects.end() ? std::string{} : *found->second.bytes;
}

Async<std::unique_ptr<ObjectWriter>> Objects::create(ObjectRef ref, std::optional<std::int64_t>, Deadline,
                                                     EtagKind etag) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  co_return std::make_unique<Writer>(state_, std::move(ref), std::nullopt, etag);
}

Result<void> Objects::enter(std::string const& bucket) {
  auto const lock = Lock{state_->mutex};
  return state_->enter(bucket);
}

Async<ObjectInfo> Objects::head(ObjectRef ref, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const found = state_->objects.find(ref);
  if (found == state_->objects.end()) co_return no_such_key();
  co_return found->second.info;
}

Async<std::unique_ptr<ObjectReader>> Objects::open(ObjectRef ref, std::optional<ByteRange> range, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const found = state_->objects.find(ref);
  if (found == state_->objects.end()) co_return no_such_key();
  auto const size = found->second.info.size;
  auto wanted = range.value_or(ByteRange{0, size - 1});
  if (range && (wanted.first < 0 || wanted.first > wanted.last || wanted.first >= size))
    co_return fail(Code::range_unsatisfiable, "The range lies outside the object.");
  wanted.last = std::min(wanted.last, size - 1);
  co_return std::make_unique<Reader>(state_, found->second, wanted);
}

Async<> Objects::remove_version(ObjectRef ref, std::string version, Deadline) {
  CO_CHECK(enter(ref.bucket));
  auto plan = Plan{[ref, version](State& state)
                       HOIST_REQUIRES(state.mutex) { return state.plan_remove(ref, version); }};
  CO_CHECK(co_await make_change(state_, ref, !version.empty(), std::move(plan)));
  co_return Result<void>{};
}

Async<ObjectInfo> Objects::copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline) {
  CO_CHECK(enter(from.bucket));
  CO_CHECK(enter(to.bucket));
  auto const conditional = options.put && is_conditional(options.put->conditions);
  auto plan = Plan{[from, to, options](State& state) HOIST_REQUIRES(state.mutex) -> Result<Change> {
    auto const found = state.objects.find(from);
    if (found == state.objects.end()) return no_such_key();
    auto info = found->second.info;
    if (!options.version.empty() && options.version != info.version) return another_by_now();
    info.ref = to;
    auto const put = options.put.value_or(described_as(info));
    describe(info, put);
    return state.plan_put(std::move(info), found->second.bytes, put.conditions);
  }};
  co_return co_await make_change(state_, to, conditional, std::move(plan));
}

Async<> Objects::set_tags(ObjectRef ref, StringMap tags, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const found = state_->objects.find(ref);
  if (found == state_->objects.end()) co_return no_such_key();
  found->second.info.tags = std::move(tags);
  co_return Result<void>{};
}

Async<ObjectPage> Objects::list(ListRequest request, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(request.bucket));
  co_return state_->list(request);
}

Async<std::vector<BucketInfo>> Objects::list_buckets(Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter());
  auto buckets = std::vector<BucketInfo>{};
  for (auto const& name : state_->options.buckets) buckets.push_back({name, Time{}});
  for (auto const& [name, created_at] : state_->made) buckets.push_back({name, created_at});
  std::ranges::sort(buckets, {}, &BucketInfo::name);
  co_return buckets;
}

Async<bool> Objects::create_bucket(std::string name, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter());
  co_return state_->create_bucket(name);
}

Async<> Objects::remove_bucket(std::string name, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter());
  co_return state_->remove_bucket(name);
}

Async<std::string> Objects::create_multipart(ObjectRef ref, PutOptions options, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto multipart = State::Multipart{};
  auto id = new_uuid7(state_->clock.now());
  multipart.info = MultipartInfo{std::move(ref), id, std::move(options), state_->clock.now()};
  state_->multiparts.emplace(id, std::move(multipart));
  co_return id;
}

Async<std::unique_ptr<ObjectWriter>> Objects::create_part(ObjectRef ref, std::string upload_id, int number,
                                                          Deadline, EtagKind etag) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  if (number < 1 || number > 10'000)
    co_return fail(
        Error{Code::invalid, "The part number must be from 1 to 10,000."}.with_slug("InvalidArgument"));
  if (state_->find_open(ref, upload_id) == nullptr) co_return no_such_upload();
  co_return std::make_unique<Writer>(state_, std::move(ref), PartTarget{std::move(upload_id), number}, etag);
}

Async<MultipartInfo> Objects::head_multipart(ObjectRef ref, std::string upload_id, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const* const found = state_->find_open(ref, upload_id);
  if (found == nullptr) co_return no_such_upload();
  co_return found->info;
}

Async<std::vector<PartInfo>> Objects::list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                 Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const* const found = state_->find_open(ref, upload_id);
  if (found == nullptr) co_return no_such_upload();
  auto parts = std::vector<PartInfo>{};
  for (auto part = found->parts.upper_bound(after); part != found->parts.end() && std::ssize(parts) < limit;
       ++part)
    parts.push_back(part->second.info);
  co_return parts;
}

Async<ObjectInfo> Objects::complete_multipart(ObjectRef ref, std::string upload_id,
                                              std::vector<PartInfo> parts, Deadline,
                                              CompleteOptions options) {
  CO_CHECK(enter(ref.bucket));
  auto plan = Plan{[ref, upload_id, parts = std::move(parts), options](State& state) HOIST_REQUIRES(
                       state.mutex) { return state.plan_complete(ref, upload_id, parts, options); }};
  co_return co_await make_change(state_, ref, true, std::move(plan));
}

Async<> Objects::abort_multipart(ObjectRef ref, std::string upload_id, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(ref.bucket));
  auto const found = state_->multiparts.find(upload_id);
  if (found == state_->multiparts.end() || found->second.info.ref != ref ||
      found->second.phase == State::Phase::completed)
    co_return no_such_upload();
  if (state_->completing.contains(upload_id))
    co_return fail(Code::conflict, "The upload is being completed.");
  found->second.phase = State::Phase::aborted;
  found->second.parts.clear();
  co_return Result<void>{};
}

Async<std::vector<MultipartInfo>> Objects::list_multiparts(MultipartListRequest request, Deadline) {
  auto const lock = Lock{state_->mutex};
  CO_CHECK(state_->enter(request.bucket));
  auto found = std::vector<MultipartInfo>{};
  for (auto const& [id, multipart] : state_->multiparts) {
    auto const& [bucket, key] = multipart.info.ref;
    auto const later =
        key > request.after_key ||
        (key == request.after_key && !request.after_upload.empty() && id > request.after_upload);
    if (multipart.phase == State::Phase::open && bucket == request.bucket && later &&
        key.starts_with(request.prefix))
      found.push_back(multipart.info);
  }
  std::ranges::sort(found, {},
                    [](MultipartInfo const& info) { return std::pair{info.ref.key, info.upload_id}; });
  if (std::ssize(found) > request.limit) found.resize(static_cast<std::size_t>(request.limit));
  co_return found;
}

}  // namespace hoist::memory
