// Uploads whose last part has just arrived: UploadArrivals puts them here, Completion takes them.
//
// Threads  any.
// Bounds   whole_uploads_max names; the watchdog completes those that were dropped.
#pragma once

#include <vector>

#include "base/async.hpp"
#include "base/mutex.hpp"
#include "model/ids.hpp"

namespace hoist::uploads {

inline constexpr std::size_t whole_uploads_max = 10'000;

struct WholeUpload {
  TenantId tenant;
  UploadId id;
};

class WholeUploads {
 public:
  void put(WholeUpload upload);
  // What was put since the last call; at once, and perhaps nothing.
  [[nodiscard]] std::vector<WholeUpload> take();
  // Notified by put().
  [[nodiscard]] Signal& news() { return news_; }

 private:
  Mutex mutex_;
  std::vector<WholeUpload> waiting_ HOIST_GUARDED_BY(mutex_);
  Signal news_;
};

}  // namespace hoist::uploads
