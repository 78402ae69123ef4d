#include "processing/pipeline.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"
#include "processing/spool.hpp"

namespace hoist::processing {
namespace {

constexpr auto pool_threads = 2;

Histogram stage(Metrics& metrics, char const* name) {
  return metrics.histogram("hoist_processing_stage_seconds", "Time a file spends in each stage of processing",
                           Metrics::seconds_bounds(), {{"stage", name}});
}

Counter verdict(Metrics& metrics, std::string const& name) {
  return metrics.counter("hoist_scans_total", "Virus scans by verdict", {{"verdict", name}});
}

// Is this about the file, so that trying again cannot help?
bool is_about_the_file(Error const& error) {
  return error.code() == Code::invalid || error.code() == Code::too_large;
}

// The same error, told as the reason for which a file is given up after the last attempt.
std::unexpected<Error> because(Error const& error, std::string_view slug, std::string message) {
  if (error.slug() == out_of_descriptors) return fail(error);  // the file is not given up for that
  return fail(Error{error.code(), std::move(message)}.with_slug(slug).with_cause(error.to_string()));
}

std::unexpected<Error> no_storage(Error const& error) {
  if (error.code() == Code::corrupt)
    return because(error, "storage_corrupt", "The stored file was damaged in storage. Upload it again.");
  return because(error, "storage_unavailable",
                 "The object store could not be reached. Upload the file again later.");
}

ProcessingFailure mismatch(std::string message) {
  return {.code = "checksum_mismatch", .message = std::move(message), .scan = {}};
}

ProcessingFailure wrong_type(UploadJob const& job, std::string const& type, ScanReport const& scan) {
  return {
      .code = std::string{type_not_allowed}, .message = refusal_of_type(job.filename, type), .scan = scan};
}

ProcessingFailure closed(ScanReport const& scan) {
  return {.code = "unscannable",
          .message =
              "The file is encrypted or protected by a password, so it cannot be checked for viruses. "
              "Upload it without a password.",
          .scan = scan};
}

}  // namespace

// Observes the time from its making to its end.
class Pipeline::Stage {
 public:
  explicit Stage(Histogram& histogram) : histogram_{histogram} {}
  Stage(Stage const&) = delete;
  ~Stage() {
    histogram_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count());
  }

 private:
  Histogram& histogram_;
  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
};

Pipeline::Pipeline(Ports ports, PipelineOptions options)
    : ports_{ports},
      options_{std::move(options)},
      fetch_{stage(ports.metrics, "fetch")},
      scan_{stage(ports.metrics, "scan")},
      inspect_{stage(ports.metrics, "inspect")},
      store_{stage(ports.metrics, "store")},
      record_{stage(ports.metrics, "record")},
      unanswered_{verdict(ports.metrics, "unanswered")},
      pool_{{.name = "spool", .threads = pool_threads, .queue_max = 256}} {
  for (auto const each : {Verdict::clean, Verdict::infected, Verdict::unscannable})
    verdicts_.emplace(each, verdict(ports.metrics, std::string{to_string(each)}));
}

Async<> Pipeline::run(UploadJob job, std::function<bool()> still_ours, bool is_first, Deadline deadline) {
  auto outcome = co_await process(job, still_ours, is_first, deadline);
  ports_.ledger.stage(job, ProcessingStage::none);
  // The upload was deleted meanwhile, or another worker has it: nothing is left
  // to do.
  if (!outcome && outcome.error().code() == Code::conflict) co_return Result<void>{};
  co_return outcome;
}

