// What happens to one uploaded file: copied to a private spool, hashed, scanned, inspected, its
// thumbnails stored, its outcome recorded.
//
// Outcome  a file's own fault (infected, damaged, lying, over a limit) is recorded as its failure
//          and is done. A fault of what we depend on is an error: try again later.
// Invariants  COMPLETED only after a scan of exactly the bytes stored that found nothing, and saw all of
//          it unless the tenant allows otherwise; nothing is made of an infected file, and it leaves the
//          bucket that is served.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "ports/media.hpp"
#include "ports/object_store.hpp"
#include "ports/scanner.hpp"
#include "ports/upload_ledger.hpp"

namespace hoist::processing {

class Spool;

struct Ports {
  UploadLedger& ledger;
  ObjectStore& objects;
  Scanner& scanner;
  Media& media;
  Clock const& clock;
  Metrics& metrics;
};

struct PipelineOptions {
  std::string quarantine_bucket;
  std::string spool_folder;
};

class Pipeline {
 public:
  Pipeline(Ports ports, PipelineOptions options);

  // Processes `job` to its end. `still_ours` is asked before the outcome is recorded: a worker that
  // lost its lease records nothing. Errors: something we depend on failed, the file is as it was; slug
  // and detail say to the user what. The slug scanner_away means that the file was not tried at all.
  // `is_first`: this attempt is the first of several, so a preview for which there was no time waits.
  Async<> run(UploadJob job, std::function<bool()> still_ours, bool is_first, Deadline deadline);

 private:
  class Stage;
  Async<> process(UploadJob const& job, std::function<bool()> const& still_ours, bool is_first,
                  Deadline deadline);
  Async<> fetch(UploadJob const& job, Spool& spool, Deadline deadline);
  Async<ScanReport> scan(Spool const& spool, Deadline deadline);
  Async<MediaReport> inspect(UploadJob const& job, Spool const& spool, Deadline deadline);
  Async<std::vector<StoredThumbnail>> store(UploadJob const& job, MediaReport& media, Deadline deadline);
  Async<> quarantine(UploadJob const& job, ScanReport report, Deadline deadline);
  Async<> settle_missing(UploadJob const& job, Deadline deadline);
  Async<> refuse(UploadJob const& job, ProcessingFailure failure, Deadline deadline);

  Ports ports_;
  PipelineOptions options_;
  Histogram fetch_, scan_, inspect_, store_, record_;
  std::map<Verdict, Counter> verdicts_;
  Counter unanswered_;
  Pool pool_;
};

}  // namespace hoist::processing
