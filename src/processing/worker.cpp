#include "processing/worker.hpp"

#include <fmt/format.h>

#include <atomic>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::processing {
namespace {

constexpr auto settle_max = std::chrono::seconds{30};  // for acknowledging and recording a failure
constexpr auto pause_after_error = std::chrono::seconds{1};

struct Target {
  TenantId tenant;
  UploadId upload;
};

Result<Target> parse_message(Message const& message) {
  TRY(auto const body, parse_json(message.body));
  if (!body.is_object()) return fail(Code::invalid, "The message is not an object.");
  auto fields = Fields{body.as_object()};
  auto target = Target{};
  target.tenant = TenantId{fields.text("tenant", {.max = 63})};
  target.upload = UploadId{fields.text("upload", {.max = 36})};
  CHECK(fields.finish());
  if (target.tenant != message.tenant) return fail(Code::invalid, "The message is of another tenant.");
  return target;
}

// What the user reads when we gave up for a reason that is not the file's.
ProcessingFailure last_words(Error const& error, bool scanner_failed) {
  if (scanner_failed)
    return {.code = "scan_unavailable",
            .message = "The virus scanner could not check the file, so it is not accepted. Upload it again later.",
            .scan = {}};
  if (error.code() == Code::corrupt)
    return {.code = "storage_corrupt", .message = "The stored file was damaged in storage. Upload it again.", .scan = {}};
  if (error.code() == Code::timeout)
    return {.code = "processing_timeout", .message = "Processing the file took too long. Upload it again later.", .scan = {}};
  return {.code = "processing_unavailable",
          .message = "The server could not process the file. Upload it again later.",
          .scan = {}};
}

}  // namespace
}  // namespace hoist::processing
