// What no stand-in does: throttling, answers in part, conflicts, and items past their end.
#include <gtest/gtest.h>

#include <atomic>

#include "adapters/dynamodb/event_details.hpp"
#include "base/id.hpp"
#include "base/mutex.hpp"
#include "support/http_double.hpp"

namespace hoist::dynamodb {
namespace {

using testing::HttpDouble;

Deadline soon() {
  return deadline_in(std::chrono::seconds{10});
}

// A table of items by event, with faults that are taken one by one.
class Table {
 public:
  net::Response operator()(net::Request const& request) {
    auto const lock = Lock{mutex_};
    auto const action = std::string{request.headers.get("X-Amz-Target").substr(sizeof("DynamoDB_20120810"))};
    auto const input = parse_json(request.body)->as_object();
    if (!faults_.empty()) {
      auto const name = faults_.back();
      faults_.pop_back();
      return net::json_text_response(400, R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + name + "\"}");
    }
    return net::json_response(200, action == "PutItem" ? put(input) : batch_get(input));
  }
  void fail_next(std::vector<std::string> names) {
    auto const lock = Lock{mutex_};
    faults_ = std::move(names);
  }
  std::atomic<std::size_t> items_an_answer = 100;
  std::atomic<std::size_t> most_at_once = 0;
  std::atomic<std::size_t> unconditional = 0;

 private:
  json::object put(json::object const& input) HOIST_REQUIRES(mutex_) {
    if (!input.contains("ConditionExpression")) ++unconditional;
    auto const& item = input.at("Item").as_object();
    items_.insert_or_assign(std::string{item.at("eventId").at("S").as_string()}, item);
    return {};
  }
  json::object batch_get(json::object const& input) HOIST_REQUIRES(mutex_) {
    auto items = json::array{};
    auto rest = json::array{};
    auto const& keys = input.at("RequestItems").at("details").at("Keys").as_array();
    most_at_once = std::max(most_at_once.load(), keys.size());
    for (auto const& key : keys) {
      auto const found = items_.find(std::string{key.at("eventId").at("S").as_string()});
      if (items.size() == items_an_answer)
        rest.push_back(key);
      else if (found != items_.end())
        items.push_back(found->second);
    }
    auto answer = json::object{{"Responses", {{"details", std::move(items)}}}};
    if (!rest.empty()) answer["UnprocessedKeys"] = {{"details", {{"Keys", std::move(rest)}}}};
    return answer;
  }
  Mutex mutex_;
  std::map<std::string, json::object> items_ HOIST_GUARDED_BY(mutex_);
  std::vector<std::string> faults_ HOIST_GUARDED_BY(mutex_);
};

class DynamoDbFaults : public ::testing::Test {
 protected:
  static aws::CallOptions quick() {
    auto options = aws::CallOptions{};
    options.retry.pauses.first = std::chrono::milliseconds{1};
    return options;
  }
  OutboxItem item(std::string details = "{}") {
    return {0, TenantId{"acme"}, EventId{new_uuid7(clock_.now())}, "salt", std::move(details), false};
  }
  Result<void> put(std::vector<OutboxItem> items) {
    return run_to_end<void>([&] { return details_->put(std::move(items), soon()); });
  }
  Result<std::map<EventId, EventDetail>> get(std::vector<OutboxItem> const& items) {
    auto ids = std::vector<EventId>{};
    for (auto const& one : items) ids.push_back(one.event);
    return run_to_end<std::map<EventId, EventDetail>>(
        [&] { return details_->get(TenantId{"acme"}, std::move(ids), soon()); });
  }
  std::unique_ptr<EventDetails> open(EventDetailsOptions options) {
    return *EventDetails::open(std::move(options), account_, clock_, quick());
  }

