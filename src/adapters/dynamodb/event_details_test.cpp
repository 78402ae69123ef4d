#include "adapters/dynamodb/event_details.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "contract/event_details_contract.hpp"
#include "support/stand_in.hpp"

namespace hoist::contract {
namespace {

using testing::StandIn;
using testing::StandInKind;

constexpr auto table = "hoist-event-details";

json::object table_definition() {
  auto file = std::ifstream{HOIST_SOURCE_DIR "/deploy/event_details_table.json"};
  auto text = std::string{std::istreambuf_iterator<char>{file}, {}};
  auto definition = parse_json(text)->as_object();
  definition["TableName"] = table;
  return definition;
}

// A stand-in with the table in it. It outlives restart(), as DynamoDB outlives our process.
class DynamoDbHolder final : public EventDetailsHolder {
 public:
  explicit DynamoDbHolder(StandIn stand_in) : stand_in_{std::move(stand_in)} {
    auto const admin = *aws::JsonCaller::open({"dynamodb", "DynamoDB_20120810"}, account_);
    auto const call = [&](std::string action, json::object input) {
      return *run_to_end<json::object>(
          [&] { return admin->call(action, input, "table", deadline_in(std::chrono::seconds{30})); });
    };
    call("CreateTable", table_definition());
    auto status = std::string{};
    for (auto tries = 0; status != "ACTIVE" && tries < 10'000; ++tries)
      status = call("DescribeTable", {{"TableName", table}}).at("Table").at("TableStatus").as_string();
    EXPECT_EQ(status, "ACTIVE");
  }
  EventDetails& details() override { return *details_; }
  void restart() override { details_ = *dynamodb::EventDetails::open({.table = table}, account_, clock_); }

 private:
  StandIn stand_in_;
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_{{{"AWS_ENDPOINT_URL_DYNAMODB", stand_in_.url()},
                         {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                         {"AWS_SECRET_ACCESS_KEY", "test"},
                         {"AWS_REGION", "eu-west-1"}},
                        clock_,
                        metrics_};
  std::unique_ptr<dynamodb::EventDetails> details_ =
      *dynamodb::EventDetails::open({.table = table}, account_, clock_);
};

// A stand-in that is not installed skips the suite; one that does not start fails it.
EventDetailsUnderTest on(StandInKind const& kind) {
  return {kind.name, [kind]() -> std::unique_ptr<EventDetailsHolder> {
            auto const program = testing::find_stand_in(kind);
            if (!program) return nullptr;
            auto stand_in = StandIn::start(kind, *program);
            if (stand_in) return std::make_unique<DynamoDbHolder>(*std::move(stand_in));
            ADD_FAILURE() << kind.name << " does not start";
            return nullptr;
          }};
}

INSTANTIATE_TEST_SUITE_P(DynamoDb, EventDetailsContract,
                         ::testing::Values(on(testing::ministack), on(testing::dynoxide)),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract
