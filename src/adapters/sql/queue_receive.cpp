#include <algorithm>

#include "adapters/sql/queue_engine.hpp"
#include "base/try.hpp"

namespace hoist::sql::queue {
namespace {

constexpr auto tenants_looked_at_max = 256;  // per receive; the next one goes on from there

struct Candidate {
  TenantId tenant;
  GroupRow group;
};

// The first group, by time, of the first tenant after `after` that has one.
Result<std::optional<Candidate>> next_candidate(Transaction& tx, std::string const& queue,
                                                std::string const& after) {
  TRY(auto const rows,
      tx.query("SELECT tenant, group_name, depth, fence, in_flight, leased_us, ready_us FROM queue_groups "
               "WHERE queue = $1 AND tenant > $2 AND ready_us IS NOT NULL ORDER BY tenant, ready_us LIMIT 1",
               {queue, after}));
  if (rows.empty()) return std::nullopt;
  auto const& row = rows[0];
  auto group = GroupRow{.key = {.queue = queue, .tenant = TenantId{row.text(0)}, .group = row.text(1)},
                        .depth = row.integer(2),
                        .fence = row.integer(3),
                        .in_flight = parse_sequences(row.text(4)),
                        .leased_at = row.time(5),
                        .ready_at = row.time(6)};
  return Candidate{TenantId{row.text(0)}, std::move(group)};
}

Message message_for(MessageRow row, GroupRow const& group, QueuePolicy const& policy, Time until) {
  auto receipt = Receipt{.id = row.id,
                         .queue = row.key.queue,
                         .attempt = row.attempts + 1,
                         .tenant = row.key.tenant,
                         .group = row.key.group,
                         .sequence = row.sequence,
                         .fence = group.fence};
  return Message{.receipt = std::move(receipt),
                 .tenant = std::move(row.key.tenant),
                 .group = std::move(row.key.group),
                 .body = std::move(row.body),
                 .sequence = row.sequence,
                 .sent_at = row.sent_at,
                 .attempts_max = policy.attempts_max,
                 .visible_until = until};
}

}  // namespace

Result<void> Engine::expire(Transaction& tx, GroupRow& group, Time now, Changes& changes) {
  auto const head = group.in_flight.front();
  CHECK(lose_delivery(tx, group, head, now));
  auto args = group.key.args();
  args.emplace_back(head);
  TRY(auto const rows,
      tx.query(std::string{"SELECT "} + message_columns +
                   " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND state = 'w' "
                   "AND sequence = $4",
               std::move(args)));
  if (rows.empty()) return find_head(tx, group, now);
  auto message = message_of(rows[0]);
  auto const rules = policy(group.key.queue);
  ++message.attempts;
  message.cause = "no answer within the visibility time";
  if (message.attempts >= rules->attempts_max) return kill(tx, group, message, message.cause, now, changes);
  // No backoff: the visibility time was already a wait.
  message.ready_at = now;
  CHECK(tx.execute("UPDATE queue_messages SET attempts = $2, ready_us = $3, cause = $4 WHERE id = $1",
                   {message.id.str(), message.attempts, to_us(now), message.cause}));
  if (rules->observe) {
    auto event = QueueEvent{.kind = QueueEvent::Kind::expired, .retry_at = now};
    event.message = dead_letter_of(message);
    CHECK(rules->observe(tx, event));
  }
  return find_head(tx, group, now);
}

Result<std::vector<Message>> Engine::take_group(Transaction& tx, GroupRow& group, ReceiveRequest const& request,
                                                int max, Time now, Changes& changes) {
  // From here on blocked_by and head_sent_us matter too: load all of it.
  TRY(auto loaded, load_group(tx, group.key));
  if (!loaded || loaded->ready_at != group.ready_at) return std::vector<Message>{};
  group = std::move(*loaded);
  if (!group.in_flight.empty()) {
    CHECK(expire(tx, group, now, changes));
    if (!group.ready_at || *group.ready_at > now) {
      CHECK(store_group(tx, group, now));
      return std::vector<Message>{};
    }
  }
  auto args = group.key.args();
  args.emplace_back(std::int64_t{max});
  TRY(auto const rows,
      tx.query(std::string{"SELECT "} + message_columns +
                   " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND state = 'w' "
                   "ORDER BY sequence LIMIT $4",
               std::move(args)));
  auto messages = std::vector<Message>{};
  auto const rules = policy(request.queue);
  auto const until = now + request.visibility;
  ++group.fence;
  for (auto const& row : rows) {
    auto message = message_of(row);
    // The front only: what waits behind a message that is not due yet, waits too.
    if (message.ready_at > now) break;
    group.in_flight.push_back(message.sequence);
    messages.push_back(message_for(std::move(message), group, *rules, until));
  }
  if (messages.empty()) {
    CHECK(find_head(tx, group, now));
  } else {
    group.leased_at = now;
    group.ready_at = until;
  }
  CHECK(store_group(tx, group, now));
  return messages;
}

Result<Received> Engine::receive(Transaction& tx, ReceiveRequest const& request, Time now, Changes& changes) {
  CHECK(check_receive(request));
  auto received = Received{};
  auto const note_next = [&](Time at) {
    if (!received.next_at || at < *received.next_at) received.next_at = at;
  };
  auto after = turns_.last(request.queue);
  auto idle_in_a_row = std::string{};  // where a whole round without a taker began
  auto wrapped = false;
  for (auto looked = 0; looked < tenants_looked_at_max; ++looked) {
    TRY(auto candidate, next_candidate(tx, request.queue, after));
    if (!candidate) {
      if (after.empty() || wrapped) break;
      wrapped = true;
      after.clear();
      continue;
    }
    auto& [tenant, group] = *candidate;
    auto const alone = tenant.str() == after;
    after = tenant.str();
    if (*group.ready_at > now) {
      note_next(*group.ready_at);
      if (idle_in_a_row == after) break;
      if (idle_in_a_row.empty()) idle_in_a_row = after;
      wrapped = false;
      continue;
    }
    wrapped = false;
    if (!turns_.come_to(request.queue, after, alone)) continue;
    auto const room = request.max - static_cast<int>(received.messages.size());
    TRY(auto messages, take_group(tx, group, request, room, now, changes));
    idle_in_a_row.clear();
    turns_.took(request.queue, after, static_cast<std::int64_t>(messages.size()));
    for (auto& message : messages) received.messages.push_back(std::move(message));
    if (std::ssize(received.messages) >= request.max) break;
  }
  return received;
}

}  // namespace hoist::sql::queue
