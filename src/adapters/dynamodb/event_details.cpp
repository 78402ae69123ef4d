#include "adapters/dynamodb/event_details.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "adapters/dynamodb/table_name.hpp"
#include "base/at_once.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::dynamodb {
namespace {

constexpr auto service_name = "dynamodb";
constexpr auto service_target = "DynamoDB_20120810";
constexpr auto index_name = "byTenant";
constexpr std::size_t keys_max = 100;  // of a BatchGetItem
constexpr int barren_rounds_max = 5;   // answers without a single item before a read gives up

// A value as DynamoDB writes it: {"S": "text"}.
json::object value(std::string_view type, std::string_view text) {
  return {{type, text}};
}

std::string_view text_of(json::object const& item, std::string_view name, std::string_view type) {
  auto const* attribute = item.if_contains(name);
  auto const* typed =
      attribute != nullptr && attribute->is_object() ? attribute->get_object().if_contains(type) : nullptr;
  return typed != nullptr && typed->is_string() ? std::string_view{typed->get_string()} : std::string_view{};
}

json::object key_of(TenantId const& tenant, EventId const& id) {
  return {{"eventId", value("S", id.str())}, {"tenant", value("S", tenant.str())}};
}

// An item is charged by its names and values.
std::size_t bytes_of(json::object const& item) {
  auto bytes = std::size_t{0};
  for (auto const& attribute : item) {
    bytes += attribute.key().size();
    for (auto const& typed : attribute.value().get_object())
      bytes += typed.value().is_string() ? typed.value().get_string().size() : 1;
  }
  return bytes;
}

// Of several that are put together, the first put of an event counts, and a redaction before all.
std::vector<OutboxItem> one_an_event(std::vector<OutboxItem> items) {
  auto place = std::map<std::pair<TenantId, EventId>, std::size_t>{};
  auto kept = std::vector<OutboxItem>{};
  for (auto& item : items) {
    auto const [at, is_new] = place.try_emplace({item.tenant, item.event}, kept.size());
    if (is_new)
      kept.push_back(std::move(item));
    else if (item.redaction)
      kept[at->second] = std::move(item);
  }
  return kept;
}

EventDetail detail_of(json::object const& item) {
  auto const* redacted = item.if_contains("redacted");
  return {unbase64(text_of(item, "salt", "B")).value_or(std::string{}),
          std::string{text_of(item, "details", "S")}, redacted != nullptr};
}

// The array at `name`, or an empty one: a service that leaves out what is empty says the same.
json::array array_of(json::object& object, std::string_view name) {
  auto* found = object.if_contains(name);
  return found != nullptr && found->is_array() ? std::move(found->get_array()) : json::array{};
}

json::object object_of(json::object& object, std::string_view name) {
  auto* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? std::move(found->get_object()) : json::object{};
}

}  // namespace

EventDetails::EventDetails(EventDetailsOptions options, Clock const& clock, aws::RetryOptions retry,
                           std::unique_ptr<aws::JsonCaller> caller)
    : options_{std::move(options)},
      clock_{clock},
      retry_{std::move(retry)},
      caller_{std::move(caller)},
      resource_{"table/" + options_.table} {}

Result<std::unique_ptr<EventDetails>> EventDetails::open(EventDetailsOptions options, aws::Account& account,
                                                         Clock const& clock, aws::CallOptions calls) {
  if (!is_table_name(options.table))
    return fail(Code::invalid,
                fmt::format("\"{}\" cannot be the name of a table of DynamoDB.", options.table));
  auto retry = calls.retry;
  TRY(auto caller, aws::JsonCaller::open({service_name, service_target}, account, std::move(calls)));
  return std::unique_ptr<EventDetails>{
      new EventDetails{std::move(options), clock, std::move(retry), std::move(caller)}};
}

json::object EventDetails::item_of(OutboxItem const& item) const {
  auto attributes = key_of(item.tenant, item.event);
  if (item.redaction) {
    attributes["redacted"] = json::object{{"BOOL", true}};
    return attributes;
  }
  attributes["keptFor"] =
      value("S", item.tenant.str());  // what the index is made of: a tombstone is not in it
  attributes["salt"] = value("B", base64(item.salt));
  attributes["details"] = value("S", item.details);
  if (options_.keep.count() > 0) {
    auto const end =
        std::chrono::duration_cast<std::chrono::seconds>((clock_.now() + options_.keep).time_since_epoch());
    attributes["expiresAt"] = value("N", std::to_string(end.count()));
  }
  return attributes;
}

