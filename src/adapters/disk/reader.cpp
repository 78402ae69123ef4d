#include "adapters/disk/reader.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::disk {

struct Reader::State {
  State(std::shared_ptr<BlobFolders> files, Stored what, ByteRange range)
      : folders{std::move(files)}, stored{std::move(what)}, next{range.first}, end{range.last + 1} {
    for (auto const& segment : stored.segments) folders->hold(segment.blob);
  }
  ~State() {
    for (auto const& segment : stored.segments) folders->release(segment.blob);
  }

  Result<std::size_t> read(std::span<char> buffer) {
    if (next >= end || buffer.empty()) return std::size_t{0};
    while (next >= segment_start + stored.segments.at(index).size) {
      segment_start += stored.segments[index++].size;
      file.reset();
    }
    auto const& segment = stored.segments[index];
    if (!file.open()) CHECK(enter(segment));
    auto const segment_end = segment_start + segment.size;
    auto const count =
        std::min<std::int64_t>(static_cast<std::int64_t>(buffer.size()), std::min(end, segment_end) - next);
    auto const piece = buffer.first(static_cast<std::size_t>(count));
    CHECK(read_at(file, piece, next - segment_start));
    next += count;
    if (hasher) CHECK(verify({piece.data(), piece.size()}, segment, next == segment_end));
    return piece.size();
  }

  Result<void> enter(Segment const& segment) {
    TRY(file, folders->open_blob(segment.blob, segment.size));
    // Only a file read from its first byte to its last can be held against its hash.
    auto const whole = next == segment_start && end >= segment_start + segment.size;
    hasher.reset();
    if (whole) hasher.emplace(Hasher::Algorithm::sha256);
    return {};
  }

  Result<void> verify(std::string_view piece, Segment const& segment, bool last) {
    hasher->update(piece);
    if (last && hex(hasher->finish()) != segment.sha256)
      return fail(
          Error{Code::corrupt, "The stored file is damaged."}.with_cause("hash mismatch: " + segment.blob));
    return {};
  }

  std::shared_ptr<BlobFolders> folders;
  Stored stored;
  std::int64_t next;
  std::int64_t end;
  std::size_t index = 0;
  std::int64_t segment_start = 0;
  Fd file;
  std::optional<Hasher> hasher;
};

Reader::Reader(std::shared_ptr<Objects::Context> context, Stored stored, ByteRange range)
    : context_{std::move(context)},
      state_{std::make_shared<State>(context_->folders, std::move(stored), range)} {}

ObjectInfo const& Reader::info() const {
  return state_->stored.info;
}

Async<std::size_t> Reader::read(std::span<char> buffer) {
  auto work = [state = state_, buffer] { return state->read(buffer); };
  auto got = co_await run_blocking<std::size_t>(context_->pool, std::move(work));
  if (!got && got.error().code() == Code::corrupt) {
    context_->damaged.add();
    log::error("a stored file is damaged", {{"key", info().ref.key}, {"cause", got.error().to_string()}});
  }
  co_return got;
}

}  // namespace hoist::disk
