#include <fmt/format.h>

#include <algorithm>

#include "adapters/sql/queue_engine.hpp"
#include "base/try.hpp"

namespace hoist::sql_engine::queue {
namespace {

constexpr auto tenants_looked_at_max = 256;  // per receive; the next one goes on from there

Result<std::optional<GroupRow>> first_group(sql::Transaction& tx, std::string_view which, sql::Args args) {
  auto const text = fmt::format(
      "SELECT {} FROM queue_groups WHERE queue = $1 AND tenant {} $2 AND ready_us IS NOT NULL "
      "ORDER BY tenant, ready_us LIMIT 1",
      group_columns, which);
  TRY(auto const rows, tx.query(text, std::move(args)));
  if (rows.empty()) return std::nullopt;
  return group_of(rows[0]);
}

// The group to look at next of the first tenant after `after` that has one, round and round.
Result<std::optional<GroupRow>> next_group(sql::Transaction& tx, std::string const& queue,
                                           std::string const& after) {
  TRY(auto group, first_group(tx, ">", {queue, after}));
  if (group || after.empty()) return group;
  return first_group(tx, ">", {queue, std::string{}});
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

Result<void> Engine::expire(sql::Transaction& tx, GroupRow& group, Time now, Changes& changes) {
  auto const head = group.in_flight.front();
  CHECK(lose_delivery(tx, group, head, now));
  auto args = group.key.args();
  args.emplace_back(head);
  TRY(auto const rows,
      tx.query(
          std::string{"SELECT "} + message_columns +
              " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND state = 'w' "
              "AND sequence = $4",
          std::move(args)));
  if (rows.empty()) return find_head(tx, group, now);
  auto message = message_of(rows[0]);
  auto const rules = this->rules(group.key.queue);
  ++message.attempts;
  message.cause = "no answer within the visibility time";
  if (message.attempts >= rules->attempts_max) return kill(tx, group, message, message.cause, now, changes);
  // No backoff: the visibility time was already a wait.
  message.ready_at = now;
  CHECK(tx.execute("UPDATE queue_messages SET attempts = $2, ready_us = $3, cause = $4 WHERE id = $1",
                   {message.id.str(), message.attempts, to_us(now), message.cause}));
  CHECK(rules->tell(tx, event_of(QueueEvent::Kind::expired, std::move(message), now)));
  return find_head(tx, group, now);
}

Result<std::vector<Message>> Engine::take_group(sql::Transaction& tx, GroupRow& group,
                                                ReceiveRequest const& request, int max, Time now,
                                                Changes& changes) {
  if (!group.in_flight.empty()) {
    CHECK(expire(tx, group, now, changes));
    if (!group.ready_at || *group.ready_at > now) {
      CHECK(store(tx, group, now));
      return std::vector<Message>{};
    }
  }
  auto args = group.key.args();
  args.emplace_back(std::int64_t{max});
  TRY(auto const rows,
      tx.query(
          std::string{"SELECT "} + message_columns +
              " FROM queue_messages WHERE queue = $1 AND tenant = $2 AND group_name = $3 AND state = 'w' "
              "ORDER BY sequence LIMIT $4",
          std::move(args)));
  auto messages = std::vector<Message>{};
  auto const rules = this->rules(request.queue);
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
  CHECK(store(tx, group, now));
  return messages;
}

// Whether the transaction may take from the group: it is due and the tenant's rows are this transaction's
// own. Nothing: by then there is no group of the tenant left to look at.
Result<std::optional<bool>> Engine::may_take(sql::Transaction& tx, GroupRow& group, Time now) {
  if (*group.ready_at > now) return false;
  auto const tenant = group.key.tenant;
  TRY(auto const claim, tx.claim(tenant));
  if (claim == sql::Claim::refused) round_robin_.pass_over(group.key.queue, tenant);
  if (claim != sql::Claim::granted) return claim == sql::Claim::held;
  TRY(auto again, first_group(tx, "=", {group.key.queue, tenant.str()}));
  if (!again) return std::nullopt;
  group = std::move(*again);
  return *group.ready_at <= now;
}

Result<Received> Engine::receive(sql::Transaction& tx, ReceiveRequest const& request, Time now,
                                 Changes& changes) {
  CHECK(check_receive(request));
  auto received = Received{};
  auto walk = FairWalk{round_robin_, request.queue};
  auto after = round_robin_.last(request.queue);
  auto circle = std::string{};  // the first tenant passed over since something happened
  for (auto looked = 0; std::ssize(received.messages) < request.max; ++looked) {
    if (looked == tenants_looked_at_max) {
      walk.go_on_from(after);
      received.next_at = now;
      break;
    }
    TRY(auto group, next_group(tx, request.queue, after));
    if (!group) break;
    auto const alone = group->key.tenant.str() == after;
    after = group->key.tenant.str();
    TRY(auto const mine, may_take(tx, *group, now));
    if (!mine) continue;
    if (!*mine) {
      if (*group->ready_at <= now)
        received.refused = group->key.tenant;
      else
        received.next_at = std::min(received.next_at.value_or(*group->ready_at), *group->ready_at);
      if (circle == after) break;
      if (circle.empty()) circle = after;
      continue;
    }
    circle.clear();
    if (!walk.come_to(after, alone)) continue;
    auto const room = request.max - static_cast<int>(received.messages.size());
    TRY(auto messages, take_group(tx, *group, request, room, now, changes));
    walk.took(after, std::ssize(messages));
    for (auto& message : messages) received.messages.push_back(std::move(message));
  }
  std::move(walk).keep(tx);
  return received;
}

}  // namespace hoist::sql_engine::queue
