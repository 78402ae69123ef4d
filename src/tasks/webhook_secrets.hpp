// The secrets that webhooks are signed with, kept in a file of the operator's.
//
//   whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw                            signs
//   whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD until=2026-12-01T00:00:00Z  signs too, until then
//   # a comment
//
// While two are valid, each delivery carries both signatures, so receivers change over in their own
// time. The file is read again when it changes; a broken one leaves the secrets as they were.
//
// Source   https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
// Threads  any. Secrets are never logged or printed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/mutex.hpp"
#include "base/time.hpp"

namespace hoist::tasks {

struct WebhookSecret {
  std::string key;  // raw bytes
  std::optional<Time> until;
};

// Errors: invalid naming the line, never its content.
[[nodiscard]] Result<std::vector<WebhookSecret>> parse_webhook_secrets(std::string_view text);

// "v1,<base64>" for each secret that is valid at `now`, separated by spaces.
[[nodiscard]] std::string sign_webhook(std::vector<WebhookSecret> const& secrets, Time now,
                                       std::string_view id, std::int64_t timestamp_s, std::string_view body);

class WebhookSecrets {
 public:
  // Errors: invalid when the file cannot be read, can be read by others, or has no secret.
  [[nodiscard]] static Result<std::shared_ptr<WebhookSecrets>> open(std::string path);
  [[nodiscard]] std::vector<WebhookSecret> current();

 private:
  explicit WebhookSecrets(std::string path) : path_{std::move(path)} {}
  Result<void> read() HOIST_REQUIRES(mutex_);

  std::string const path_;
  Mutex mutex_;
  std::vector<WebhookSecret> secrets_ HOIST_GUARDED_BY(mutex_);
  std::int64_t stamp_ HOIST_GUARDED_BY(mutex_) = 0;  // of the file that was read last
};

}  // namespace hoist::tasks
