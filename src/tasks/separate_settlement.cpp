#include "tasks/separate_settlement.hpp"

#include "base/try.hpp"

namespace hoist::tasks {
namespace {

constexpr auto settle_max = std::chrono::seconds{30};

// Another worker's attempt is the task's last, so this one's outcome is not its own to tell.
std::unexpected<Error> too_late() {
  return fail(Code::conflict, "Another worker has taken the task over.");
}

}  // namespace

Async<std::optional<Work>> SeparateSettlement::begin(Message message) {
  auto const start = [&](sql::Transaction& tx) { return begin_attempt(tx, message.receipt, tx.now()); };
  CO_TRY(auto const number,
         co_await ports_.database.write(Scope::tenant(message.tenant), start, deadline_in(settle_max)));
  if (!number) {
    CO_CHECK(co_await skip(message));
    co_return std::nullopt;
  }
  auto work = Work{std::move(message), *number};
  co_return std::optional{std::move(work)};
}

// Delivered although it is finished. A dead task's message goes where its row says that it is.
Async<> SeparateSettlement::skip(Message const& message) {
  auto const id = TaskId{message.receipt.id.str()};
  auto const look = [&](sql::Transaction& tx) -> Result<std::optional<Task>> {
    auto task = find_task(tx, message.tenant, id);
    if (task) return std::move(*task);
    if (task.error().code() == Code::not_found) return std::nullopt;
    return std::unexpected{task.error()};
  };
  CO_TRY(auto const task,
         co_await ports_.database.read(Scope::tenant(message.tenant), look, deadline_in(settle_max)));
  if (task && task->state == TaskState::dead) {
    auto failure = QueueFailure{.cause = task->last_error, .permanent = true};
    co_return co_await ports_.consumer.fail(message.receipt, std::move(failure), deadline_in(settle_max));
  }
  CO_CHECK(co_await ports_.consumer.acknowledge(message.receipt, deadline_in(settle_max)));
  ports_.meter.repeated.add();
  co_return Result<void>{};
}

Async<std::optional<Work>> SeparateSettlement::settle(Work const& work, Outcome const& outcome) {
  auto const& receipt = work.message.receipt;
  if (!outcome.done) {
    CO_CHECK(co_await ports_.consumer.fail(receipt, outcome.as_failure(), deadline_in(settle_max)));
    ports_.meter.failed.add();
    co_return std::nullopt;
  }
  auto const finish = [&](sql::Transaction& tx) -> Result<void> {
    auto const now = tx.now();
    TRY(auto const finished, finish_task(tx, receipt, now));
    if (!finished) {
      TRY(auto const task, find_task(tx, receipt.tenant, TaskId{receipt.id.str()}));
      return task.state == TaskState::done ? Result<void>{} : too_late();
    }
    tx.after_commit([this, &work, finished, now] {
      ports_.meter.ended(finished, now);
      log_done(work.message);
    });
    return {};
  };
  CO_CHECK(co_await ports_.database.write(Scope::tenant(receipt.tenant), finish, deadline_in(settle_max)));
  CO_CHECK(co_await ports_.consumer.acknowledge(receipt, deadline_in(settle_max)));
  co_return std::nullopt;
}

Async<bool> SeparateSettlement::record(std::vector<Message> messages) {
  auto const work = [&](sql::Transaction& tx) -> Result<void> {
    for (auto const& message : messages) {
      auto const now = tx.now();
      TRY(auto const finished, begin_and_finish(tx, message.receipt, now));
      tx.after_commit([this, message, finished, now] {
        ports_.meter.ended(finished, now);
        if (finished) log_done(message);
      });
    }
    return {};
  };
  auto scope = claiming_tenants_of(messages);
  CO_CHECK(co_await ports_.database.write(std::move(scope), work, deadline_in(settle_max)));
  for (auto const& message : messages)
    CO_CHECK(co_await ports_.consumer.acknowledge(message.receipt, deadline_in(settle_max)));
  co_return false;
}

}  // namespace hoist::tasks