  Table table_;
  HttpDouble server_{[this](net::Request const& request) { return table_(request); }};
  ManualClock clock_{SystemClock{}.now()};
  Metrics metrics_;
  aws::Account account_{{{"AWS_ENDPOINT_URL_DYNAMODB", server_.url()},
                         {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                         {"AWS_SECRET_ACCESS_KEY", "test"},
                         {"AWS_REGION", "eu-west-1"}},
                        clock_,
                        metrics_};
  std::unique_ptr<EventDetails> details_ = open({.table = "details"});
};

TEST_F(DynamoDbFaults, ThrottlingAndConflictsAreTriedAgain) {
  auto const one = item(R"({"n":1})");
  table_.fail_next({"TransactionConflictException", "ProvisionedThroughputExceededException"});
  ASSERT_TRUE(put({one}));
  table_.fail_next({"ThrottlingException", "InternalServerError"});
  EXPECT_EQ(get({one})->at(one.event).details, R"({"n":1})");
}

TEST_F(DynamoDbFaults, APutThatIsThrottledForGoodIsAnErrorOfAll) {
  table_.fail_next(std::vector<std::string>(1'000, "ThrottlingException"));
  auto const done = put({item(), item()});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::throttled);
}

TEST_F(DynamoDbFaults, KeysThatWereNotProcessedAreAskedForAgain) {
  auto items = std::vector<OutboxItem>{};
  for (auto i = 0; i < 250; ++i) items.push_back(item());
  ASSERT_TRUE(put(items));
  table_.items_an_answer = 7;
  EXPECT_EQ(get(items)->size(), 250U);
  EXPECT_EQ(table_.most_at_once, 100U) << "DynamoDB takes no more";
}

TEST_F(DynamoDbFaults, AReadWhoseKeysAreNeverProcessedEnds) {
  auto const one = item();
  ASSERT_TRUE(put({one}));
  table_.items_an_answer = 0;
  auto const found = get({one});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), Code::throttled);
}

TEST_F(DynamoDbFaults, AnIdThatIsAskedForTwiceIsOneKey) {
  auto const one = item();
  ASSERT_TRUE(put({one}));
  EXPECT_EQ(get({one, one})->size(), 1U);
  EXPECT_EQ(table_.most_at_once, 1U);
}

TEST_F(DynamoDbFaults, OneThatDoesNotFitIsNamedWithItsSize) {
  auto const large = item("{\"t\":\"" + std::string(item_bytes_max, 'x') + "\"}");
  auto const done = put({large});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code(), Code::too_large);
  EXPECT_NE(done.error().detail().find(large.event.str()), std::string::npos);
  EXPECT_NE(done.error().detail().find("409600"), std::string::npos);
  EXPECT_TRUE(server_.seen().empty());
}

TEST_F(DynamoDbFaults, WhatIsKeptForAWhileIsAbsentFromItsEndOn) {
  details_ = open({.table = "details", .keep = std::chrono::hours{1}});
  auto const one = item();
  ASSERT_TRUE(put({one}));
  clock_.advance(std::chrono::minutes{59});
  EXPECT_TRUE(get({one})->contains(one.event));
  clock_.advance(std::chrono::minutes{1});
  EXPECT_FALSE(get({one})->contains(one.event)) << "DynamoDB may remove it days later";
}

TEST_F(DynamoDbFaults, OnlyARedactionIsWithoutCondition) {
  auto one = item();
  ASSERT_TRUE(put({one}));
  EXPECT_EQ(table_.unconditional, 0U);
  one.redaction = true;
  ASSERT_TRUE(put({one}));
  EXPECT_EQ(table_.unconditional, 1U);
}

TEST_F(DynamoDbFaults, WhatTheFunctionMayDoIsEnough) {
  auto const one = item();
  ASSERT_TRUE(put({one}));
  ASSERT_TRUE(get({one}));
  EXPECT_EQ(account_.calls().grants(), (std::set<aws::Grant>{{"dynamodb:BatchGetItem", "table/details"},
                                                             {"dynamodb:PutItem", "table/details"}}));
}

TEST_F(DynamoDbFaults, ANameThatNoTableCanHaveIsRefused) {
  for (auto const* name : {"", "ab", "a table", "table/x"})
    EXPECT_EQ(EventDetails::open({.table = name}, account_, clock_).error().code(), Code::invalid) << name;
}

}  // namespace
}  // namespace hoist::dynamodb
