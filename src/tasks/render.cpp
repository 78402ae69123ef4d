#include "tasks/render.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "model/queue_names.hpp"
#include "net/refused_batch.hpp"

namespace hoist::tasks {
namespace {

constexpr auto created_message = "Task created successfully";

json::value time_or_null(std::optional<Time> const& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value(nullptr);
}

json::value text_or_null(std::string const& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object timeline_entry(Time at, std::string_view what) {
  return {{"at", to_rfc3339(at)}, {"what", what}};
}

json::array timeline(TaskView const& view) {
  auto const& task = view.task;
  auto lines = json::array{};
  lines.push_back(timeline_entry(task.created_at, "accepted"));
  auto const started = [&] {
    auto line = timeline_entry(*task.started_at, "started");
    line["attempt"] = task.attempts;
    lines.push_back(std::move(line));
  };
  // The row knows its last start; earlier ones show as what came of them.
  auto shown = !task.started_at || task.state == TaskState::cancelled;
  for (auto const& event : view.events) {
    if (!shown && event.attempt == task.attempts && event.at >= *task.started_at) {
      started();
      shown = true;
    }
    auto line = timeline_entry(event.at, event.what);
    line["attempt"] = event.attempt;
    if (!event.detail.empty()) line["detail"] = event.detail;
    lines.push_back(std::move(line));
  }
  if (!shown) started();
  if (task.state == TaskState::done) lines.push_back(timeline_entry(*task.finished_at, "done"));
  return lines;
}

json::value waits_for(Task const& task, Line const& line, Time now) {
  if (!line.head) return nullptr;
  auto const& head = *line.head;
  auto const state = state_of(line, now);
  auto const itself = head.id == task.id;
  if (itself && state != LineState::retrying) return nullptr;
  return json::object{{"task_id", head.id.str()},
                      {"sequence", head.sequence},
                      {"status", to_string(head.state)},
                      {"attempts", head.attempts},
                      {"last_error", text_or_null(head.last_error)},
                      {"next_attempt_at", time_or_null(next_attempt_at(line, now))},
                      {"reason", itself ? "its own next attempt" : reason_of(state)}};
}

void append_due(std::string& out, std::optional<Time> due_at, Time created_at) {
  if (!due_at) return;
  fmt::format_to(std::back_inserter(out), R"(,"due_date":"{}","overdue":{})", to_rfc3339(*due_at),
                 is_overdue(due_at, {}, created_at));
}

void append_created(std::string& out, Task const& task) {
  fmt::format_to(std::back_inserter(out),
                 R"("task_id":"{}","message":"{}","sequence":{},"group":"{}","durable":"fsync","chain":"{}")",
                 task.id.str(), created_message, task.sequence, task.group, task.chain);
  append_due(out, task.due_at, task.created_at);
}

}  // namespace

std::string render_created(Task const& task) {
  auto out = std::string{"{"};
  append_created(out, task);
  return out + "}";
}

std::string render_accepted(AcceptedTask const& accepted) {
  auto const& task = accepted.task;
  auto out =
      fmt::format(R"({{"task_id":"{}","message":"{}","group":"{}","durable":"queue","queue_sequence":"{}")",
                  task.id.str(), created_message, task.group, accepted.queue_sequence);
  append_due(out, task.due_at, task.accepted_at);
  return out + "}";
}

std::string render_batch(std::vector<Result<Task>> const& outcomes) {
  auto out = std::string{R"({"items":[)"};
  auto created = std::size_t{0};
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (i > 0) out += ',';
    if (outcomes[i]) {
      ++created;
      out += fmt::format(R"({{"index":{},"status":201,)", i);
      append_created(out, *outcomes[i]);
      out += '}';
    } else {
      out += json::serialize(net::refused_item(i, outcomes[i].error()));
    }
  }
  return out + fmt::format(R"(],"created":{},"refused":{}}})", created, outcomes.size() - created);
}

json::object render_task(Task const& task, Time now) {
  auto shown = json::object{{"task_id", task.id.str()},
                            {"group", task.group},
                            {"sequence", task.sequence},
                            {"status", to_string(task.state)},
                            {"title", task.title}};
  if (auto const body = parse_json(task.body); body && body->is_object()) {
    auto const& members = body->get_object();
    for (auto const name : {"description", "priority"})
      if (auto const* value = members.if_contains(name)) shown[name] = *value;
  }
  shown["due_date"] = time_or_null(task.due_at);
  shown["overdue"] = is_overdue(task.due_at, task.finished_at, now);
  shown["created_by"] = task.user.str();
  shown["created_at"] = to_rfc3339(task.created_at);
  shown["started_at"] = time_or_null(task.started_at);
  shown["finished_at"] = time_or_null(task.finished_at);
  shown["attempts"] = task.attempts;
  shown["last_error"] = text_or_null(task.last_error);
  shown["next_attempt_at"] = time_or_null(task.retry_at);
  shown["chain"] = task.chain;
  return shown;
}

json::object render_view(TaskView const& view, Time now) {
  auto shown = render_task(view.task, now);
  shown["position"] = nullptr;
  shown["waits_for"] = nullptr;
  if (view.ahead) shown["position"] = *view.ahead + 1;
  if (view.line) shown["waits_for"] = waits_for(view.task, *view.line, now);
  shown["timeline"] = timeline(view);
  return shown;
}

json::object render_group(GroupView const& view, Time now) {
  auto const& line = view.line;
  auto const state = state_of(line, now);
  auto const running = state == LineState::running ? 1 : 0;
  auto shown = json::object{{"group", view.name},
                            {"status", to_string(state)},
                            {"reason", reason_of(state)},
                            {"depth", line.depth},
                            {"waiting", line.depth - running},
                            {"last_sequence", line.last_sequence},
                            {"chain", line.chain},
                            {"signed_sequence", view.signed_end.sequence},
                            {"signed_chain", view.signed_end.chain},
                            {"next_attempt_at", time_or_null(next_attempt_at(line, now))},
                            {"head", nullptr}};
  if (line.head) shown["head"] = render_task(*line.head, now);
  return shown;
}

json::object render_proof(Proof const& proof) {
  auto const& task = proof.task;
  return {{"task_id", task.id.str()},
          {"queue", task_queue},
          {"tenant", task.tenant.str()},
          {"group", task.group},
          {"sequence", task.sequence},
          {"sent_us", to_us(task.created_at)},
          {"body", task.body},
          {"body_sha256", hex(sha256(task.body))},
          {"previous_chain", text_or_null(proof.previous_chain)},
          {"chain", task.chain},
          {"title", task.title},
          {"due_date", time_or_null(task.due_at)},
          {"created_by", task.user.str()},
          {"status", to_string(task.state)},
          {"attempts", task.attempts},
          {"delivery", task.fence},
          {"redriven", task.redriven},
          {"started_at", time_or_null(task.started_at)},
          {"finished_at", time_or_null(task.finished_at)},
          {"last_error", text_or_null(task.last_error)}};
}

}  // namespace hoist::tasks
