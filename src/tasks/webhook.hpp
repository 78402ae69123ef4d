// Hands tasks to an HTTP receiver, signed.
//
//   POST URL   webhook-id: TASK        constant over all attempts: the effect key
//              webhook-timestamp: ...  new with every attempt
//              webhook-signature: v1,...[ v1,...]
//              hoist-attempt: 2
//   {"type":"task","timestamp":"...","data":{"task_id":...,"group":...,"sequence":...,"attempt":...,
//    "title":...,"description":...,"priority":...,"due_date":...}}
//
// 2xx: done. 410 and 422: dead at once. Anything else, redirects too, fails this attempt; Retry-After
// is honoured. At most `answer_bytes_max` of the answer are read.
//
// Source  https://github.com/standard-webhooks/standard-webhooks, threats W1-W9
#pragma once

#include "net/client.hpp"
#include "tasks/handler.hpp"
#include "tasks/webhook_secrets.hpp"
#include "tasks/webhook_target.hpp"

namespace hoist::tasks {

inline constexpr std::size_t webhook_answer_bytes_max = 64 * 1024;
inline constexpr auto webhook_timeout = std::chrono::seconds{15};
inline constexpr auto webhook_retry_after_max = Micros{24LL * 3600 * 1'000'000};

struct WebhookOptions {
  std::string url;
  TargetRules target;
  std::chrono::milliseconds timeout = webhook_timeout;
  std::string ca_file;  // empty: the system's authorities
};

// Errors: invalid when the address may not be used.
[[nodiscard]] Result<MakeHandler> make_webhook(WebhookOptions options,
                                               std::shared_ptr<WebhookSecrets> secrets, Clock const& clock);

}  // namespace hoist::tasks
