// The limits of uploads, each in one place. All of them are configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "base/cursor.hpp"
#include "base/time.hpp"
#include "model/queue_names.hpp"

namespace hoist::uploads {

inline constexpr std::int64_t reminders_max = 3;

struct Options {
  std::string bucket = "hoist";
  std::string quarantine_bucket = "hoist-quarantine";
  std::string queue = processing_queue;

  std::int64_t file_bytes_max = 100'000'000;
  std::int64_t multipart_threshold_bytes = std::int64_t{16} << 20;  // larger files go in parts
  std::int64_t part_bytes = std::int64_t{5} << 20;                  // grows where 10,000 parts are too few
  std::int64_t part_bytes_min = std::int64_t{256} << 10;  // that a client on a weak link may wish for
  std::size_t batch_files_max = 1000;
  std::size_t batch_body_bytes_max = std::size_t{8} << 20;
  // The least part that the store takes, but for the last one; where it is more than a client wishes for, the
  // client gets parts of this size.
  std::int64_t store_part_bytes_min = 0;
  int parts_window = 10;            // part URLs that come with the upload itself
  int parts_per_call_max = 100;     // part URLs by POST /uploads/{id}/parts
  int batch_multiparts_ready = 16;  // files of a batch whose first part URLs come with the answer
  std::size_t metadata_members_max = 32;
  std::size_t metadata_value_max = 1024;  // code points
  std::size_t timeline_bytes_max = 16 * 1024;

  std::chrono::seconds url_lifetime{15 * 60};
  Micros pending_deadline = std::chrono::hours{24};  // for the bytes to arrive
  // The store tells of bytes in the transaction that makes them visible. One that does not, as S3, is asked
  // for those of a PENDING upload after `look_after`, and again when its age has doubled, or an hour later.
  bool store_reports = true;
  Micros look_after = std::chrono::minutes{2};
  // From its bytes to its end, for a file whose message was lost: until then it is sent to the workers
  // reminders_max times more, after that it fails.
  Micros processing_deadline = std::chrono::hours{1};
  Micros failed_retention = std::chrono::hours{24 * 7};  // a failed file's bytes, for a redrive
  Micros changes_retention = std::chrono::hours{24};     // how far back a watcher may resume
  Micros parts_grace = std::chrono::minutes{2};          // before the sweep lists the parts of an upload
  int sweep_rows_max = 500;                              // per kind and transaction

  std::function<std::int64_t()> room;  // bytes that the store takes at present; absent: not known

  bool allow_unscanned = false;  // serve files that are not (yet) known to be clean
  Cursors cursors;               // of lists; the same on every node

  [[nodiscard]] Micros reminder_interval() const { return processing_deadline / (reminders_max + 1); }

  std::size_t watchers_max = 10'000;
  std::size_t topics_per_watcher_max = 100;
  std::size_t feed_events_max = 4096;  // per tenant, in memory; older ones are read from SQL
  std::chrono::milliseconds ping_interval{15'000};
  std::chrono::milliseconds recheck_interval{5'000};  // of a watcher's permission
};

}  // namespace hoist::uploads
