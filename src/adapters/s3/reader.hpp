// An object of S3, fetched piece by piece as it is read. A piece that breaks off is fetched again.
// Threads  one coroutine at a time.   Lifetime  the client outlives it.
#pragma once

#include "adapters/s3/client.hpp"

namespace hoist::s3 {

class Reader final : public ObjectReader {
 public:
  // `range` lies within the object; absent: the object is empty.
  Reader(Client& client, ObjectInfo info, std::optional<ByteRange> range, Deadline deadline);
  [[nodiscard]] ObjectInfo const& info() const override { return info_; }
  // Errors: conflict when the object was replaced meanwhile.
  Async<std::size_t> read(std::span<char> buffer) override;

 private:
  Async<> fetch();

  Client& client_;
  ObjectInfo info_;
  std::int64_t next_ = 0;  // to be fetched
  std::int64_t end_ = 0;
  Deadline deadline_;
  std::string piece_;
  std::size_t taken_ = 0;  // of the piece
};

}  // namespace hoist::s3
