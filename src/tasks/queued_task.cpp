#include "tasks/queued_task.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "tasks/parse.hpp"

namespace hoist::tasks {
namespace {

constexpr std::size_t tenant_max = 128;

// What XML 1.0 cannot carry, some queues refuse. JSON has another spelling for it.
void escape(std::string& json, std::string_view character, std::string_view spelling) {
  for (auto at = json.find(character); at != json.npos; at = json.find(character, at + spelling.size()))
    json.replace(at, character.size(), spelling);
}

// A UUID of version 8 (RFC 9562): 122 bits of the hash.
std::string uuid_of(std::string_view text) {
  constexpr unsigned char version = 0x80;
  constexpr unsigned char variant = 0x80;
  auto bytes = sha256(text).substr(0, 16);
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | version);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | variant);
  auto const digits = hex(bytes);
  return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                     digits.substr(16, 4), digits.substr(20));
}

}  // namespace

std::string write_queued_task(QueuedTask const& task) {
  auto message = fmt::format(R"({{"task_id":"{}","tenant":{},"group":"{}","accepted_at":"{}","task":{}}})",
                             task.id.str(), json::serialize(json::string{task.tenant.str()}), task.group,
                             to_rfc3339(task.accepted_at), task.body);
  escape(message, "\xEF\xBF\xBE", "\\uFFFE");
  escape(message, "\xEF\xBF\xBF", "\\uFFFF");
  return message;
}

Result<QueuedTask> read_queued_task(std::string_view message) {
  TRY(auto const parsed, parse_json(message));
  auto const* object = parsed.if_object();
  if (object == nullptr) return fail(Code::invalid, "The message is no JSON object.");
  auto fields = Fields{*object};
  auto task = QueuedTask{};
  task.id = TaskId{fields.text("task_id", {})};
  task.tenant = TenantId{fields.text("tenant", {.max = tenant_max})};
  task.group = fields.text("group", {.max = group_max});
  if (auto const accepted = fields.optional_time("accepted_at")) task.accepted_at = *accepted;
  if (auto const* body = fields.object("task")) {
    task.body = json::serialize(*body);
    task.due_at = Fields{*body, "task."}.optional_time("due_date");
  }
  if (!is_uuid(task.id.str())) fields.refuse("task_id", "must be a UUID");
  CHECK(fields.finish());
  return task;
}

TaskId id_of_call(CallContext const& call, Time now) {
  if (call.idempotency_key.empty()) return TaskId{new_uuid7(now)};
  return TaskId{uuid_of(fmt::format("hoist task\n{}\n{}\n{}\n{}", call.caller.tenant.str(),
                                    call.caller.user.str(), call.idempotency_key, call.body_sha256))};
}

}  // namespace hoist::tasks
