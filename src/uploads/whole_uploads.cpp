#include "uploads/whole_uploads.hpp"

#include <utility>

namespace hoist::uploads {

void WholeUploads::put(WholeUpload upload) {
  {
    auto const lock = Lock{mutex_};
    if (waiting_.size() >= whole_uploads_max) return;
    waiting_.push_back(std::move(upload));
  }
  news_.notify();
}

std::vector<WholeUpload> WholeUploads::take() {
  auto const lock = Lock{mutex_};
  return std::exchange(waiting_, {});
}

}  // namespace hoist::uploads
