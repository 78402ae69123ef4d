#include "ports/served_objects.hpp"

#include "base/try.hpp"

namespace hoist {

Async<> ServedObjects::put(ObjectRef ref, std::string bytes, PutOptions options, Deadline deadline) {
  auto const size = static_cast<std::int64_t>(bytes.size());
  CO_TRY(auto const writer, co_await create(std::move(ref), size, deadline));
  CO_CHECK(co_await writer->write(bytes));
  CO_CHECK(co_await writer->commit(std::move(options)));
  co_return Result<void>{};
}

Async<> ServedObjects::remove(ObjectRef ref, Deadline deadline) {
  co_return co_await remove_version(std::move(ref), {}, deadline);
}

Async<ObjectInfo> ServedObjects::assemble(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                                          Deadline deadline) {
  auto options = CompleteOptions{};
  options.conditions.if_none_match = "*";
  options.parts_of_any_size = true;
  co_return co_await complete_multipart(std::move(ref), std::move(upload_id), std::move(parts), deadline,
                                        std::move(options));
}

}  // namespace hoist
