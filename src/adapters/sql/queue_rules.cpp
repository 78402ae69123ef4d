#include "adapters/sql/queue_rules.hpp"

#include <algorithm>

namespace hoist::sql_engine::queue {
namespace {

bool is_name(std::string const& text) {
  auto const visible = [](unsigned char c) { return c >= 0x21 && c <= 0x7E; };
  return !text.empty() && text.size() <= queue_name_bytes_max && std::ranges::all_of(text, visible);
}

constexpr auto name_rule = "must be 1 to 128 visible ASCII characters";

}  // namespace

Result<void> check_outgoing(Outgoing const& message) {
  if (!is_name(message.queue)) return invalid_field("queue", name_rule);
  if (!is_name(message.group)) return invalid_field("group", name_rule);
  if (!message.dedup_key.empty() && !is_name(message.dedup_key)) return invalid_field("dedup_key", name_rule);
  if (message.delay < Micros{0} || message.delay > queue_delay_max)
    return invalid_field("delay", "must be between 0 and 366 days");
  if (message.body.size() > queue_body_bytes_max)
    return fail(Code::too_large, "A message may hold at most 256 KiB.");
  return {};
}

Result<void> check_receive(ReceiveRequest const& request) {
  if (!is_name(request.queue)) return invalid_field("queue", name_rule);
  if (request.max < 1 || request.max > queue_receive_max) return invalid_field("max", "must be 1 to 10");
  if (request.visibility <= Micros{0} || request.visibility > queue_visibility_max)
    return invalid_field("visibility", "must be above 0 and at most 12 hours");
  return {};
}

Result<void> Rules::tell(sql::Transaction& tx, QueueEvent const& event) const {
  return follower == nullptr ? Result<void>{} : follower->on(tx, event);
}

Result<void> RuleBook::declare(std::string const& queue, Rules rules) {
  if (!is_name(queue)) return invalid_field("queue", name_rule);
  if (rules.attempts_max < 1) return invalid_field("attempts_max", "must be at least 1");
  if (rules.backoff_base <= Micros{0} || rules.backoff_max < rules.backoff_base)
    return invalid_field("backoff_base", "must be above 0 and at most backoff_max");
  auto const lock = Lock{mutex_};
  auto const [at, fresh] = rules_.try_emplace(queue, std::make_shared<Rules const>(rules));
  if (!fresh && *at->second != rules)
    return fail(Code::conflict, "The queue \"" + queue + "\" is already declared with other rules.");
  return {};
}

std::shared_ptr<Rules const> RuleBook::of(std::string const& queue) const {
  static auto const usual = std::make_shared<Rules const>();
  auto const lock = Lock{mutex_};
  auto const found = rules_.find(queue);
  return found == rules_.end() ? usual : found->second;
}

}  // namespace hoist::sql_engine::queue
