// What happens to uploads between their changes of state: parts that arrive, the scan, the inspection. It is
// told to those who look or watch in this process, and never written: a state is what survives.
//
// Threads  any.
// Bounds   as many stages as files are in work; the newest news_max news, and who is further behind
//          misses what the next change of state says anyway.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.hpp"
#include "ports/upload_ledger.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

inline constexpr std::size_t news_max = 4096;

// What a part upload has received.
struct Received {
  std::int64_t bytes = 0;
  int parts = 0;
};
[[nodiscard]] Received received_of(Upload const& upload);

class Stages {
 public:
  struct News {
    TenantId tenant;
    std::string project;
    std::string batch;
    std::string upload;
    Time at;
    std::string json;  // the message's `upload`
  };

  void processing(UploadJob const& job, ProcessingStage stage, Time now);
  // `upload` is PENDING and has just got a part.
  void received(Upload const& upload, Time now);

  // "scanning", ...; empty: nothing is known of it.
  [[nodiscard]] std::string_view of(UploadId const& id) const;

  [[nodiscard]] std::uint64_t head() const;
  // The tenant's news after `mark`, which is moved to the head.
  [[nodiscard]] std::vector<News> after(TenantId const& tenant, std::uint64_t& mark) const;

 private:
  void tell(News news) HOIST_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::unordered_map<UploadId, ProcessingStage> stages_ HOIST_GUARDED_BY(mutex_);
  std::deque<News> news_ HOIST_GUARDED_BY(mutex_);
  std::uint64_t told_ HOIST_GUARDED_BY(mutex_) = 0;
};

}  // namespace hoist::uploads
