#include "tasks/settlement.hpp"

#include "base/log.hpp"
#include "tasks/joint_settlement.hpp"
#include "tasks/parse.hpp"
#include "tasks/separate_settlement.hpp"

namespace hoist::tasks {

TaskMeter::TaskMeter(Metrics& metrics)
    : in_time{metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "met"}})},
      late{metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "missed"}})},
      undated{metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "none"}})},
      failed{metrics.counter("hoist_tasks_attempts_failed_total", "Attempts that failed")},
      repeated{metrics.counter("hoist_tasks_repeats_skipped_total",
                               "Deliveries of tasks that were finished already")},
      seconds{metrics.histogram("hoist_tasks_seconds", "From accepted to done", Metrics::seconds_bounds())} {}

void TaskMeter::ended(std::optional<Finished> const& task, Time now) {
  if (!task) return repeated.add();
  (!task->due_at ? undated : now <= *task->due_at ? in_time : late).add();
  seconds.observe(static_cast<double>((now - task->created_at).count()) / 1e6);
}

Scope claiming_tenants_of(std::vector<Message> const& messages) {
  auto tenants = std::vector<TenantId>{};
  for (auto const& message : messages) tenants.push_back(message.tenant);
  return Scope::claiming(std::move(tenants));
}

void log_done(Message const& message) {
  if (log::enabled(log::Level::info))
    log::info("a task is done", {{"tenant", message.tenant.str()},
                                 {"group", message.group},
                                 {"sequence", std::to_string(message.sequence)},
                                 {"task", message.receipt.id.str()},
                                 {"request", request_of(message.body)},
                                 {"trace", trace_of(message.body)}});
}

std::unique_ptr<Settlement> make_settlement(SettlementPorts ports, SettlementOptions options) {
  if (ports.joint != nullptr) return std::make_unique<JointSettlement>(ports, std::move(options));
  return std::make_unique<SeparateSettlement>(ports);
}

}  // namespace hoist::tasks
