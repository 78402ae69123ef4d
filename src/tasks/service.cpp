#include "tasks/service.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/try.hpp"
#include "model/chain.hpp"
#include "model/queue_names.hpp"

namespace hoist::tasks {
namespace {

Outgoing message_of(CallContext const& call, NewTask const& task) {
  return {.queue = task_queue,
          .tenant = call.caller.tenant,
          .group = task.group,
          .body = message_body(task, {call.caller.user, call.request_id, call.trace_parent})};
}

void say_accepted(CallContext const& call, std::span<Task const> tasks) {
  if (!log::enabled(log::Level::info)) return;
  for (auto const& task : tasks)
    log::info("a task was accepted", {{"tenant", task.tenant.str()},
                                      {"group", task.group},
                                      {"sequence", std::to_string(task.sequence)},
                                      {"task", task.id.str()},
                                      {"request", call.request_id},
                                      {"trace", call.trace_parent}});
}

// What became of each item: the tasks are those of the items that were not refused.
std::vector<Result<Task>> outcomes_of(std::vector<BatchItem> const& items, std::vector<Task> tasks) {
  auto outcomes = std::vector<Result<Task>>{};
  outcomes.reserve(items.size());
  auto next = tasks.begin();
  for (auto const& item : items) {
    if (auto const* const refused = std::get_if<Error>(&item))
      outcomes.emplace_back(std::unexpected{*refused});
    else
      outcomes.emplace_back(std::move(*next++));
  }
  return outcomes;
}

Result<Proof> proof_of(sql::Transaction& tx, Task task) {
  auto proof = Proof{std::move(task), {}};
  if (proof.task.sequence == 1) {
    proof.previous_chain = first_chain();
    return proof;
  }
  TRY(proof.previous_chain, find_chain(tx, proof.task.tenant, proof.task.group, proof.task.sequence - 1));
  return proof;
}

Result<TaskView> view_of(sql::Transaction& tx, TenantId const& tenant, TaskId const& id) {
  TRY(auto task, find_task(tx, tenant, id));
  TRY(auto events, list_task_events(tx, tenant, id));
  return TaskView{.task = std::move(task), .events = std::move(events)};
}

// What an Idempotency-Key keeps. The rest of the answer never changes and is in the task's row.
json::object remember(Task const& task) {
  return {{"task_id", task.id.str()}};
}

std::string remember(std::vector<Result<Task>> const& outcomes) {
  auto items = json::array{};
  for (auto const& outcome : outcomes) items.push_back(outcome ? remember(*outcome) : json::object{});
  return json::serialize(json::object{{"items", std::move(items)}});
}

Result<Task> repeat(sql::Transaction& tx, TenantId const& tenant, json::object const& kept) {
  auto const& id = kept.at("task_id").as_string();
  return find_task(tx, tenant, TaskId{std::string{id.data(), id.size()}});
}

Result<Task> repeat(sql::Transaction& tx, TenantId const& tenant, std::string const& kept) {
  TRY(auto const value, parse_json(kept));
  return repeat(tx, tenant, value.as_object());
}

// The same request was refused the same items.
Result<std::vector<Result<Task>>> repeat_batch(sql::Transaction& tx, TenantId const& tenant,
                                               std::string const& kept, std::vector<BatchItem> const& items) {
  TRY(auto const value, parse_json(kept));
  auto outcomes = std::vector<Result<Task>>{};
  for (auto const& entry : value.at("items").as_array()) {
    auto const* const refused = std::get_if<Error>(&items.at(outcomes.size()));
    if (entry.as_object().contains("task_id")) {
      TRY(auto task, repeat(tx, tenant, entry.as_object()));
      outcomes.emplace_back(std::move(task));
    } else {
      outcomes.emplace_back(std::unexpected{refused == nullptr ? Error{Code::invalid} : *refused});
    }
  }
  return outcomes;
}

}  // namespace

Service::Service(Ports ports, Options options)
    : ports_{ports},
      options_{std::move(options)},
      created_{ports_.metrics.counter("hoist_tasks_created_total", "Tasks accepted")},
      overdue_{ports_.metrics.gauge("hoist_tasks_overdue", "Tasks past their due date and not finished")} {}

Result<std::vector<Task>> Service::insert(sql::Transaction& tx, Caller const& caller,
                                          std::span<NewTask const* const> wanted,
                                          std::span<Outgoing const> messages) {
  TRY(auto sent, ports_.outbox.send(tx, messages));
  auto tasks = std::vector<Task>{};
  tasks.reserve(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    tasks.push_back({.tenant = caller.tenant,
                     .id = TaskId{sent[i].id.str()},
                     .group = wanted[i]->group,
                     .sequence = sent[i].sequence,
                     .title = wanted[i]->title,
                     .body = messages[i].body,
                     .chain = std::move(sent[i].chain),
                     .user = caller.user,
                     .due_at = wanted[i]->due_at,
                     .created_at = sent[i].sent_at});
  }
  CHECK(insert_tasks(tx, tasks));
  return tasks;
}

void Service::note_ends(std::span<Task const> tasks) {
  if (ports_.ends == nullptr) return;
  for (auto const& task : tasks) ports_.ends->note(task.tenant, task.group);
}

Async<Task> Service::create(CallContext call, NewTask wanted) {
  auto const message = message_of(call, wanted);
  auto const request = idempotent(call, "POST /tasks");
  auto repeated = false;
  auto const work = [&](sql::Transaction& tx) -> Result<Task> {
    TRY(auto const earlier, ports_.idempotency.find(tx, request));
    repeated = earlier.has_value();
    if (earlier) return repeat(tx, call.caller.tenant, earlier->body);
    auto const* const only = &wanted;
    TRY(auto tasks, insert(tx, call.caller, {&only, 1}, {&message, 1}));
    if (!request.key.empty())
      CHECK(ports_.idempotency.store(tx, request, {http_created, json::serialize(remember(tasks.front()))}));
    return std::move(tasks.front());
  };
  CO_TRY(auto task, co_await ports_.database.write(Scope::tenant(call.caller.tenant), work, call.deadline));
  if (repeated) co_return task;
  created_.add();
  note_ends({&task, 1});
  say_accepted(call, {&task, 1});
  co_return task;
}

Async<std::vector<Result<Task>>> Service::create_batch(CallContext call, std::vector<BatchItem> items) {
  auto wanted = std::vector<NewTask const*>{};
  auto messages = std::vector<Outgoing>{};
  for (auto const& item : items) {
    auto const* const task = std::get_if<NewTask>(&item);
    if (task == nullptr) continue;
    wanted.push_back(task);
    messages.push_back(message_of(call, *task));
  }
  auto const request = idempotent(call, "POST /tasks/batch");
  auto repeated = false;
  auto accepted = std::vector<Task>{};
  using Outcomes = std::vector<Result<Task>>;
  auto const work = [&](sql::Transaction& tx) -> Result<Outcomes> {
    TRY(auto const earlier, ports_.idempotency.find(tx, request));
    repeated = earlier.has_value();
    if (earlier) return repeat_batch(tx, call.caller.tenant, earlier->body, items);
    // Whatever fails from here on fails the whole batch, so no group is ever half there.
    TRY(accepted, insert(tx, call.caller, wanted, messages));
    auto outcomes = outcomes_of(items, accepted);
    if (wanted.empty()) return outcomes;
    if (!request.key.empty())
      CHECK(ports_.idempotency.store(tx, request, {http_created, remember(outcomes)}));
    auto counts = json::object{{"tasks", wanted.size()}, {"refused", items.size() - wanted.size()}};
    CHECK(ports_.audit.record(tx, audit_entry(call, "tasks.created", "", std::move(counts))));
    return outcomes;
  };
  CO_TRY(auto outcomes,
         co_await ports_.database.write(Scope::tenant(call.caller.tenant), work, call.deadline));
  if (repeated) co_return outcomes;
  created_.add(static_cast<double>(wanted.size()));
  note_ends(accepted);
  say_accepted(call, accepted);
  co_return outcomes;
}

Async<TaskView> Service::get(TenantId tenant, TaskId id, Deadline deadline) {
  auto const work = [&](sql::Transaction& tx) -> Result<TaskView> {
    TRY(auto view, view_of(tx, tenant, id));
    auto const& task = view.task;
    if (task.state != TaskState::waiting && task.state != TaskState::retrying) return view;
    TRY(view.ahead, count_ahead(tx, tenant, task.group, task.sequence));
    TRY(view.line, look_at_line(tx, tenant, task.group));
    return view;
  };
  co_return co_await ports_.database.read(Scope::tenant(tenant), work, deadline);
}

Async<Page> Service::list(TenantId tenant, ListFilter filter, std::string cursor, int limit,
                          Deadline deadline) {
  auto const scope = fmt::format("tasks\n{}\n{}\n{}", tenant.str(),
                                 filter.state ? to_string(*filter.state) : "", filter.group);
  auto before = TaskId{};
  if (!cursor.empty()) {
    CO_TRY(auto position, options_.cursors.read(scope, cursor));
    before = TaskId{std::move(position)};
  }
  // One more tells whether there is a next page.
  auto const work = [&](sql::Transaction& tx) { return list_tasks(tx, tenant, filter, before, limit + 1); };
  auto page = Page{};
  CO_TRY(page.tasks, co_await ports_.database.read(Scope::tenant(tenant), work, deadline));
  if (std::ssize(page.tasks) > limit) {
    page.tasks.resize(static_cast<std::size_t>(limit));
    page.next_cursor = options_.cursors.make(scope, page.tasks.back().id.str());
  }
  co_return page;
}

// Without a joint consumer the message stays, and is passed over when it is delivered.
Result<void> Service::cancel_message(sql::Transaction& tx, TenantId const& tenant, TaskId const& id) {
  if (ports_.joint != nullptr) return ports_.joint->cancel(tx, task_queue, tenant, MessageId{id.str()});
  auto const change = Change{.to = TaskState::cancelled, .what = "cancelled"};
  CHECK(change_task(tx, tenant, id, change, tx.now()));
  return {};
}

Async<TaskView> Service::cancel(CallContext call, TaskId id) {
  auto const& tenant = call.caller.tenant;
  auto const work = [&](sql::Transaction& tx) -> Result<TaskView> {
    TRY(auto const task, find_task(tx, tenant, id));
    if (task.state == TaskState::dead)
      return fail(Error{Code::conflict, "The task is a dead letter; it can be redriven, not cancelled."});
    if (task.state == TaskState::done) return fail(Error{Code::conflict, "The task is done already."});
    if (task.state == TaskState::running && ports_.joint == nullptr)
      return fail(Error{Code::conflict, "The task is being worked on."});
    if (task.state != TaskState::cancelled) {
      CHECK(cancel_message(tx, tenant, id));
      CHECK(ports_.audit.record(tx, audit_entry(call, "task.cancelled", id.str(), {})));
    }
    return view_of(tx, tenant, id);
  };
  co_return co_await ports_.database.write(Scope::tenant(tenant), work, call.deadline);
}

Async<GroupView> Service::group(TenantId tenant, std::string group, Deadline deadline) {
  auto const work = [&](sql::Transaction& tx) -> Result<GroupView> {
    auto view = GroupView{.name = group, .line = {}, .signed_end = {}};
    TRY(view.line, look_at_line(tx, tenant, group));
    TRY(view.signed_end, find_signed_end(tx, tenant, group));
    return view;
  };
  CO_TRY(auto view, co_await ports_.database.read(Scope::tenant(tenant), work, deadline));
  // A group that was signed and has nothing any more was taken away by other means than ours.
  if (view.line.last_sequence == 0 && view.signed_end.sequence == 0)
    co_return fail(Code::not_found, "There is no such group.");
  co_return view;
}

Async<std::vector<Proof>> Service::group_tasks(TenantId tenant, std::string group,
                                               std::int64_t after_sequence, int limit, Deadline deadline) {
  auto const work = [&](sql::Transaction& tx) -> Result<std::vector<Proof>> {
    TRY(auto tasks, list_group(tx, tenant, group, after_sequence, limit));
    auto proofs = std::vector<Proof>{};
    for (auto& task : tasks) {
      // Within the page the link before is the item before.
      auto const follows = !proofs.empty() && proofs.back().task.sequence + 1 == task.sequence;
      if (follows) {
        auto previous = proofs.back().task.chain;
        proofs.push_back({std::move(task), std::move(previous)});
      } else {
        TRY(auto proof, proof_of(tx, std::move(task)));
        proofs.push_back(std::move(proof));
      }
    }
    return proofs;
  };
  co_return co_await ports_.database.read(Scope::tenant(tenant), work, deadline);
}

Async<Proof> Service::proof(TenantId tenant, TaskId id, Deadline deadline) {
  auto const work = [&](sql::Transaction& tx) -> Result<Proof> {
    TRY(auto task, find_task(tx, tenant, id));
    return proof_of(tx, std::move(task));
  };
  co_return co_await ports_.database.read(Scope::tenant(tenant), work, deadline);
}

Async<> Service::maintain(Deadline deadline) {
  auto const kept = std::chrono::duration_cast<Micros>(options_.retention);
  auto const forget = [&](sql::Transaction& tx) { return forget_tasks(tx, tx.now() - kept, forget_chunk); };
  CO_CHECK(co_await ports_.database.write(Scope::system(), forget, deadline));
  auto const count = [&](sql::Transaction& tx) { return count_overdue(tx, tx.now()); };
  CO_TRY(auto const overdue, co_await ports_.database.read(Scope::system(), count, deadline));
  overdue_.set(static_cast<double>(overdue));
  co_return Result<void>{};
}

}  // namespace hoist::tasks
