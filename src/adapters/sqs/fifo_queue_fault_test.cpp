// What no stand-in does: throttling, batches in part, deliveries that are over, answers that say nothing.
#include <gtest/gtest.h>

#include "adapters/sqs/fifo_queue.hpp"
#include "support/http_double.hpp"

namespace hoist::sqs {
namespace {

using testing::HttpDouble;

constexpr auto queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/hoist-tasks.fifo";

Deadline soon() {
  return deadline_in(std::chrono::seconds{10});
}

net::Response error_answer(int status, std::string const& type) {
  return net::json_text_response(status, R"({"__type":"com.amazonaws.sqs#)" + type + R"(","message":"no"})");
}

class SqsFaults : public ::testing::Test {
 protected:
  // The answers that follow, the last one for good.
  void answers(std::vector<net::Response> following) {
    auto const lock = Lock{mutex_};
    answers_.assign(std::make_move_iterator(following.rbegin()), std::make_move_iterator(following.rend()));
  }
  void answer(std::string text) { answers({net::json_text_response(200, std::move(text))}); }
  static aws::CallOptions quick() {
    auto options = aws::CallOptions{};
    options.retry.pauses.first = std::chrono::milliseconds{1};
    return options;
  }
  Result<Queued> send() {
    return run_to_end<Queued>([&] { return queue_->send({"one", "k", "body"}, soon()); });
  }
  Result<void> put_off(std::size_t count) {
    return run_to_end<void>([&] {
      return queue_->put_off(std::vector<std::string>(count, "handle"), std::chrono::seconds{3}, soon());
    });
  }
  Result<std::vector<Result<void>>> remove(std::vector<std::string> handles) {
    return run_to_end<std::vector<Result<void>>>([&] { return queue_->remove(handles, soon()); });
  }
  json::object asked(std::size_t i) { return parse_json(server_.seen().at(i).body)->as_object(); }

  Mutex mutex_;
  std::vector<net::Response> answers_ HOIST_GUARDED_BY(mutex_);
  HttpDouble server_{[this](net::Request const&) {
    auto const lock = Lock{mutex_};
    auto next = answers_.back();
    if (answers_.size() > 1) answers_.pop_back();
    return next;
  }};
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_{{{"AWS_ENDPOINT_URL_SQS", server_.url()},
                         {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                         {"AWS_SECRET_ACCESS_KEY", "test"},
                         {"AWS_REGION", "eu-west-1"}},
                        clock_,
                        metrics_};
  std::unique_ptr<FifoQueue> queue_ = *FifoQueue::open(queue_url, account_, quick());
};

TEST_F(SqsFaults, AThrottledSendIsTriedAgainUnderItsKey) {
  answers({error_answer(400, "RequestThrottled"), error_answer(400, "KmsThrottled"),
           net::json_text_response(200, R"({"MessageId":"m","SequenceNumber":"18850082374461439488"})")});
  auto const sent = send();
  ASSERT_TRUE(sent) << sent.error().to_string();
  EXPECT_EQ(sent->sequence, "18850082374461439488");
  ASSERT_EQ(server_.seen().size(), 3U);
  for (auto i = std::size_t{0}; i < 3; ++i) EXPECT_EQ(asked(i).at("MessageDeduplicationId"), "k");
}

TEST_F(SqsFaults, AQueueThatKeepsThrottlingIsAnErrorOfThatKind) {
  answers({error_answer(403, "RequestThrottled")});
  EXPECT_EQ(send().error().code(), Code::throttled);
}

TEST_F(SqsFaults, AQueueThatIsNotThereIsNotFound) {
  auto missing = error_answer(400, "QueueDoesNotExist");
  missing.headers.set("x-amzn-query-error", "AWS.SimpleQueueService.NonExistentQueue;Sender");
  answers({missing});
  EXPECT_EQ(send().error().code(), Code::not_found);
}

TEST_F(SqsFaults, AnAnswerWithoutAnIdIsNoReceipt) {
  answer("{}");
  EXPECT_EQ(send().error().code(), Code::unavailable);
}

TEST_F(SqsFaults, EachEntryOfABatchHasItsOwnOutcome) {
  answer(R"({"Successful":[{"Id":"0"},{"Id":"9"}],"Failed":[
      {"Id":"1","SenderFault":true,"Code":"InvalidParameterValue","Message":"The receipt handle has expired"},
      {"Id":"2","SenderFault":true,"Code":"AWS.SimpleQueueService.ReceiptHandleIsInvalid"},
      {"Id":"3","SenderFault":false,"Code":"InternalError"}]})");
  auto const done = remove({"a", "b", "c", "d", "e"});
  ASSERT_TRUE(done);
  ASSERT_EQ(done->size(), 5U);
  EXPECT_TRUE(done->at(0));
  EXPECT_EQ(done->at(1).error().code(), Code::gone);
  EXPECT_EQ(done->at(2).error().code(), Code::gone);
  EXPECT_EQ(done->at(3).error().code(), Code::unavailable);
  EXPECT_EQ(done->at(4).error().code(), Code::unavailable) << "the answer does not mention it";
}

TEST_F(SqsFaults, ABatchNeverHasMoreThanTenEntries) {
  answer(R"({"Successful":[{"Id":"0"},{"Id":"1"},{"Id":"2"},{"Id":"3"},{"Id":"4"},{"Id":"5"},{"Id":"6"},
      {"Id":"7"},{"Id":"8"},{"Id":"9"}]})");
  EXPECT_TRUE(put_off(23));
  ASSERT_EQ(server_.seen().size(), 3U);
  EXPECT_EQ(asked(0).at("Entries").as_array().size(), 10U);
  EXPECT_EQ(asked(2).at("Entries").as_array().size(), 3U);
  EXPECT_EQ(asked(2).at("Entries").at(0).at("VisibilityTimeout"), 3);
}

