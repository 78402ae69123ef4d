#include "adapters/dynamodb/effects.hpp"

#include <fmt/format.h>

#include "adapters/dynamodb/table_name.hpp"
#include "base/try.hpp"

namespace hoist::dynamodb {
namespace {

json::object text(std::string_view value) {
  return {{"S", value}};
}

json::object number(std::int64_t value) {
  return {{"N", std::to_string(value)}};
}

}  // namespace

Effects::Effects(EffectsOptions options, Clock const& clock, std::unique_ptr<aws::JsonCaller> caller)
    : options_{std::move(options)},
      clock_{clock},
      caller_{std::move(caller)},
      resource_{"table/" + options_.table} {}

Result<std::unique_ptr<Effects>> Effects::open(EffectsOptions options, aws::Account& account,
                                               Clock const& clock, aws::CallOptions calls) {
  if (!is_table_name(options.table))
    return fail(Code::invalid,
                fmt::format("\"{}\" cannot be the name of a table of DynamoDB.", options.table));
  TRY(auto caller, aws::JsonCaller::open({"dynamodb", "DynamoDB_20120810"}, account, std::move(calls)));
  return std::unique_ptr<Effects>{new Effects{std::move(options), clock, std::move(caller)}};
}

Async<bool> Effects::is_recorded(std::string key, Deadline deadline) {
  auto input = json::object{{"TableName", options_.table},
                            {"Key", {{"effect_key", text(key)}}},
                            {"ConsistentRead", true},
                            {"ProjectionExpression", "effect_key"}};
  CO_TRY(auto const answer, co_await caller_->call("GetItem", std::move(input), resource_, deadline));
  co_return answer.contains("Item");
}

Async<bool> Effects::record(Effect effect, Deadline deadline) {
  auto const now = clock_.now();
  auto const end = std::chrono::duration_cast<std::chrono::seconds>((now + options_.keep).time_since_epoch());
  auto input = json::object{{"TableName", options_.table},
                            {"Item",
                             {{"effect_key", text(effect.key)},
                              {"tenant", text(effect.tenant.str())},
                              {"group", text(effect.group)},
                              {"sequence", text(effect.sequence)},
                              {"attempt", number(effect.attempt)},
                              {"done_at", number(to_us(now))},
                              {"expires_at", number(end.count())}}},
                            {"ConditionExpression", "attribute_not_exists(effect_key)"}};
  auto const done = co_await caller_->call("PutItem", std::move(input), resource_, deadline);
  if (!done && done.error().code() == Code::precondition) co_return false;
  if (!done) co_return std::unexpected{done.error()};
  co_return true;
}

}  // namespace hoist::dynamodb