Async<> Pipeline::process(UploadJob const& job, std::function<bool()> const& still_ours, bool is_first,
                          Deadline deadline) {
  CO_TRY(auto spool, Spool::open(options_.spool_folder));
  auto const fetched = co_await fetch(job, spool, deadline);
  if (!fetched && fetched.error().code() == Code::not_found) co_return co_await settle_missing(job, deadline);
  if (!fetched) co_return no_storage(fetched.error());
  if (!job.expected_sha256.empty() && job.expected_sha256 != spool.sha256())
    co_return co_await refuse(
        job, mismatch("The stored bytes are not the declared ones (SHA-256 differs). Upload the file again."),
        deadline);

  ports_.ledger.stage(job, ProcessingStage::scanning);
  auto scanned = co_await scan(spool, deadline);
  if (!scanned && is_about_the_file(scanned.error())) {
    auto const failure =
        ProcessingFailure{.code = "scan_too_large", .message = scanned.error().detail(), .scan = {}};
    co_return co_await refuse(job, failure, deadline);
  }
  if (!scanned && scanned.error().slug() == scanner_away) co_return std::unexpected{scanned.error()};
  if (!scanned)
    co_return because(
        scanned.error(), "scan_unavailable",
        "The virus scanner could not check the file, so it is not accepted. Upload it again later.");
  if (!still_ours()) co_return fail(Code::conflict, "Another worker has the file.");
  if (scanned->verdict == Verdict::infected) co_return co_await quarantine(job, *scanned, deadline);
  if (scanned->verdict == Verdict::unscannable && !job.allow_unscannable)
    co_return co_await refuse(job, closed(*scanned), deadline);

  ports_.ledger.stage(job, ProcessingStage::inspecting);
  auto media = co_await inspect(job, spool, deadline);
  if (!media && is_about_the_file(media.error())) {
    log::info("a file cannot be processed",
              {{"upload", job.id.str()}, {"cause", media.error().to_string()}, {"trace", job.trace_parent}});
    auto failure = ProcessingFailure{
        .code = std::string{media.error().slug()}, .message = media.error().detail(), .scan = *scanned};
    co_return co_await refuse(job, std::move(failure), deadline);
  }
  if (!media)
    co_return because(media.error(), "inspection_unavailable",
                      "The file could not be inspected. Upload it again later.");
  if (media->preview.ran_late && is_first)
    co_return fail(
        Error{Code::unavailable, "There was no time for a preview; the file is tried again."}.with_slug(
            "preview_ran_late"));
  // Before any picture of it is stored.
  if (job.types && !job.types->take(job.filename, media->content_type))
    co_return co_await refuse(job, wrong_type(job, media->content_type, *scanned), deadline);
  auto file = ProcessedFile{};
  file.sha256 = spool.sha256();
  file.scan = *scanned;
  file.scanned_at = ports_.clock.now();
  if (!media->thumbnails.empty()) ports_.ledger.stage(job, ProcessingStage::previewing);
  auto stored = co_await store(job, *media, deadline);
  if (!stored) co_return no_storage(stored.error());
  file.thumbnails = std::move(*stored);
  file.media = std::move(*media);
  if (!still_ours()) co_return fail(Code::conflict, "Another worker has the file.");
  auto const timer = Stage{record_};
  CO_CHECK(co_await ports_.ledger.complete(job.tenant, job.id, std::move(file), deadline));
  log::info("a file was processed",
            {{"tenant", job.tenant.str()}, {"upload", job.id.str()}, {"trace", job.trace_parent}});
  co_return Result<void>{};
}

Async<> Pipeline::fetch(UploadJob const& job, Spool& spool, Deadline deadline) {
  auto const timer = Stage{fetch_};
  CO_TRY(auto reader, co_await ports_.objects.open(job.object, std::nullopt, deadline));
  auto const filled = co_await spool.fill(*reader, job.size, pool_);
  if (!filled && filled.error().code() == Code::too_large)
    co_return fail(
        Error{Code::corrupt, "The stored file has another length."}.with_cause("longer than announced"));
  CO_CHECK(filled);
  auto const& known = reader->info().sha256;
  if (spool.size() != job.size || (!known.empty() && known != spool.sha256()))
    co_return fail(Error{Code::corrupt, "The stored file is not what was stored."}.with_cause(
        fmt::format("{} of {} bytes", spool.size(), job.size)));
  co_return Result<void>{};
}