TEST_F(SqsFaults, ABatchThatFailsWholeIsOneError) {
  answers({error_answer(500, "InternalError")});
  EXPECT_EQ(put_off(2).error().code(), Code::unavailable);
}

TEST_F(SqsFaults, AMessageIsReadWithWhatItsDeliverySays) {
  answer(R"({"Messages":[{"MessageId":"m","ReceiptHandle":"h","Body":"b","Attributes":{
      "ApproximateReceiveCount":"4","MessageGroupId":"one","MessageDeduplicationId":"k",
      "SequenceNumber":"18850082374461439488","SentTimestamp":"1763700000123"}}]})");
  auto const got = run_to_end<std::vector<Delivered>>(
      [&] { return queue_->receive({.max = 50, .wait = wait_max}, soon()); });
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), 1U);
  auto const& one = got->at(0);
  EXPECT_EQ(one.receives, 4);
  EXPECT_EQ(one.key, "k");
  EXPECT_EQ(to_us(one.sent_at), 1'763'700'000'123'000);
  EXPECT_EQ(asked(0).at("MaxNumberOfMessages"), 10);
  EXPECT_EQ(asked(0).at("WaitTimeSeconds"), 20);
}

TEST_F(SqsFaults, ABatchNeedsTheRightOfItsSingleAction) {
  answer(R"({"MessageId":"m","Successful":[{"Id":"0"}],"Attributes":{"ApproximateNumberOfMessages":"7"}})");
  ASSERT_TRUE(send());
  ASSERT_TRUE(put_off(1));
  ASSERT_TRUE(remove({"h"}));
  auto const counts = run_to_end<QueueCounts>([&] { return queue_->counts(soon()); });
  ASSERT_TRUE(counts);
  EXPECT_EQ(counts->waiting, 7);
  EXPECT_EQ(account_.calls().grants(),
            (std::set<aws::Grant>{{"sqs:ChangeMessageVisibility", "hoist-tasks.fifo"},
                                  {"sqs:DeleteMessage", "hoist-tasks.fifo"},
                                  {"sqs:GetQueueAttributes", "hoist-tasks.fifo"},
                                  {"sqs:SendMessage", "hoist-tasks.fifo"}}));
}

TEST_F(SqsFaults, AnAddressThatIsNoneOfAFifoQueueIsRefused) {
  for (auto const* url : {"", "hoist-tasks.fifo", "https://sqs.eu-west-1.amazonaws.com/1/hoist-tasks",
                          "https://sqs.eu-west-1.amazonaws.com/1/.fifo", "https://x/1/a b.fifo"})
    EXPECT_EQ(FifoQueue::open(url, account_).error().code(), Code::invalid) << url;
}

}  // namespace
}  // namespace hoist::sqs
