// The rows of the queue engine, read and written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ports/lifecycle.hpp"
#include "ports/message.hpp"
#include "sql/database.hpp"

namespace hoist::sql_engine::queue {

struct GroupKey {
  std::string queue;
  TenantId tenant;
  std::string group;
  [[nodiscard]] sql::Args args() const { return {queue, tenant.str(), group}; }
};

// See migrations/0003_queue.sql. last_sequence and chain belong to send alone.
struct GroupRow {
  GroupKey key;
  std::int64_t depth = 0;
  std::int64_t fence = 0;
  std::vector<std::int64_t> in_flight;
  Time leased_at;
  std::optional<Time> ready_at;
  std::optional<std::int64_t> blocked_by;
  std::optional<Time> head_sent_at;
};

struct MessageRow {
  MessageId id;
  GroupKey key;
  std::int64_t sequence = 0;
  bool dead = false;
  std::string body;
  std::int64_t attempts = 0;
  Time ready_at;
  Time sent_at;
  Time died_at;
  std::string cause;
};

[[nodiscard]] std::vector<std::int64_t> parse_sequences(std::string_view text);

// Columns that group_of() reads, in its order.
inline constexpr auto group_columns =
    "queue, tenant, group_name, depth, fence, in_flight, leased_us, ready_us, blocked_by, head_sent_us";
[[nodiscard]] GroupRow group_of(sql::Row const& row);
Result<std::optional<GroupRow>> load_group(sql::Transaction& tx, GroupKey const& key);
// The same for who changes it: a group stays as it is found until the transaction ends.
Result<std::optional<GroupRow>> lock_group(sql::Transaction& tx, GroupKey const& key);
// `forget_after`: of the queue's policy; a group that is stored empty may go so much later.
Result<void> store_group(sql::Transaction& tx, GroupRow const& row, std::optional<Micros> forget_after,
                         Time now);

// Groups that hold messages are ready, leased, delayed or blocked, and there are indexes of those: what
// looks for them costs the same however many groups are empty. `rest` narrows both.
[[nodiscard]] std::string select_busy_groups(std::string_view columns, std::string_view rest);
Result<std::int64_t> count_depth(sql::Transaction& tx, std::string const& queue, TenantId const& tenant);

// Columns that message_of() reads, in its order.
inline constexpr auto message_columns =
    "id, queue, tenant, group_name, sequence, state, body, attempts, ready_us, sent_us, died_us, cause";
[[nodiscard]] MessageRow message_of(sql::Row const& row);
Result<std::optional<MessageRow>> load_message(sql::Transaction& tx, std::string const& queue,
                                               TenantId const& tenant, MessageId const& id);

// Looks at who is the head now and sets ready_at and head_sent_at accordingly. For a group with
// nothing in flight; `row` is not stored.
Result<void> find_head(sql::Transaction& tx, GroupRow& row, Time now);

// The delivery in force loses everything from `from_sequence` on; what is left of it stays valid.
Result<void> lose_delivery(sql::Transaction& tx, GroupRow& row, std::int64_t from_sequence, Time now);

[[nodiscard]] DeadLetter dead_letter_of(MessageRow message);
[[nodiscard]] QueueEvent event_of(QueueEvent::Kind kind, MessageRow message,
                                  std::optional<Time> retry_at = std::nullopt);

}  // namespace hoist::sql_engine::queue