Async<> EventDetails::put_one(OutboxItem const& item, Deadline deadline) {
  auto attributes = item_of(item);
  if (auto const bytes = bytes_of(attributes); bytes > item_bytes_max)
    co_return fail(Code::too_large,
                   fmt::format("The details of event {} are {} bytes as an item of DynamoDB, which "
                               "takes {}.",
                               item.event.str(), bytes, item_bytes_max));
  auto input = json::object{{"TableName", options_.table}, {"Item", std::move(attributes)}};
  if (!item.redaction) input["ConditionExpression"] = "attribute_not_exists(eventId)";
  auto const done = co_await caller_->call("PutItem", std::move(input), resource_, deadline);
  if (!done && done.error().code() != Code::precondition) co_return std::unexpected{done.error()};
  co_return Result<void>{};
}

// Not by BatchWriteItem, which knows no conditions, nor by a transaction, which one item that is there would
// undo.
Async<> EventDetails::put(std::vector<OutboxItem> items, Deadline deadline) {
  auto const kept = std::make_shared<std::vector<OutboxItem> const>(one_an_event(std::move(items)));
  auto work = [this, kept, deadline](std::size_t i) { return put_one((*kept)[i], deadline); };
  co_return co_await for_each_at_once(kept->size(), options_.puts_at_once, std::move(work));
}

bool EventDetails::has_expired(json::object const& item) const {
  auto const text = text_of(item, "expiresAt", "N");
  auto seconds = std::int64_t{0};
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return !text.empty() && to_us(clock_.now()) / 1'000'000 >= seconds;
}

Async<std::map<EventId, EventDetail>> EventDetails::get(TenantId tenant, std::vector<EventId> ids,
                                                        Deadline deadline) {
  auto found = std::map<EventId, EventDetail>{};
  auto const wanted = std::set<EventId>{ids.begin(), ids.end()};  // a key twice is refused
  auto keys = json::array{};
  for (auto at = wanted.begin(); at != wanted.end();) {
    keys.push_back(key_of(tenant, *at));
    if (++at != wanted.end() && keys.size() < keys_max) continue;
    CO_CHECK(co_await get_some(std::exchange(keys, {}), found, deadline));
  }
  co_return found;
}

// An answer of 16 MB, or one that is throttled, leaves keys unprocessed: these are asked for again.
Async<> EventDetails::get_some(json::array keys, std::map<EventId, EventDetail>& found, Deadline deadline) {
  for (auto barren = 0; !keys.empty();) {
    auto const wanted = json::object{{"Keys", std::move(keys)}, {"ConsistentRead", true}};
    auto input = json::object{{"RequestItems", {{options_.table, wanted}}}};
    CO_TRY(auto answer, co_await caller_->call("BatchGetItem", std::move(input), resource_, deadline));
    auto responses = object_of(answer, "Responses");
    auto const items = array_of(responses, options_.table);
    for (auto const& item : items)
      if (item.is_object() && !has_expired(item.get_object()))
        found.emplace(EventId{std::string{text_of(item.get_object(), "eventId", "S")}},
                      detail_of(item.get_object()));
    auto unprocessed = object_of(answer, "UnprocessedKeys");
    auto rest = object_of(unprocessed, options_.table);
    keys = array_of(rest, "Keys");
    barren = items.empty() ? barren + 1 : 0;
    if (keys.empty() || barren == 0) continue;
    auto const pause = retry_.pauses.after(barren);
    if (barren > barren_rounds_max || std::chrono::steady_clock::now() + pause >= deadline)
      co_return fail(Error{Code::throttled, "The store of details does not keep up."}.with_retry_after(1));
    (void)co_await never_.wait(never_.ticket(), deadline_in(pause));
  }
  co_return Result<void>{};
}

Async<std::vector<EventId>> EventDetails::ids(TenantId tenant, EventId after, int limit, Deadline deadline) {
  auto found = std::vector<EventId>{};
  auto input = json::object{{"TableName", options_.table}, {"IndexName", index_name}};
  auto values = json::object{{":tenant", value("S", tenant.str())}};
  if (!after.empty()) values[":after"] = value("S", after.str());
  input["KeyConditionExpression"] =
      after.empty() ? "keptFor = :tenant" : "keptFor = :tenant AND eventId > :after";
  input["ExpressionAttributeValues"] = std::move(values);
  for (;;) {
    input["Limit"] = limit - static_cast<int>(found.size());
    CO_TRY(auto answer, co_await caller_->call("Query", input, resource_ + "/index/" + index_name, deadline));
    for (auto const& item : array_of(answer, "Items"))
      if (item.is_object()) found.emplace_back(std::string{text_of(item.get_object(), "eventId", "S")});
    auto last = object_of(answer, "LastEvaluatedKey");
    if (last.empty() || std::cmp_greater_equal(found.size(), limit)) co_return found;
    input["ExclusiveStartKey"] = std::move(last);
  }
}

}  // namespace hoist::dynamodb
