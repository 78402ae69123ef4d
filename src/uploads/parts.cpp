#include "uploads/parts.hpp"

#include "base/try.hpp"

namespace hoist::uploads {
namespace {

constexpr int parts_page = 1000;

}  // namespace

Async<std::vector<PartInfo>> stored_parts(Multiparts& multiparts, Options const& options,
                                          Upload const& upload, Deadline deadline) {
  auto parts = std::vector<PartInfo>{};
  auto const ref = ObjectRef{options.bucket, key_of(upload)};
  while (true) {
    auto const after = parts.empty() ? 0 : parts.back().number;
    CO_TRY(auto page, co_await multiparts.list_parts(ref, upload.multipart_id, after, parts_page, deadline));
    parts.insert(parts.end(), page.begin(), page.end());
    if (page.size() < parts_page) co_return parts;
  }
}

std::vector<int> missing_parts(Upload const& upload, std::vector<PartInfo> const& stored) {
  auto seen = std::vector<bool>(static_cast<std::size_t>(upload.part_count()) + 1, false);
  for (auto const& part : stored)
    if (part.number <= upload.part_count() && part.size == upload.size_of_part(part.number))
      seen[static_cast<std::size_t>(part.number)] = true;
  auto missing = std::vector<int>{};
  for (auto number = 1; number <= upload.part_count(); ++number)
    if (!seen[static_cast<std::size_t>(number)]) missing.push_back(number);
  return missing;
}

}  // namespace hoist::uploads
