#include "tasks/parse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/try.hpp"

namespace hoist::tasks {
namespace {

constexpr auto group_rule = "must be 1 to 128 of A-Z a-z 0-9 . _ : @ = + ~ -";

NewTask read_task(Fields& fields) {
  auto task = NewTask{};
  task.title = fields.text("title", {.max = title_max, .trimmed = true});
  task.description =
      fields.text("description", {.min = 0, .max = description_max, .trimmed = true, .line_breaks = true});
  task.priority = fields.choice("priority", {"low", "medium", "high"});
  if (fields.any("due_date") != nullptr) task.due_at = fields.optional_time("due_date");
  if (auto group = fields.optional_text("group", {.max = group_max})) {
    if (!is_group(*group)) fields.refuse("group", group_rule);
    task.group = std::move(*group);
  }
  return task;
}

// The group of a task that may be wrong otherwise; nothing if even that cannot be told.
std::optional<std::string> group_of(json::value const& item) {
  auto const* object = item.if_object();
  if (object == nullptr) return std::nullopt;
  auto const* group = object->if_contains("group");
  if (group == nullptr) return default_group;
  auto const* text = group->if_string();
  if (text == nullptr || !is_group({text->data(), text->size()})) return std::nullopt;
  return std::string{text->data(), text->size()};
}

Error held_back(std::string detail) {
  return Error{Code::invalid, std::move(detail)}.with_slug("group_refused");
}

}  // namespace

bool is_group(std::string_view text) {
  auto const allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"._:@=+~-"}.contains(c);
  };
  return !text.empty() && text.size() <= group_max && text != "." && text != ".." &&
         std::ranges::all_of(text, allowed);
}

Result<NewTask> parse_new_task(json::object const& body) {
  auto fields = Fields{body};
  auto task = read_task(fields);
  CHECK(fields.finish());
  return task;
}

Result<std::vector<BatchItem>> parse_new_batch(json::object const& body) {
  auto fields = Fields{body};
  auto const* array = fields.array("tasks", batch_tasks_max);
  if (array != nullptr && array->empty()) fields.refuse("tasks", "must not be empty");
  CHECK(fields.finish());
  auto items = std::vector<BatchItem>{};
  auto refused_groups = std::set<std::string>{};
  auto lost = std::optional<std::size_t>{};  // a wrong task of an unknown group
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto const& value = (*array)[i];
    static auto const none = json::object{};
    auto reader = Fields{value.is_object() ? value.get_object() : none, fmt::format("tasks[{}].", i)};
    if (!value.is_object()) reader.refuse("", "must be an object");
    auto task = value.is_object() ? read_task(reader) : NewTask{};
    auto errors = reader.take_errors();
    if (errors.empty()) {
      items.emplace_back(std::move(task));
      continue;
    }
    items.emplace_back(invalid_fields(std::move(errors)).error());
    if (auto group = group_of(value))
      refused_groups.insert(std::move(*group));
    else
      lost = i;
  }
  for (auto& item : items) {
    auto const* task = std::get_if<NewTask>(&item);
    if (task == nullptr) continue;
    if (lost)
      item = held_back(fmt::format("tasks[{}] is wrong, and of which group it is cannot be told.", *lost));
    else if (refused_groups.contains(task->group))
      item = held_back("Another task of the group \"" + task->group + "\" is wrong.");
  }
  return items;
}

namespace {

// 00-{32 digits}-{16 digits}-01
std::string_view trace_id_of(std::string_view trace_parent) {
  constexpr auto at = std::size_t{3};
  constexpr auto digits = std::size_t{32};
  return trace_parent.size() < at + digits ? std::string_view{} : trace_parent.substr(at, digits);
}

// Without parsing all of it: inside of a string the quotes would be escaped.
std::string text_in(std::string_view body, std::string_view name) {
  auto const member = fmt::format(R"("{}":")", name);
  auto const at = body.rfind(member);
  if (at == body.npos) return {};
  auto const value = body.substr(at + member.size());
  return std::string{value.substr(0, value.find('"'))};
}

}  // namespace

std::string message_body(NewTask const& task, AskedBy const& by) {
  auto body =
      json::object{{"title", task.title}, {"description", task.description}, {"priority", task.priority}};
  if (task.due_at) body["due_date"] = to_rfc3339(*task.due_at);
  body["created_by"] = by.user.str();
  if (by.request_id != trace_id_of(by.trace_parent)) body["request_id"] = by.request_id;
  if (!by.trace_parent.empty()) body["traceparent"] = by.trace_parent;
  return json::serialize(body);
}

std::string trace_of(std::string_view body) {
  return text_in(body, "traceparent");
}

std::string request_of(std::string_view body) {
  auto given = text_in(body, "request_id");
  return given.empty() ? std::string{trace_id_of(trace_of(body))} : given;
}

}  // namespace hoist::tasks
