#include "adapters/sqs/fifo_queue.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "contract/ordered_queue_contract.hpp"
#include "support/stand_in.hpp"

namespace hoist::contract {
namespace {

using sqs::FifoQueue;
using testing::StandIn;

// A queue of its own in a server that is there, or that it keeps alive.
class SqsHolder final : public OrderedQueueHolder {
 public:
  SqsHolder(std::string server, std::optional<StandIn> kept)
      : kept_{std::move(kept)},
        account_{{{"AWS_ENDPOINT_URL_SQS", std::move(server)},
                  {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                  {"AWS_SECRET_ACCESS_KEY", "test"},
                  {"AWS_REGION", "eu-west-1"}},
                 clock_,
                 metrics_} {
    auto const admin = *aws::JsonCaller::open({"sqs", "AmazonSQS"}, account_);
    auto const attributes = json::object{{"FifoQueue", "true"}, {"VisibilityTimeout", "30"}};
    auto const made = run_to_end<json::object>([&] {
      return admin->call(
          "CreateQueue",
          {{"QueueName", "hoist-" + new_uuid7(clock_.now()) + ".fifo"}, {"Attributes", attributes}}, "queue",
          soon());
    });
    EXPECT_TRUE(made) << made.error().to_string();
    queue_ = *FifoQueue::open(std::string{made->at("QueueUrl").as_string()}, account_);
  }
  OrderedSender& sender() override { return *queue_; }
  Redelivery& redelivery() override { return *queue_; }
  std::vector<Taken> take(std::size_t max, std::chrono::seconds wait) override {
    auto got = run_to_end<std::vector<sqs::Delivered>>(
        [&] { return queue_->receive({.max = max, .wait = wait}, soon()); });
    EXPECT_TRUE(got) << got.error().to_string();
    auto taken = std::vector<Taken>{};
    for (auto& one : *got) taken.push_back({one.body, one.group, one.sequence, one.handle, one.receives});
    return taken;
  }
  void remove(Taken const& taken) override {
    auto const done =
        run_to_end<std::vector<Result<void>>>([&] { return queue_->remove({taken.handle}, soon()); });
    ASSERT_TRUE(done && done->at(0));
  }

 private:
  static Deadline soon() { return deadline_in(std::chrono::seconds{30}); }

  std::optional<StandIn> kept_;
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_;
  std::unique_ptr<FifoQueue> queue_;
};

OrderedQueueUnderTest on_ministack() {
  auto const& kind = testing::ministack;
  auto const program = testing::find_stand_in(kind);
  if (!program) return {kind.name, kind.name + " is not installed; tools/stand-ins.sh installs it", {}};
  return {kind.name, "", [program]() -> std::unique_ptr<OrderedQueueHolder> {
            auto stand_in = StandIn::start(testing::ministack, *program);
            if (!stand_in) return nullptr;
            auto url = stand_in->url();
            return std::make_unique<SqsHolder>(std::move(url), std::move(stand_in));
          }};
}

OrderedQueueUnderTest on_elasticmq() {
  auto const* server = std::getenv("HOIST_TEST_ELASTICMQ");
  if (server == nullptr) return {"ElasticMq", "HOIST_TEST_ELASTICMQ names no server of ElasticMQ", {}};
  return {"ElasticMq", "",
          [server = std::string{server}] { return std::make_unique<SqsHolder>(server, std::nullopt); }};
}

INSTANTIATE_TEST_SUITE_P(Sqs, OrderedQueueContract, ::testing::Values(on_ministack(), on_elasticmq()),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract
