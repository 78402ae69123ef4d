#include "tasks/joint_settlement.hpp"

#include "base/try.hpp"
#include "model/queue_names.hpp"

namespace hoist::tasks {
namespace {

constexpr auto settle_max = std::chrono::seconds{30};
constexpr auto repeats_skipped_max = 10;  // finished tasks passed over in one transaction

}  // namespace

ReceiveRequest JointSettlement::request(int max) const {
  auto request = ReceiveRequest{.queue = task_queue, .max = max};
  request.visibility = options_.visibility;
  return request;
}

Async<std::optional<Work>> JointSettlement::begin(Message message) {
  auto const start = [&](sql::Transaction& tx) -> Result<std::optional<Work>> {
    TRY(auto const number, begin_attempt(tx, message.receipt, tx.now()));
    if (number) return Work{message, *number};
    CHECK(skip(tx, message));
    return next(tx);
  };
  co_return co_await ports_.database.write(Scope::claiming({message.tenant}), start, deadline_in(settle_max));
}

// Delivered again although it is finished: there is nothing left to do but to say so.
Result<void> JointSettlement::skip(sql::Transaction& tx, Message const& message) {
  CHECK(queue_.acknowledge(tx, message.receipt));
  tx.after_commit([this] { ports_.meter.repeated.add(); });
  return {};
}

Result<std::optional<Work>> JointSettlement::next(sql::Transaction& tx) {
  for (auto i = 0; i < repeats_skipped_max && !options_.stopping(); ++i) {
    TRY(auto messages, queue_.receive(tx, request(1)));
    if (messages.empty()) break;
    TRY(auto const number, begin_attempt(tx, messages[0].receipt, tx.now()));
    if (number) return Work{std::move(messages[0]), *number};
    CHECK(skip(tx, messages[0]));
  }
  return std::nullopt;
}

Async<std::optional<Work>> JointSettlement::settle(Work const& work, Outcome const& outcome) {
  auto const change = [&](sql::Transaction& tx) -> Result<std::optional<Work>> {
    CHECK(end(tx, work, outcome));
    return next(tx);
  };
  auto scope = Scope::claiming({work.message.tenant});
  co_return co_await ports_.database.write(std::move(scope), change, deadline_in(settle_max));
}

Result<void> JointSettlement::end(sql::Transaction& tx, Work const& work, Outcome const& outcome) {
  auto const& receipt = work.message.receipt;
  if (outcome.done) {
    auto const now = tx.now();
    TRY(auto const finished, finish_task(tx, receipt, now));
    CHECK(queue_.acknowledge(tx, receipt));
    when_committed(tx, work.message, finished, now);
    return {};
  }
  CHECK(queue_.fail(tx, receipt, outcome.as_failure()));
  tx.after_commit([this] { ports_.meter.failed.add(); });
  return {};
}

Async<bool> JointSettlement::record(std::vector<Message> messages) {
  auto const work = [&](sql::Transaction& tx) { return record_some(tx, messages); };
  auto scope = claiming_tenants_of(messages);
  CO_TRY(auto const done, co_await ports_.database.write(std::move(scope), work, deadline_in(settle_max)));
  co_return done >= options_.tasks_per_commit;
}

// Each task starts and ends at its place in the order; all of it commits together. Does not touch
// `messages`, since a transaction may be run again.
Result<int> JointSettlement::record_some(sql::Transaction& tx, std::vector<Message> const& messages) {
  CHECK(record_each(tx, messages));
  auto count = static_cast<int>(messages.size());
  while (count < options_.tasks_per_commit && !options_.stopping()) {
    TRY(auto const more, queue_.receive(tx, request(queue_receive_max)));
    if (more.empty()) break;
    CHECK(record_each(tx, more));
    count += static_cast<int>(more.size());
  }
  return count;
}

Result<void> JointSettlement::record_each(sql::Transaction& tx, std::vector<Message> const& messages) {
  for (auto const& message : messages) {
    auto const now = tx.now();
    TRY(auto const finished, begin_and_finish(tx, message.receipt, now));
    CHECK(queue_.acknowledge(tx, message.receipt));
    when_committed(tx, message, finished, now);
  }
  return {};
}

void JointSettlement::when_committed(sql::Transaction& tx, Message const& message,
                                     std::optional<Finished> const& task, Time now) {
  tx.after_commit([this, message, task, now] {
    ports_.meter.ended(task, now);
    if (task) log_done(message);
  });
}

}  // namespace hoist::tasks
