// What a group of tasks does and waits for, answered from the tasks themselves.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sql/transaction.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

struct Line {
  std::int64_t depth = 0;          // not ended
  std::int64_t last_sequence = 0;  // of the newest task ever accepted; 0: there is no such group
  std::string chain;               // of that task
  // Whom everybody in the group waits for: the first that has not ended, or the dead task that blocks.
  std::optional<Task> head;
};

enum class LineState { idle, ready, running, retrying, blocked };

[[nodiscard]] LineState state_of(Line const& line, Time now);
[[nodiscard]] std::string_view to_string(LineState state);
[[nodiscard]] std::string_view reason_of(LineState state);
// Of the head, where its state tells.
[[nodiscard]] std::optional<Time> next_attempt_at(Line const& line, Time now);

Result<Line> look_at_line(sql::Transaction& tx, TenantId const& tenant, std::string const& group);
// How many tasks of the group go before the one of that sequence.
Result<std::int64_t> count_ahead(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                                 std::int64_t sequence);

}  // namespace hoist::tasks
