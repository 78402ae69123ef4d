#include "adapters/disk/writer.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::disk {

// The half of the writer that the pool works on; a running job keeps it alive.
struct Writer::Stage {
  using Done = std::move_only_function<void(Result<void>)>;

  std::shared_ptr<Objects::Context> context;
  EtagKind etag = EtagKind::sha256;
  std::unique_ptr<Blob> blob;
  std::string bytes;

  Mutex mutex;
  bool running HOIST_GUARDED_BY(mutex) = false;
  Result<void> outcome HOIST_GUARDED_BY(mutex);
  Done waiter HOIST_GUARDED_BY(mutex);

  // With a label these are the last bytes.
  Result<void> work(std::optional<Label> label) {
    if (!blob) {
      TRY(blob, context->folders->take(etag));
    }
    CHECK(blob->append(bytes));
    if (label) CHECK(blob->finish(std::move(*label)));
    return {};
  }

  void finished(Result<void> result) {
    auto waiting = Done{};
    {
      auto const lock = Lock{mutex};
      running = false;
      outcome = result;
      waiting = std::move(waiter);
    }
    if (waiting) waiting(std::move(result));
  }

  // Calls `done` with the last job's outcome, now or when it ends.
  void when_idle(Done done) {
    auto result = Result<void>{};
    {
      auto const lock = Lock{mutex};
      if (running) {
        waiter = std::move(done);
        return;
      }
      result = outcome;
    }
    done(std::move(result));
  }
};

Writer::Writer(std::shared_ptr<Objects::Context> context, ObjectRef ref, std::optional<PartTarget> part,
               std::optional<std::int64_t> size, Deadline deadline, EtagKind etag)
    : context_{std::move(context)},
      ref_{std::move(ref)},
      part_{std::move(part)},
      deadline_{deadline},
      stage_{std::make_shared<Stage>()} {
  stage_->context = context_;
  stage_->etag = etag;
  if (size) filling_.reserve(static_cast<std::size_t>(std::min<std::int64_t>(*size, buffer_bytes)));
  context_->writers.add(1);
}

Writer::~Writer() {
  --context_->writers_open;
  context_->writers.add(-1);
  // Deleting an unfinished file may block, so it is the pool's job where the pool has a place.
  if (stage_->blob && !context_->closed)
    static_cast<void>(context_->pool.try_post([stage = std::move(stage_)] {}));
}

Async<> Writer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto const piece = bytes.substr(0, buffer_bytes - filling_.size());
    filling_.append(piece);
    bytes.remove_prefix(piece.size());
    if (filling_.size() == buffer_bytes) CO_CHECK(co_await hand_over({}));
  }
  co_return Result<void>{};
}

// Waits for the job before, then starts the next one with what is collected.
Async<> Writer::hand_over(std::optional<Label> label) {
  auto idle = [stage = stage_](Stage::Done done) { stage->when_idle(std::move(done)); };
  CO_CHECK(co_await suspend<void>(std::move(idle)));
  std::swap(filling_, stage_->bytes);
  filling_.clear();
  {
    auto const lock = Lock{stage_->mutex};
    stage_->running = true;
  }
  auto work = [stage = stage_, label = std::move(label)]() mutable {
    stage->finished(stage->work(std::move(label)));
  };
  auto const posted = context_->pool.try_post(std::move(work));
  if (!posted) {
    auto busy = Error{Code::unavailable, "The server is busy."}.with_retry_after(1);
    stage_->finished(fail(std::move(busy)));
  }
  co_return Result<void>{};
}

Async<ObjectInfo> Writer::commit(PutOptions options) {
  CO_TRY(auto label, co_await make_label(options));
  CO_CHECK(co_await hand_over(std::move(label)));
  auto idle = [stage = stage_](Stage::Done done) { stage->when_idle(std::move(done)); };
  CO_CHECK(co_await suspend<void>(std::move(idle)));
  auto recorded = co_await record(options);
  if (recorded) context_->bytes_written.add(static_cast<double>(stage_->blob->size()));
  co_return recorded;
}

Async<Label> Writer::make_label(PutOptions const& options) {
  auto info = ObjectInfo{.ref = ref_, .modified_at = context_->clock.now()};
  describe(info, options);
  // A part says nothing that the label of the whole does not say.
  auto note = std::string{};
  if (!part_) {
    CO_TRY(note, co_await context_->note_for(ref_, deadline_));
  }
  auto label = label_of(info, {}, std::move(note));
  if (part_) label.part = Label::Part{part_->upload_id, part_->number};
  co_return label;
}

Async<ObjectInfo> Writer::record(PutOptions const& options) {
  auto const& blob = *stage_->blob;
  auto const segment = Segment{blob.name(), blob.size(), hex(blob.sha256())};
  auto agreed = false;  // the function wanted to commit
  auto work = [&](sql::Transaction& tx) -> Result<ObjectInfo> {
    agreed = false;
    auto table = context_->table(tx);
    auto info = ObjectInfo{};
    info.ref = ref_;
    info.size = segment.size;
    info.etag = blob.etag();
    info.sha256 = blob.sha256();
    if (part_) {
      info.checksums = options.checksums;
      auto part = PartInfo{part_->number, segment.size, info.etag, options.checksums, {}};
      TRY(part, table.put_part(ref_, part_->upload_id, std::move(part), segment));
      info.modified_at = part.modified_at;
    } else {
      describe(info, options);
      TRY(info, table.put(std::move(info), {segment}, options.conditions));
    }
    agreed = true;
    return info;
  };
  auto recorded = co_await context_->database.write(context_->scope_of(ref_), std::move(work), deadline_);
  if (may_be_committed(recorded, agreed)) stage_->blob->keep();
  co_return recorded;
}

}  // namespace hoist::disk