Async<ScanReport> Pipeline::scan(Spool const& spool, Deadline deadline) {
  auto const timer = Stage{scan_};
  auto source = SpoolSource{spool, pool_};
  auto report = co_await ports_.scanner.scan(source, deadline);
  (report ? verdicts_.at(report->verdict) : unanswered_).add();
  co_return report;
}

Async<MediaReport> Pipeline::inspect(UploadJob const& job, Spool const& spool, Deadline deadline) {
  auto const timer = Stage{inspect_};
  auto request = MediaRequest{.file = spool.descriptor(),
                              .size = spool.size(),
                              .declared_type = job.declared_type,
                              .filename = job.filename};
  co_return co_await ports_.media.inspect(std::move(request), deadline);
}

// Thumbnails of a file that fails later are found by its prefix and removed with it; storing them
// again gives the same objects.
Async<std::vector<StoredThumbnail>> Pipeline::store(UploadJob const& job, MediaReport& media,
                                                    Deadline deadline) {
  auto const timer = Stage{store_};
  auto stored = std::vector<StoredThumbnail>{};
  for (auto& thumbnail : media.thumbnails) {
    auto const key = fmt::format("{}/{}/thumbnails/{}/{}.jpg", job.tenant.str(), job.project.str(),
                                 job.id.str(), thumbnail.size);
    auto const ref = ObjectRef{job.object.bucket, key};
    auto options = PutOptions{.content_type = thumbnail.content_type};
    options.headers = {{"cache-control", "private, max-age=31536000, immutable"}};
    CO_CHECK(co_await ports_.objects.put(ref, std::move(thumbnail.bytes), std::move(options), deadline));
    stored.push_back(
        {.size = thumbnail.size, .width = thumbnail.width, .height = thumbnail.height, .object = ref});
  }
  media.thumbnails.clear();
  co_return stored;
}

// The copy carries the verdict, so that a worker that dies between the steps leaves enough for the
// next one to finish (settle_missing).
Async<> Pipeline::quarantine(UploadJob const& job, ScanReport report, Deadline deadline) {
  log::warn("an infected file was quarantined", {{"tenant", job.tenant.str()},
                                                 {"upload", job.id.str()},
                                                 {"signature", report.signature},
                                                 {"trace", job.trace_parent}});
  auto const away = ObjectRef{options_.quarantine_bucket, job.object.key};
  CO_TRY(auto const object, co_await ports_.objects.head(job.object, deadline));
  auto copy = CopyOptions{.version = object.version, .put = described_as(object)};
  copy.put->tags = {{"scan", "infected"}, {"signature", report.signature}};
  CO_CHECK(co_await ports_.objects.copy(job.object, away, std::move(copy), deadline));
  CO_CHECK(co_await ports_.objects.remove(job.object, deadline));
  auto failure = ProcessingFailure{.code = "infected", .message = {}, .scan = report};
  failure.message =
      fmt::format("A virus was found in the file ({}). It was put in quarantine.", report.signature);
  co_return co_await refuse(job, std::move(failure), deadline);
}

Async<> Pipeline::settle_missing(UploadJob const& job, Deadline deadline) {
  auto const away = ObjectRef{options_.quarantine_bucket, job.object.key};
  auto const found = co_await ports_.objects.head(away, deadline);
  if (!found && found.error().code() != Code::not_found) co_return std::unexpected{found.error()};
  auto failure = ProcessingFailure{
      .code = "object_missing", .message = "The stored file has been removed. Upload it again.", .scan = {}};
  if (found) {
    auto const signature = found->tags.find("signature");
    auto report = ScanReport{.verdict = Verdict::infected};
    if (signature != found->tags.end()) report.signature = signature->second;
    failure.code = "infected";
    failure.message =
        fmt::format("A virus was found in the file ({}). It was put in quarantine.", report.signature);
    failure.scan = report;
  }
  co_return co_await refuse(job, std::move(failure), deadline);
}

Async<> Pipeline::refuse(UploadJob const& job, ProcessingFailure failure, Deadline deadline) {
  auto const timer = Stage{record_};
  co_return co_await ports_.ledger.failed(job.tenant, job.id, std::move(failure), deadline);
}

}  // namespace hoist::processing
