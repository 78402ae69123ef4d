#include "adapters/dynamodb/effects.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "contract/effects_contract.hpp"
#include "support/http_double.hpp"
#include "support/stand_in.hpp"

namespace hoist::contract {
namespace {

using testing::StandIn;

constexpr auto table = "hoist-task-effects";

aws::Environment environment(std::string url) {
  return {{"AWS_ENDPOINT_URL_DYNAMODB", std::move(url)},
          {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
          {"AWS_SECRET_ACCESS_KEY", "test"},
          {"AWS_REGION", "eu-west-1"}};
}

// A stand-in with the table in it. It outlives restart(), as DynamoDB outlives our process.
class DynamoDbHolder final : public EffectsHolder {
 public:
  explicit DynamoDbHolder(StandIn stand_in) : stand_in_{std::move(stand_in)} {
    auto file = std::ifstream{HOIST_SOURCE_DIR "/deploy/task_effects_table.json"};
    auto definition = parse_json(std::string{std::istreambuf_iterator<char>{file}, {}})->as_object();
    definition["TableName"] = table;
    auto const admin = *aws::JsonCaller::open({"dynamodb", "DynamoDB_20120810"}, account_);
    auto const made = run_to_end<json::object>([&] {
      return admin->call("CreateTable", definition, "table", deadline_in(std::chrono::seconds{30}));
    });
    EXPECT_TRUE(made) << made.error().to_string();
  }
  Effects& effects() override { return *effects_; }
  void restart() override { effects_ = *dynamodb::Effects::open({.table = table}, account_, clock_); }

 private:
  StandIn stand_in_;
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_{environment(stand_in_.url()), clock_, metrics_};
  std::unique_ptr<dynamodb::Effects> effects_ = *dynamodb::Effects::open({.table = table}, account_, clock_);
};

EffectsUnderTest on_ministack() {
  return {testing::ministack.name, []() -> std::unique_ptr<EffectsHolder> {
            auto const program = testing::find_stand_in(testing::ministack);
            if (!program) return nullptr;
            auto stand_in = StandIn::start(testing::ministack, *program);
            if (stand_in) return std::make_unique<DynamoDbHolder>(*std::move(stand_in));
            ADD_FAILURE() << "it does not start";
            return nullptr;
          }};
}

INSTANTIATE_TEST_SUITE_P(DynamoDb, EffectsContract, ::testing::Values(on_ministack()),
                         [](auto const& info) { return info.param.name; });

// Through a double: what is asked of the table.
class DynamoDbEffects : public ::testing::Test {
 protected:
  Deadline soon() { return deadline_in(std::chrono::seconds{10}); }

  std::atomic<int> status_ = 200;
  testing::HttpDouble server_{[this](net::Request const&) {
    return net::json_text_response(status_,
                                   status_ == 200 ? "{}" : R"({"__type":"x#AccessDeniedException"})");
  }};
  ManualClock clock_{from_us(1'763'700'000'123'456)};
  Metrics metrics_;
  aws::Account account_{environment(server_.url()), clock_, metrics_};
  std::unique_ptr<dynamodb::Effects> effects_ =
      *dynamodb::Effects::open({.table = table, .keep = std::chrono::hours{1}}, account_, clock_);
};

TEST_F(DynamoDbEffects, AnItemSaysWhatWasDoneWhenAndHowLongItIsKept) {
  auto const effect = Effect{
      .key = "k", .tenant = TenantId{"acme"}, .group = "g", .sequence = "18850082374461439488", .attempt = 2};
  ASSERT_EQ(run_to_end<bool>([&] { return effects_->record(effect, soon()); }), true);
  auto const asked = parse_json(server_.seen().at(0).body)->as_object();
  EXPECT_EQ(asked.at("ConditionExpression"), "attribute_not_exists(effect_key)");
  auto const& item = asked.at("Item");
  EXPECT_EQ(item.at("effect_key").at("S"), "k");
  EXPECT_EQ(item.at("sequence").at("S"), "18850082374461439488");
  EXPECT_EQ(item.at("attempt").at("N"), "2");
  EXPECT_EQ(item.at("done_at").at("N"), "1763700000123456");
  EXPECT_EQ(item.at("expires_at").at("N"), "1763703600");
}

TEST_F(DynamoDbEffects, ATableThatRefusesIsAnErrorAndNotAnAnswer) {
  status_ = 400;
  EXPECT_EQ(run_to_end<bool>([&] { return effects_->record({.key = "k"}, soon()); }).error().code(),
            Code::forbidden);
  EXPECT_EQ(run_to_end<bool>([&] { return effects_->is_recorded("k", soon()); }).error().code(),
            Code::forbidden);
}

TEST_F(DynamoDbEffects, ANameThatNoTableCanHaveIsRefused) {
  EXPECT_EQ(dynamodb::Effects::open({.table = "a table"}, account_, clock_).error().code(), Code::invalid);
}

}  // namespace
}  // namespace hoist::contract
