// A private copy of one object: a file without a name, gone with its descriptor however the process
// ends. What is hashed, scanned and decoded are the same bytes.
// Threads  one coroutine at a time; file work runs on the pool.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.hpp"
#include "base/hash.hpp"
#include "base/pool.hpp"
#include "ports/object_store.hpp"

namespace hoist::processing {

class Spool {
 public:
  // Errors: unavailable (no such folder), storage_full.
  [[nodiscard]] static Result<Spool> open(std::string const& folder);

  // Takes all of `source`. Errors: the source's, storage_full, too_large when it is longer than
  // `size_max`.
  Async<> fill(ByteSource& source, std::int64_t size_max, Pool& pool);
  [[nodiscard]] int descriptor() const { return file_.number(); }
  [[nodiscard]] std::int64_t size() const { return size_; }
  [[nodiscard]] std::string const& sha256() const { return sha256_; }  // raw

 private:
  explicit Spool(Fd file) : file_{std::move(file)} {}
  Result<void> append(std::string_view bytes, Hasher& hasher);

  Fd file_;
  std::int64_t size_ = 0;
  std::string sha256_;
};

// The bytes of a spool from the start.
class SpoolSource final : public ByteSource {
 public:
  SpoolSource(Spool const& spool, Pool& pool) : spool_{spool}, pool_{pool} {}
  Async<std::size_t> read(std::span<char> buffer) override;

 private:
  Spool const& spool_;
  Pool& pool_;
  std::int64_t offset_ = 0;
};

}  // namespace hoist::processing
