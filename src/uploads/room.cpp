#include "uploads/room.hpp"

namespace hoist::uploads {
namespace {

constexpr auto retry_after_s = std::uint32_t{30};

}  // namespace

Result<void> check_room(Options const& options, std::int64_t bytes) {
  if (!options.room || bytes <= options.room()) return {};
  return fail(Error{Code::storage_full, "The server's storage is full. Try again when there is space."}
                  .with_retry_after(retry_after_s));
}

Result<void> check_room(Options const& options, NewBatch const& batch) {
  auto bytes = std::int64_t{0};
  for (auto const& file : batch.files)
    if (auto const* wanted = std::get_if<NewFile>(&file)) bytes += wanted->size;
  return check_room(options, bytes);
}

}  // namespace hoist::uploads
