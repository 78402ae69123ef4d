// The loop against a double of the Runtime API, which keeps to its documented rules and can break them on
// demand.
#include "aws/function/runtime_loop.hpp"

#include <gtest/gtest.h>

#include "support/runtime_double.hpp"

namespace hoist::aws {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::RuntimeDouble;

class Recorder final : public InvokedFunction {
 public:
  Async<std::string> invoke(Invocation invocation) override {
    order.push_back("invoke " + invocation.id);
    left = std::chrono::duration_cast<milliseconds>(invocation.deadline - std::chrono::steady_clock::now());
    trace = invocation.trace;
    if (invocation.event.starts_with("\"fail\""))
      co_return fail(Error{Code::unavailable, "No."}.with_cause("a secret"));
    co_return invocation.event;
  }
  asio::awaitable<void> after_answer(Deadline) override {
    order.push_back("after");
    co_return;
  }
  std::vector<std::string> order;
  milliseconds left{0};
  std::string trace;
};

class RuntimeLoopTest : public ::testing::Test {
 protected:
  // Until the double ends it.
  Error run(RuntimeDouble& runtime) {
    auto const ended = run_to_end<void>([&]() -> Async<> {
      auto loop = RuntimeLoop{runtime.api(), clock_, function_};
      co_return co_await loop.run();
    });
    EXPECT_FALSE(ended);
    return ended ? Error{Code::internal} : ended.error();
  }
  SystemClock clock_;
  Recorder function_;
};

TEST_F(RuntimeLoopTest, AnswersOneInvocationAfterTheOther) {
  auto runtime = RuntimeDouble{{{"1", R"({"n":1})"}, {"2", R"({"n":2})"}}};
  auto const ended = run(runtime);
  EXPECT_EQ(ended.code(), Code::unavailable);
  EXPECT_NE(ended.detail().find("500"), std::string::npos);
  EXPECT_EQ(runtime.told(), (std::vector<std::string>{"1 response: {\"n\":1}\n", "2 response: {\"n\":2}\n"}));
  EXPECT_EQ(function_.order, (std::vector<std::string>{"invoke 1", "after", "invoke 2", "after"}));
  EXPECT_EQ(function_.trace, "Root=1-x");
}

TEST_F(RuntimeLoopTest, AnErrorIsToldAndTheNextInvocationServed) {
  auto runtime = RuntimeDouble{{{"1", "\"fail\""}, {"2"}}};
  run(runtime);
  ASSERT_EQ(runtime.told().size(), 2U);
  EXPECT_TRUE(runtime.told()[0].starts_with("1 error: ")) << runtime.told()[0];
  EXPECT_TRUE(runtime.told()[0].contains(R"("errorType":"Hoist.unavailable")"));
  EXPECT_FALSE(runtime.told()[0].contains("a secret"));
  EXPECT_TRUE(runtime.told()[1].starts_with("2 response: "));
}

TEST_F(RuntimeLoopTest, AnAnswerThatIsTooLargeBecomesAnErrorInWords) {
  auto runtime = RuntimeDouble{{{.id = "1", .answer_status = 413}, {"2"}}};
  run(runtime);
  ASSERT_EQ(runtime.told().size(), 3U);
  EXPECT_TRUE(runtime.told()[1].starts_with("1 error: "));
  EXPECT_TRUE(runtime.told()[1].contains("larger than Lambda takes"));
  EXPECT_TRUE(runtime.told()[2].starts_with("2 response: "));
}

TEST_F(RuntimeLoopTest, AnAnswerThatIsRefusedEndsNothing) {
  auto runtime = RuntimeDouble{{{.id = "1", .answer_status = 400}, {.id = "1", .answer_status = 403}, {"2"}}};
  run(runtime);
  EXPECT_EQ(runtime.told().size(), 3U);
}

TEST_F(RuntimeLoopTest, AContainerErrorEndsTheProcess) {
  auto runtime = RuntimeDouble{{{.id = "1", .answer_status = 500}, {"2"}}};
  run(runtime);
  EXPECT_EQ(runtime.told().size(), 1U);
}

TEST_F(RuntimeLoopTest, LeavesTimeToSayThatTheTimeIsOver) {
  auto runtime = RuntimeDouble{{{.id = "1", .lasts = milliseconds{60'000}}}};
  run(runtime);
  EXPECT_GT(function_.left, seconds{55});
  EXPECT_LE(function_.left, milliseconds{59'500});
  auto late = RuntimeDouble{{{.id = "1", .lasts = milliseconds{-5'000}}}};
  run(late);
  EXPECT_LE(function_.left, milliseconds{0}) << "its time was over before it came";
  EXPECT_EQ(late.told().size(), 1U);
}

TEST_F(RuntimeLoopTest, EndsWhenTheRuntimeApiIsAway) {
  auto const api = RuntimeDouble{{}}.api();
  auto const ended = run_to_end<void>([&]() -> Async<> {
    auto loop = RuntimeLoop{api, clock_, function_};
    co_return co_await loop.run();
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), Code::unavailable);
}

TEST(RuntimeInit, TellsWhyTheFunctionDoesNotStart) {
  auto runtime = RuntimeDouble{{}};
  report_init_error(runtime.api(), Error{Code::invalid, "caf\u00e9 is no table."});
  ASSERT_EQ(runtime.told().size(), 1U);
  auto const body = parse_json(runtime.told()[0].substr(sizeof("init error: ") - 1));
  ASSERT_TRUE(body);
  EXPECT_EQ(body->at("errorMessage"), "caf\u00e9 is no table.");
  EXPECT_EQ(body->at("errorType"), "Hoist.invalid");
}

}  // namespace
}  // namespace hoist::aws
