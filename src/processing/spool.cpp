#include "processing/spool.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::processing {
namespace {

constexpr auto chunk_bytes = std::size_t{256} << 10;

std::unexpected<Error> file_error(char const* what) {
  auto const number = errno;
  auto const code = number == ENOSPC || number == EDQUOT ? Code::storage_full : Code::unavailable;
  auto error = Error{code, "The server has no room to process the file now."}.with_cause(
      std::string{what} + ": " + std::strerror(number));
  if (number == EMFILE || number == ENFILE) return fail(std::move(error).with_slug(out_of_descriptors));
  return fail(std::move(error));
}

}  // namespace

Result<Spool> Spool::open(std::string const& folder) {
  auto file = Fd{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!file.open()) return file_error("spool");
  return Spool{std::move(file)};
}

Result<void> Spool::append(std::string_view bytes, Hasher& hasher) {
  hasher.update(bytes);
  while (!bytes.empty()) {
    auto const written = ::pwrite(file_.number(), bytes.data(), bytes.size(), size_);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return file_error("spool write");
    size_ += written;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Async<> Spool::fill(ByteSource& source, std::int64_t size_max, Pool& pool) {
  auto hasher = Hasher{Hasher::Algorithm::sha256};
  auto buffer = std::string(chunk_bytes, '\0');
  while (true) {
    auto filled = std::size_t{0};
    while (filled < buffer.size()) {
      CO_TRY(auto const count, co_await source.read(std::span{buffer}.subspan(filled)));
      if (count == 0) break;
      filled += count;
    }
    if (filled == 0) break;
    if (size_ + static_cast<std::int64_t>(filled) > size_max)
      co_return fail(Code::too_large, "The file is longer than was announced.");
    auto work = std::move_only_function<Result<void>()>{
        [&] { return append(std::string_view{buffer}.substr(0, filled), hasher); }};
    CO_CHECK(co_await run_blocking<void>(pool, std::move(work)));
  }
  sha256_ = hasher.finish();
  co_return Result<void>{};
}

Async<std::size_t> SpoolSource::read(std::span<char> buffer) {
  auto work = std::move_only_function<Result<std::size_t>()>{[&]() -> Result<std::size_t> {
    auto count = ssize_t{0};
    do count = ::pread(spool_.descriptor(), buffer.data(), buffer.size(), offset_);
    while (count < 0 && errno == EINTR);
    if (count < 0) return file_error("spool read");
    return static_cast<std::size_t>(count);
  }};
  CO_TRY(auto const count, co_await run_blocking<std::size_t>(pool_, std::move(work)));
  offset_ += static_cast<std::int64_t>(count);
  co_return count;
}

}  // namespace hoist::processing
