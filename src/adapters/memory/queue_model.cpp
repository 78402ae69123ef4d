#include "adapters/memory/queue_model.hpp"

#include <algorithm>
#include <ranges>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "model/chain.hpp"

namespace hoist::memory {
namespace {

bool is_name(std::string const& text) {
  auto const visible = [](unsigned char c) { return c >= 0x21 && c <= 0x7E; };
  return !text.empty() && text.size() <= queue_name_bytes_max && std::ranges::all_of(text, visible);
}

std::unexpected<Error> fenced() {
  return hoist::fail(Error{Code::conflict, "The receipt is no longer valid."}.with_slug("receipt_fenced"));
}

std::unexpected<Error> unknown() {
  return hoist::fail(Code::not_found, "There is no such message.");
}

DedupName dedup_name(Outgoing const& message, QueuePolicy const& policy) {
  auto key = message.dedup_key;
  if (key.empty() && policy.content_dedup) key = hex(sha256(message.body));
  auto const scope = policy.dedup_scope == DedupScope::group ? message.group : std::string{};
  return {message.queue, message.tenant, scope, key};
}

}  // namespace

Entry* Group::head() {
  for (auto& [sequence, entry] : entries)
    if (!entry.died_at) return &entry;
  return nullptr;
}

std::int64_t Group::depth() const {
  return std::ranges::count_if(entries, [](auto const& pair) { return !pair.second.died_at; });
}

bool Group::holds(std::int64_t sequence) const {
  return std::ranges::find(in_flight, sequence) != in_flight.end();
}

Result<void> Rules::declare(std::string const& queue, Declared declared) {
  auto const [at, fresh] = policies_.try_emplace(queue, declared);
  if (!fresh && at->second != declared)
    return hoist::fail(Code::conflict, "The queue is already declared with other rules.");
  return {};
}

Declared const& Rules::policy(std::string const& queue) const {
  static auto const usual = Declared{};
  auto const found = policies_.find(queue);
  return found == policies_.end() ? usual : found->second;
}

Result<Sent> Rules::plan_send(Outgoing const& message,
                              std::vector<std::pair<Outgoing, Sent>> const& ahead) const {
  constexpr auto rule = "must be 1 to 128 visible ASCII characters";
  if (!is_name(message.group)) return invalid_field("group", rule);
  if (!message.dedup_key.empty() && !is_name(message.dedup_key)) return invalid_field("dedup_key", rule);
  if (message.delay < Micros{0}) return invalid_field("delay", "must not be negative");
  if (message.body.size() > queue_body_bytes_max)
    return hoist::fail(Code::too_large, "A message may hold at most 256 KiB.");
  auto const& rules = policy(message.queue);
  auto const name = dedup_name(message, rules);
  auto const repeat = [&](std::string const& body, Sent sent) -> Result<Sent> {
    if (body != message.body) return hoist::fail(Code::conflict, "The same key was used with another body.");
    sent.duplicate = true;
    return sent;
  };
  if (!name.key.empty()) {
    auto const found = known_.find(name);
    if (found != known_.end() && found->second.expires_at > clock_.now())
      return repeat(found->second.body, found->second.sent);
    for (auto const& [other, sent] : ahead)
      if (dedup_name(other, rules) == name) return repeat(other.body, sent);
  }
  auto depth = std::int64_t{0};
  for (auto const& [group_name, group] : groups_)
    if (group_name.queue == message.queue && group_name.tenant == message.tenant) depth += group.depth();
  auto const found = groups_.find({message.queue, message.tenant, message.group});
  auto sequence = found == groups_.end() ? 0 : found->second.last_sequence;
  auto chain = found == groups_.end() ? first_chain() : found->second.chain;
  for (auto const& [other, sent] : ahead) {
    if (other.queue != message.queue || other.tenant != message.tenant || sent.duplicate) continue;
    ++depth;
    if (other.group != message.group) continue;
    sequence = sent.sequence;
    chain = sent.chain;
  }
  if (depth >= rules.depth_max)
    return hoist::fail(Error{Code::throttled, "Too many messages are waiting; send again later."}
                           .with_slug("queue_full")
                           .with_retry_after(1));
  auto result = Sent{.id = MessageId{new_uuid7(clock_.now())}, .sequence = sequence + 1};
  result.sent_at = clock_.now();
  auto const body_hash = hex(sha256(message.body));
  result.chain = next_chain(chain, {.queue = message.queue,
                                    .tenant = message.tenant.str(),
                                    .group = message.group,
                                    .sequence = result.sequence,
                                    .id = result.id.str(),
                                    .sent_at = clock_.now(),
                                    .body_sha256 = body_hash});
  return result;
}

void Rules::apply_send(Outgoing const& message, Sent const& sent) {
  if (sent.duplicate) return;
  auto const now = clock_.now();
  auto& group = groups_[{message.queue, message.tenant, message.group}];
  if (group.depth() == 0) group.turn = now + message.delay;
  group.entries[sent.sequence] = {.id = sent.id,
                                  .body = message.body,
                                  .sequence = sent.sequence,
                                  .ready_at = now + message.delay,
                                  .sent_at = now};
  group.last_sequence = sent.sequence;
  group.chain = sent.chain;
  group.touched = now;
  auto const& rules = policy(message.queue);
  if (auto const name = dedup_name(message, rules); !name.key.empty())
    known_[name] = {message.body, sent, now + rules.dedup_window};
}

bool Rules::has_lease(Group const& group) const {
  return !group.in_flight.empty() && group.lease_ends > clock_.now();
}

Result<Group*> Rules::held(Receipt const& receipt) {
  auto const found = groups_.find({receipt.queue, receipt.tenant, receipt.group});
  if (found == groups_.end()) return unknown();
  auto& group = found->second;
  if (receipt.fence != group.fence || !group.holds(receipt.sequence) || !has_lease(group)) return fenced();
  if (group.entries.at(receipt.sequence).id != receipt.id) return unknown();
  return &group;
}

Result<void> Rules::acknowledge(Receipt const& receipt) {
  auto holder = held(receipt);
  if (!holder) {
    if (holder.error().code() != Code::conflict) return std::unexpected{holder.error()};
    auto const& group = groups_.at({receipt.queue, receipt.tenant, receipt.group});
    auto const loss = group.losses.find(receipt.fence);
    auto const lost = loss != group.losses.end() && loss->second <= receipt.sequence;
    auto const there = group.entries.contains(receipt.sequence);
    if (lost || there || receipt.fence > group.fence || receipt.sequence > group.last_sequence)
      return fenced();
    return {};
  }
  auto& group = **holder;
  if (group.in_flight.front() != receipt.sequence)
    return hoist::fail(Code::conflict, "Earlier messages of this group have to be settled first.");
  group.in_flight.erase(group.in_flight.begin());
  group.entries.erase(receipt.sequence);
  group.turn = clock_.now();
  group.touched = clock_.now();
  return {};
}

void Rules::lose(Group& group, std::int64_t from) {
  group.losses[group.fence] = from;
  std::erase_if(group.in_flight, [&](std::int64_t sequence) { return sequence >= from; });
  if (group.in_flight.empty()) ++group.fence;
  group.turn = clock_.now();
}

void Rules::kill(GroupName const& name, Entry& entry, std::string cause) {
  entry.cause = std::move(cause);
  entry.died_at = clock_.now();
  events_.push_back({.kind = QueueEvent::Kind::dead, .message = dead_letter(name, entry)});
}

Result<void> Rules::fail(Receipt const& receipt, QueueFailure const& failure) {
  TRY(auto* group, held(receipt));
  if (group->in_flight.front() != receipt.sequence)
    return hoist::fail(Code::conflict, "Earlier messages of this group have to be settled first.");
  auto const name = GroupName{receipt.queue, receipt.tenant, receipt.group};
  auto& entry = group->entries.at(receipt.sequence);
  auto const& rules = policy(receipt.queue);
  lose(*group, receipt.sequence);
  ++entry.attempts;
  entry.cause = failure.cause;
  if (failure.permanent || entry.attempts >= rules.attempts_max) {
    kill(name, entry, failure.cause);
    return {};
  }
  auto const luck = std::uniform_real_distribution<double>{0, 1}(random_);
  auto const usual = rules.pauses().after(entry.attempts, luck);
  entry.ready_at = clock_.now() + failure.delay.value_or(usual);
  events_.push_back(
      {.kind = QueueEvent::Kind::retrying, .message = dead_letter(name, entry), .retry_at = entry.ready_at});
  return {};
}

Result<void> Rules::extend(Receipt const& receipt, Micros visibility) {
  if (visibility <= Micros{0} || visibility > queue_visibility_max)
    return invalid_field("visibility", "must be above 0 and at most 12 hours");
  TRY(auto* group, held(receipt));
  if (clock_.now() + visibility > group->leased_at + queue_visibility_max)
    return invalid_field("visibility", "must end within 12 hours of the delivery");
  group->lease_ends = clock_.now() + visibility;
  return {};
}

Result<void> Rules::release(Receipt const& receipt) {
  TRY(auto* group, held(receipt));
  lose(*group, receipt.sequence);
  return {};
}

bool Rules::ready(Group& group) const {
  if (!group.in_flight.empty()) return !has_lease(group);
  auto const* head = group.head();
  return head != nullptr && head->ready_at <= clock_.now();
}

void Rules::expire(GroupName const& name, Group& group) {
  auto& entry = group.entries.at(group.in_flight.front());
  lose(group, entry.sequence);
  auto const cause = std::string{"no answer within the visibility time"};
  entry.cause = cause;
  entry.ready_at = clock_.now();
  if (++entry.attempts >= policy(name.queue).attempts_max) return kill(name, entry, cause);
  events_.push_back(
      {.kind = QueueEvent::Kind::expired, .message = dead_letter(name, entry), .retry_at = entry.ready_at});
}

std::vector<Message> Rules::deliver(GroupName const& name, Group& group, ReceiveRequest const& request,
                                    int max) {
  auto messages = std::vector<Message>{};
  auto const now = clock_.now();
  if (!group.in_flight.empty()) expire(name, group);
  if (!ready(group)) return messages;
  ++group.fence;
  for (auto const& [sequence, entry] : group.entries) {
    if (std::ssize(messages) == max) break;
    if (entry.died_at) continue;
    if (entry.ready_at > now) break;
    group.in_flight.push_back(sequence);
    auto receipt = Receipt{.id = entry.id,
                           .queue = name.queue,
                           .attempt = entry.attempts + 1,
                           .tenant = name.tenant,
                           .group = name.group,
                           .sequence = sequence,
                           .fence = group.fence};
    messages.push_back({.receipt = std::move(receipt),
                        .tenant = name.tenant,
                        .group = name.group,
                        .body = entry.body,
                        .sequence = sequence,
                        .sent_at = entry.sent_at,
                        .attempts_max = policy(name.queue).attempts_max,
                        .visible_until = now + request.visibility});
  }
  group.leased_at = now;
  group.lease_ends = now + request.visibility;
  return messages;
}

// Tenants in turn; of one tenant, the group that has been ready longest.
std::vector<Message> Rules::receive(ReceiveRequest const& request) {
  auto messages = std::vector<Message>{};
  while (std::ssize(messages) < request.max) {
    auto best = std::map<TenantId, std::map<GroupName, Group>::iterator>{};
    for (auto at = groups_.begin(); at != groups_.end(); ++at) {
      if (at->first.queue != request.queue || !ready(at->second)) continue;
      auto const [place, fresh] = best.try_emplace(at->first.tenant, at);
      if (!fresh && at->second.turn < place->second->second.turn) place->second = at;
    }
    if (best.empty()) return messages;
    auto& last = last_tenant_[request.queue];
    auto next = best.upper_bound(TenantId{last});
    if (next == best.end()) next = best.begin();
    last = next->first.str();
    auto& debt = debts_[{request.queue, next->first}];
    if (best.size() > 1 && debt > 1) {
      --debt;
      continue;
    }
    auto const& [name, group] = *next->second;
    auto taken =
        deliver(name, next->second->second, request, request.max - static_cast<int>(messages.size()));
    debt = std::ssize(taken);
    std::ranges::move(taken, std::back_inserter(messages));
  }
  return messages;
}

DeadLetter dead_letter(GroupName const& name, Entry const& entry) {
  return {.id = entry.id,
          .queue = name.queue,
          .tenant = name.tenant,
          .group = name.group,
          .body = entry.body,
          .sequence = entry.sequence,
          .attempts = entry.attempts,
          .cause = entry.cause,
          .died_at = entry.died_at.value_or(Time{})};
}

}  // namespace hoist::memory
